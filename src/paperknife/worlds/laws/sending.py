"""How mail leaves and arrives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from paperknife.worlds.delays import Delay, Mixture


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of mail that the sender sends.

    Attributes
    ----------
    kind : {"newsletter", "one_to_one", "transactional"}
        Newsletters go to a list at once; one-to-one mail leaves one by one in working hours, in sequences,
        without a campaign; transactional flows run for ever, triggered by what the recipient does.
    share : float
        Of the world's messages.
    per_week : float
        Newsletters: campaigns a week. One-to-one: steps of a sequence a week. Transactional: messages a week
        and person.
    list_share : float
        Of all recipients that one campaign reaches.
    hour, hour_sd : float
        Local hour of the sender at which campaigns start.
    spread : Delay
        How long a batch takes to leave, seconds.
    is_local_hour : bool
        Sent at the recipient's local hour instead of the sender's.
    is_workdays_only : bool
    read_logit : float
        Added to the log-odds of reading.
    speed : float
        Multiplies reading delays.
    click_ratio : float
        Multiplies clicks per read.
    links_n : int
        Most links in a message.
    flows_n : int
        Transactional: kinds of message, each with a campaign id of its own.
    """

    kind: Literal["newsletter", "one_to_one", "transactional"]
    share: float = 1.0
    per_week: float = 2.0
    list_share: float = 0.8
    hour: float = 9.5
    hour_sd: float = 2.0
    spread: Delay = field(default_factory=lambda: Delay(300.0, 1.0))
    is_local_hour: bool = False
    is_workdays_only: bool = True
    read_logit: float = 0.0
    speed: float = 1.0
    click_ratio: float = 1.0
    links_n: int = 8
    flows_n: int = 4


@dataclass(frozen=True, slots=True)
class SendingLaws:
    """How mail leaves and arrives.

    Attributes
    ----------
    streams : tuple of Stream
    delivery : Mixture
        Seconds from sending to delivery.
    bounced_share, junk_share : float
        Of messages.
    warm_up_days : float
        How long the sender has been sending before the log begins.
    senders_n : int
        Of one-to-one mail.
    """

    streams: tuple[Stream, ...]
    delivery: Mixture
    bounced_share: float
    junk_share: float
    warm_up_days: float
    senders_n: int
