"""What a log can tell, said before any scoring: which evidence it holds, what is missing, and what that costs.

Each question is a small function from the log's figures to at most one finding. Thresholds are where the answer
changes what a user should do, and are named with the finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from paperknife.errors import did_you_mean
from paperknife.events.figures import open_figures
from paperknife.events.schema import COLUMN_NAMES
from paperknife.events.summary import share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paperknife.events.figures import OpenFigures
    from paperknife.events.log import EventLog

Level = Literal["good", "note", "warning"]

MOST: Final = 0.95
"""A share from which on nearly all opens have something."""
FEW_OPENS: Final = 300
"""Below this many opens, shares of a log have errors of several points (a 30 % rate: +-5)."""
FEW_CLICKS: Final = 500
"""Below this many clicks, too few readings are dated for training to learn much from them."""
SUMMARY_CODES: Final = frozenset(
    {"first_opens_only", "future_events", "no_clock", "opens_before_delivery", "times_in_minutes"}
)
"""Findings that belong to any summary of a log: hidden opens and suspicious clocks."""
SHORT_DAYS: Final = 30
"""History of recipients, domains and networks looks back 30 days."""


@dataclass(frozen=True)
class Finding:
    """One thing to know about a log.

    Attributes
    ----------
    code : str
        Stable.
    level : {"good", "note", "warning"}
        A warning asks for something to be done before the figures are trusted.
    said : str
        A sentence with the figure.
    cost : str
        What it costs; empty for what is good.
    advice : str
        What to do; empty where nothing need be done.
    """

    code: str
    level: Level
    said: str
    cost: str = ""
    advice: str = ""


def check(log: EventLog) -> list[Finding]:
    """Return what a log's evidence is worth: warnings first, then notes, then what is good.

    Parameters
    ----------
    log : EventLog
        From `read_events`.

    Raises
    ------
    LogError
        For a log that cannot be read.

    Examples
    --------
    >>> for finding in check(read_events("log/")):  # doctest: +SKIP
    ...     print(finding.level, finding.said)
    """
    figures = open_figures(log)
    asked = _QUESTIONS if figures.opens_n else (_no_opens, _rows)
    findings = [finding for question in asked for finding in question(figures)]
    return sorted(findings, key=lambda finding: ("warning", "note", "good").index(finding.level))


def _no_opens(figures: OpenFigures) -> Iterator[Finding]:
    yield Finding(
        "no_opens",
        "warning",
        f"The log has no opens among its {figures.summary.events_n:,} events.",
        "There is nothing to score.",
        "Export open events too; if they are there, check how their type is spelled: it must be 'open'.",
    )


def _size(figures: OpenFigures) -> Iterator[Finding]:
    if figures.opens_n < FEW_OPENS:
        yield Finding(
            "few_opens",
            "warning",
            f"The log has {figures.opens_n:,} opens.",
            "Each open can be scored, but rates over all of them have wide intervals, and training would learn noise.",
            f"Score with the default model; for training, gather more than {FEW_OPENS} opens, better 10,000.",
        )
    days = (figures.summary.last_at - figures.summary.first_at).total_seconds() / 86_400
    if days < SHORT_DAYS:
        yield Finding(
            "short_history",
            "note",
            f"The log spans {days:.1f} days.",
            f"What recipients, domains and networks usually do is learned from the {SHORT_DAYS} days before an open.",
            f"Where earlier events exist, add {SHORT_DAYS} days of them before the first open that matters.",
        )


def _network_and_client(figures: OpenFigures) -> Iterator[Finding]:
    ip, agent = figures.summary.opens_with["ip"], figures.summary.opens_with["user_agent"]
    neither = share(figures.neither_n, figures.opens_n)
    if ip >= MOST and agent >= MOST:
        yield Finding(
            "full_evidence",
            "good",
            f"{ip:.0%} of opens have an IP, {agent:.0%} a user agent (or the class that stands in for it).",
        )
    if neither > 1 - MOST:
        yield Finding(
            "time_only",
            "warning",
            f"{neither:.0%} of opens have neither IP nor user agent.",
            "They are told apart by time and history alone: Apple's, Google's and scanners' traffic cannot be seen.",
            "Ask the provider's raw events (webhook or API) for both; reports and summaries often leave them out.",
        )
    if 1 - agent - neither > 1 - MOST:
        yield Finding(
            "no_user_agent",
            "warning",
            f"{1 - agent:.0%} of opens have no user agent.",
            "Apple Mail, Gmail's prefetch and many scanners are known by it.",
            "Export the column user_agent.",
        )
    if 1 - ip - neither > 1 - MOST:
        yield Finding(
            "no_ip",
            "warning",
            f"{1 - ip:.0%} of opens have no IP.",
            "Apple's relay, Google's proxy and security gateways are known by it.",
            "Export the column ip, or network_class where addresses may not be kept.",
        )


def _one_sided(figures: OpenFigures) -> Iterator[Finding]:
    for code, what, top, known, why in (
        (
            "one_ip",
            "IP",
            figures.top_ip_n,
            figures.ips_n,
            "It is likely the address of your own server or load balancer, not the reader's.",
        ),
        (
            "one_user_agent",
            "user agent",
            figures.top_agent_n,
            figures.agents_n,
            "There are no readers on other clients to learn from, so prefetches and readings cannot be compared.",
        ),
    ):
        if known >= FEW_OPENS and share(top, known) > MOST:
            yield Finding(
                code,
                "warning",
                f"One {what} makes {share(top, known):.0%} of the opens that have one.",
                why,
                "Check how the column is filled (a proxy keeps the reader's address in X-Forwarded-For), or add opens "
                "of other audiences.",
            )


def _clock(figures: OpenFigures) -> Iterator[Finding]:
    summary = figures.summary
    delivered, clocked = summary.delivered_share, summary.clocked_share
    if delivered >= MOST:
        yield Finding(
            "delivered_clock", "good", f"{delivered:.0%} of opened messages have a delivered event."
        )
    elif clocked >= MOST:
        yield Finding(
            "sent_clock",
            "note",
            f"{delivered:.0%} of opened messages have a delivered event; the rest are timed from their sent event.",
            "The delay from sending includes the time in queues, which blurs the first seconds after delivery.",
            "Export delivered events too, if the provider has them.",
        )
    else:
        yield Finding(
            "no_clock",
            "warning",
            f"{1 - clocked:.0%} of opened messages have neither a delivered nor a sent event.",
            "The delay from delivery to open, the strongest evidence of a machine, is not known for them.",
            "Export delivered (or sent) events of the same messages, with the same message_id.",
        )
    early = share(figures.early_n, figures.timed_n)
    if early > 1 - MOST:
        yield Finding(
            "opens_before_delivery",
            "warning",
            f"{early:.0%} of opens of delivered messages come before their delivery.",
            "Scanners explain a few; so many mean that clocks or time zones differ between event types.",
            "Check that all times are in one zone, and that delivered is the first delivery's time.",
        )


def _future(figures: OpenFigures) -> Iterator[Finding]:
    if figures.future_n:
        yield Finding(
            "future_events",
            "warning",
            f"{figures.future_n:,} events lie in the future, the last at {figures.summary.last_at:%Y-%m-%d %H:%M} UTC.",
            "The log's last event says until when it has been watched: opens of today then count as settled.",
            "Check the clock and the time zone they were written with; until then, give --as-of when scoring.",
        )


def _resolution(figures: OpenFigures) -> Iterator[Finding]:
    events_n = figures.summary.events_n
    if share(figures.whole_minute_n, events_n) > MOST:
        yield Finding(
            "times_in_minutes",
            "warning",
            f"{share(figures.whole_minute_n, events_n):.0%} of times are whole minutes.",
            "Machines fetch within seconds of delivery; in whole minutes they cannot be told from quick readers.",
            "Export times with seconds, or better with fractions of a second.",
        )
    elif share(figures.whole_second_n, events_n) > MOST:
        yield Finding(
            "times_in_seconds",
            "note",
            f"{share(figures.whole_second_n, events_n):.0%} of times are whole seconds.",
            "Little: bursts within one second have no order.",
        )
    else:
        yield Finding("fine_times", "good", "Times have fractions of a second.")


def _types(figures: OpenFigures) -> Iterator[Finding]:
    by_type = figures.summary.events_by_type
    clicks_n = by_type["click"]
    if figures.opens_n == figures.summary.events_n:
        yield Finding(
            "opens_only",
            "warning",
            "The log holds opens and nothing else.",
            "Without deliveries there is no delay, and without clicks no reading is ever proven.",
            "Export delivered (or sent) and click events of the same messages too.",
        )
    elif clicks_n == 0:
        yield Finding(
            "no_clicks",
            "warning",
            "The log has no clicks.",
            "Clicks date readings: without them, training rests on time alone, and settled verdicts see little more "
            "than instant ones.",
            "Export click events, and check that link tracking is on.",
        )
    elif clicks_n < FEW_CLICKS:
        yield Finding(
            "few_clicks",
            "note",
            f"The log has {clicks_n:,} clicks.",
            "Few readings are dated by them, so training leans on the default model.",
        )
    else:
        yield Finding("clicks", "good", f"The log has {clicks_n:,} clicks.")


def _repeats(figures: OpenFigures) -> Iterator[Finding]:
    opened_n = figures.summary.opened_messages_n
    if opened_n >= FEW_OPENS and figures.reopened_n == 0:
        yield Finding(
            "first_opens_only",
            "warning",
            f"None of {opened_n:,} opened messages was opened twice; of real readers about 23 % open again.",
            "The feed seems to hold first (or unique) opens only: after a prefetch, the person's own open is lost.",
            "Turn on all opens (Postmark: PostFirstOpenOnly off; elsewhere: not 'unique opens').",
        )


def _ids(figures: OpenFigures) -> Iterator[Finding]:
    costs = {
        "recipient_id": "Habits of recipients, such as hours and usual client, are not known.",
        "recipient_domain": "Gateways of a company, which fetch for all of its people, are harder to see.",
        "campaign_id": "Rates per campaign cannot be given, and the time since a campaign's start is not known.",
    }
    for name, cost in costs.items():
        held = figures.summary.opens_with[name]
        if held < MOST:
            yield Finding(
                f"no_{name}",
                "note",
                f"{1 - held:.0%} of opens have no {name}.",
                cost,
                f"Add the column {name}"
                + (" (for one-to-one mail it may stay empty)." if "camp" in name else "."),
            )
    if figures.flagged_n:
        yield Finding(
            "vendor_verdicts",
            "good",
            f"{share(figures.flagged_n, figures.opens_n):.0%} of opens carry the provider's own verdict: it is "
            "compared with ours, and never used as evidence.",
        )


def _rows(figures: OpenFigures) -> Iterator[Finding]:
    summary = figures.summary
    if bad := sum(summary.quarantined.values()):
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in summary.quarantined.items())
        where = f" They are in {summary.quarantine}." if summary.quarantine else ""
        yield Finding(
            "quarantined",
            "warning",
            f"{bad:,} of {summary.rows_n:,} rows cannot be used: {reasons}.{where}",
            "Their events are missing from all figures.",
            "Mend them at the source and read the log again.",
        )
    if summary.unknown_types:
        names = ", ".join(f"{name} ({count:,})" for name, count in list(summary.unknown_types.items())[:5])
        yield Finding(
            "unknown_types",
            "note",
            f"{sum(summary.unknown_types.values()):,} rows are of types that are left out: {names}.",
            "Nothing, unless one of them means open, click, delivered or sent.",
        )
    if share(summary.duplicates_n, summary.rows_n) > 1 - MOST:
        yield Finding(
            "duplicates",
            "note",
            f"{share(summary.duplicates_n, summary.rows_n):.0%} of rows repeat an event_id and were dropped.",
            "Nothing, if the same event was exported twice; much, if event_id is not unique per event.",
            "Check that event_id names one event, not one message.",
        )
    for name in figures.log.other_columns:
        missing = [column for column in COLUMN_NAMES if column not in figures.log.columns]
        if near := did_you_mean(name, missing):
            yield Finding(
                "unused_column",
                "note",
                f"Column '{name[:40]}' is not used.{near}",
                "If it holds what the canonical column should, that evidence is lost.",
                "Rename it.",
            )


_QUESTIONS: Final[tuple[Callable[[OpenFigures], Iterator[Finding]], ...]] = (
    _size,
    _network_and_client,
    _one_sided,
    _clock,
    _future,
    _resolution,
    _types,
    _repeats,
    _ids,
    _rows,
)
