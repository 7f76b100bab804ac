"""The columns of the evidence table: one row an open, integers only, computed by SQL for logs and live for questions.

The catalogue of `paperknife.evidence.features` says what a model makes of them.
"""

from __future__ import annotations

from typing import Final

IDENTITY: Final = (
    "event_id",
    "message_id",
    "recipient_id",
    "recipient_domain",
    "campaign_id",
    "sender_id",
    "occurred_at",
    "horizon",
    "seen_s",
    "is_ambiguous",
)

KINDS_OF_OPEN: Final = ("client_family", "network_class", "mechanism", "evidence")
"""`evidence` says what the row had: full, no_ip, no_user_agent or time_only."""

FLAGS: Final = ("clock_kind",)
"""`clock_kind` is delivered, sent, or null where the log holds neither at or before the open."""

KEYS: Final[dict[str, str]] = {
    "recipient": "recipient_id",
    "domain": "recipient_domain",
    "network": "network_key",
}
"""Whose past is kept, and the column that names them. A network is a /24 or a /48."""

KEY_SUMS: Final = (
    "sent_n",
    "delivered_n",
    "opens_n",
    "apple_n",
    "visible_n",
    "machine_n",
    "quick_n",
    "slow_n",
    "visible_quick_n",
    "visible_slow_n",
    "repeat_n",
    "recipients_n",
    "shared_n",
    "unshared_n",
    "apple_sent_n",
    "apple_delivered_n",
    "apple_firsts_n",
    "visible_sent_n",
    "visible_delivered_n",
    "visible_firsts_n",
    "clicks_n",
    "clean_n",
    "prompt_n",
    "apple_clean_n",
    "apple_prompt_n",
    "replies_n",
    "active_n",
    "active_cos",
    "active_sin",
)
"""What is summed over a key's last 30 UTC days: mails and opens by kind (`quick_n` within 60 s of the clock, `slow_n`
after an hour, `repeat_n` not the message's first), recipients seen per day, visible opens through a network that other
domains had used in the 30 days before (`shared_n`) or had not (`unshared_n`; null networks and domains in neither),
mails to and first opens by recipients whose last open was Apple's (`apple_sent_n`, `apple_delivered_n`,
`apple_firsts_n`) or a visible client's, clicks, clean clicks (`prompt_n` within two minutes of a load of the message,
`apple_clean_n` after a load by Apple, `apple_prompt_n` within two minutes of one: a click that no fresh load precedes
was read from a cache), and where on the 24-hour clock face the person was active (sums of 1000 cos and 1000 sin of the
UTC time of day)."""

KEY_OTHERS: Final = ("since_open_us", "since_click_us", "opens_60s_n")

MESSAGE_HISTORY: Final = (
    "delay_us",
    "campaign_since_us",
    "message_opens_n",
    "since_first_open_us",
    "since_last_open_us",
    "message_same_client_n",
    "message_apple_n",
    "message_clicks_n",
    "message_clean_n",
    "since_click_us",
    "network_others_n",
)

DELAY_EDGES_S: Final = (10, 60, 600, 3_600, 14_400, 43_200, 129_600)
"""Bounds of the bins in which a log's first fetches are counted by the time since delivery, and its later ones by the
time since the first."""

DELAY_KINDS: Final = ("first", "apple", "visible", "prompt", "apple_prompt")
"""What is counted a bin: first fetches of all messages (`first`), those by Apple and by visible clients, and clean clicks
within two minutes of their message's first fetch, by that fetch's delay: after any (`prompt`), and after Apple's."""

AGAIN_KINDS: Final = ("again", "apple_again", "visible_again", "again_prompt", "apple_again_prompt")
"""What is counted of later fetches of a message: all, Apple's, visible clients', and clean clicks within two minutes of
one, when it was the message's last before the click: after any, and after Apple's."""

PLACE_COUNTS: Final = tuple(
    f"{kind}_place_{place}_n"
    for kind in (*DELAY_KINDS, *AGAIN_KINDS)
    for place in range(len(DELAY_EDGES_S) + 1)
)
"""What a day's counts are called; an open's evidence holds those of its own bin (`here`) and their sum (`placed`)."""

LOG_PLACES: Final = tuple(
    f"log_{kind}_{where}_n" for kind in (*DELAY_KINDS, *AGAIN_KINDS) for where in ("here", "placed")
)
"""`here` is null where the open's delay is; of `AGAIN_KINDS`, where it is its message's first."""

HOUR_KINDS: Final = ("opens", "late", "late_visible", "late_apple", "clean")
"""What is counted by the hour of the UTC day: all opens, those an hour after delivery or more (or without a clock), of
those visible clients' and Apple's, and clean clicks."""

LOG_HOURS: Final = tuple(f"log_hour_{kind}_{where}_n" for kind in HOUR_KINDS for where in ("near", "all"))
"""`near` is twice the count in the open's own hour and once that in the hour before and the one after; `all` is of all
hours."""

LOG_KINDS: Final = (
    *(f"log_kind_{part}_n" for part in ("opens", "repeat", "prompt", "here", "placed", "near")),
    *(f"log_proxied_{part}_n" for part in ("opens", "prompt", "here", "placed", "near")),
)
"""Of the opens of the open's own kind (its client family on its network class), and of all that came through a mail
proxy: how many, those not their message's first, clean clicks within two minutes of one, first fetches at a delay like
the open's (null where that is) and at any, and opens at an hour like the open's (as in `LOG_HOURS`)."""

LOG_HABITS: Final = (*(f"log_{name}" for name in KEY_SUMS), *LOG_PLACES, *LOG_HOURS, *LOG_KINDS)
"""The whole log's sums over the 30 full UTC days before the day up to which the evidence looks."""

HISTORY: Final = MESSAGE_HISTORY + tuple(f"{key}_{name}" for key in KEYS for name in (*KEY_SUMS, *KEY_OTHERS))

AFTERMATH: Final = (
    "delivered_after_us",
    "later_opens_n",
    "next_open_us",
    "later_visible_n",
    "later_clicks_n",
    "later_clean_n",
    "next_click_us",
    "next_clean_us",
    "later_replies_n",
    "next_reply_us",
    "recipient_next_open_us",
    "recipient_later_60s_n",
    "recipient_next_clean_us",
    "domain_later_60s_n",
    "network_later_60s_n",
    "network_later_others_n",
)

TYPES: Final[dict[str, str]] = {
    **{name: "str" for name in (*IDENTITY, *KINDS_OF_OPEN, *FLAGS) if name != "occurred_at"},
    "seen_s": "float64",
    "is_ambiguous": "bool",
    **dict.fromkeys((*HISTORY, *LOG_HABITS, *AFTERMATH), "Int64"),
}
"""The pandas type of every column but `occurred_at`, which is datetime64[us, UTC]."""
