"""What someone would make of a fetch who knows the laws of the world, but not the agents: Bayes from the log.

`paperknife.worlds.posterior` is told what each person and device is like, which no log tells so well. The
onlooker has to find out. It imagines the recipient to be any of some hundred others of the same kind, drawn
from the same laws; weighs each by how well they would have left the first fetches seen so far (and the
messages of which none was seen yet); and averages what the race between reading and background fetch says of
each. This is importance sampling of the exact posterior given those fetches, with the prior as proposal.

What it conditions on, all before the fetch: the world's laws; the recipient's region, that they read in Apple
Mail alone with images on, and whether their addresses are relayed; how appealing each campaign was; and for each
earlier message of the log to them, when it was first fetched, by the watch or not, or that it was not yet. It
does not use clicks, repeated fetches, nor that several messages were fetched within seconds, so a model that
does may come below it, if little; and with few recipients of a kind, or very many messages to each, the
imagined ones are a coarse sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paperknife.worlds.apple import HIDES_ADDRESS, PROTECTED
from paperknife.worlds.clients import APPLE, NO_CLIENT
from paperknife.worlds.readings import p_read_of
from paperknife.worlds.rhythm import DAY_S

if TYPE_CHECKING:
    from paperknife.worlds.apple import AppleFetches
    from paperknife.worlds.chance import Bools, Floats, Ints
    from paperknife.worlds.race import Outcome, Race
    from paperknife.worlds.readings import Interest
    from paperknife.worlds.sending import Mail

_FEWEST = 20
"""With fewer others of a kind to imagine, the onlooker says nothing."""
_MOST_MESSAGES = 60
"""Of the messages to one recipient, so many latest ones are looked at."""
_TINY = 1e-300
_LONG_S = 7 * DAY_S
"""That a message has waited for longer says no more than that it has waited so long."""


@dataclass(frozen=True, slots=True)
class _Past:
    """The messages to one recipient in order of delivery: place among all, first fetch (inf if none), watch."""

    message: Ints
    fetched_at: Floats
    on_watch: Bools


def _kinds(race: Race) -> Ints:
    """Return the kind of each person whom the onlooker can tell apart, -1 for those it does not judge."""
    people = race.people
    is_judged = (people.client[:, 0] == APPLE) & (people.client[:, 1] == NO_CLIENT) & ~people.blocks_images
    is_relayed = np.isin(people.apple_mode, (PROTECTED, HIDES_ADDRESS))
    return np.where(is_judged, 2 * people.region + is_relayed, -1)


def _stand(
    race: Race, mail: Mail, interest: Interest, who: Ints, *, message: Ints, at: Floats, on_watch: Bools
) -> Outcome:
    """Return how the races stood at some times if each of `who` were the recipient: shape (messages, who)."""
    shape = len(message), len(who)
    person = np.broadcast_to(who, shape).ravel()
    place = np.repeat(message, len(who))
    laws, people = race.laws, race.people
    apples = np.ones(len(person), dtype=np.bool_)
    stood = race.stand(
        person,
        since=mail.delivered_at[place],
        speed=people.speed[person] * mail.speed[place] * laws.apple.speed,
        p_read=p_read_of(laws, people.read_logit[person] + interest.appeal[place], apples),
        at=np.repeat(at, len(who)),
        on_watch=np.repeat(on_watch, len(who)),
    )
    return type(stood)(stood.human.reshape(shape), stood.background.reshape(shape), stood.none.reshape(shape))


def _judge(race: Race, mail: Mail, interest: Interest, who: Ints, past: _Past) -> Floats:
    """Return `p_human` of each first fetch of one recipient's messages, NaN where there was none."""
    fetched = np.isfinite(past.fetched_at)
    seen = np.flatnonzero(fetched)
    loaded = _stand(
        race,
        mail,
        interest,
        who,
        message=past.message[seen],
        at=past.fetched_at[seen],
        on_watch=past.on_watch[seen],
    )
    total = loaded.human + loaded.background
    told = np.log(np.maximum(total, _TINY))

    # Which other messages had been delivered, and not fetched, when each fetch came.
    at = past.fetched_at[seen]
    is_waiting = (mail.delivered_at[past.message] < at[:, None]) & (past.fetched_at > at[:, None])
    fetch, waiting = np.nonzero(is_waiting)
    until = np.minimum(at[fetch], mail.delivered_at[past.message[waiting]] + _LONG_S)
    asked, answer = np.unique(np.stack([waiting, until]), axis=1, return_inverse=True)
    message = past.message[asked[0].astype(np.int64)]
    junk = race.laws.sending.junk_share
    silent = _stand(
        race,
        mail,
        interest,
        who,
        message=message,
        at=asked[1],
        on_watch=np.zeros(len(message), dtype=np.bool_),
    )
    untold = np.log(np.maximum(junk + (1 - junk) * silent.none, _TINY))[answer]

    judged = np.full(len(past.message), np.nan)
    for number, place in enumerate(seen):
        log_weight = told[at < at[number]].sum(axis=0) + untold[fetch == number].sum(axis=0)
        weight = np.exp(log_weight - log_weight.max())
        denominator = float((weight * total[number]).sum())
        if denominator > 0:
            judged[place] = float((weight * loaded.human[number]).sum()) / denominator
    return judged


def onlooker_posterior(
    race: Race, *, mail: Mail, interest: Interest, fetched: AppleFetches, start_s: float, agents_n: int
) -> Floats:
    """Return the onlooker's `p_human` of Apple Mail's fetches, float64; NaN where it does not judge.

    It judges first fetches of messages delivered since the log began, to people who read in Apple Mail alone
    with images on. Ten thousand messages and 250 imagined agents take one to two minutes.

    Parameters
    ----------
    start_s : float
        When the log begins.
    agents_n : int
        How many others each recipient is imagined to be; some hundred.
    """
    rng = np.random.default_rng(race.devices.salt)  # its own chance: the world's is not used up
    kinds = _kinds(race)
    opens = fetched.opens
    firsts = np.flatnonzero(fetched.is_first)
    place_of = np.full(len(mail), -1)
    place_of[opens.message[firsts]] = firsts
    in_log = np.flatnonzero(~mail.is_bounced & (mail.delivered_at >= start_s) & (kinds[mail.person] >= 0))
    order = in_log[np.lexsort((mail.delivered_at[in_log], mail.person[in_log]))]
    judged = np.full(len(opens), np.nan)
    others = {kind: np.flatnonzero(kinds == kind) for kind in np.unique(kinds[kinds >= 0])}
    for messages in np.split(order, np.flatnonzero(np.diff(mail.person[order])) + 1):
        mine = messages[-_MOST_MESSAGES:]
        place = place_of[mine]
        if not (place >= 0).any():
            continue
        me = mail.person[mine[0]]
        kin = others[kinds[me]]
        kin = kin[kin != me]
        if len(kin) < _FEWEST:
            continue
        who = rng.choice(kin, min(agents_n, len(kin)), replace=False)
        past = _Past(
            mine,
            np.where(place >= 0, opens.at[place], np.inf),
            (place >= 0) & fetched.on_watch[place],
        )
        judged[place[place >= 0]] = _judge(race, mail, interest, who, past)[place >= 0]
    return judged
