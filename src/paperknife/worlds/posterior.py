"""The ceiling: what the simulator itself makes of a fetch, knowing its own laws.

A message's image is first loaded at whichever comes first: the person's reading or a device's background
fetch. Given the agents, these compete, and for the first fetch of a message by its recipient's own Apple Mail
at a time t

    p_human(t) = h(t) / (h(t) + b(t)),

where h is the density of "the first load is a reading's, at t" and b that of "it is a background fetch's".

What it conditions on, all that stands before the fetch: the laws of the world; the message's recipient as an
agent (chance and speed of reading this message, weekly rhythm, looks a day, privacy setting, devices and how
much each prefetches by which trigger, how fast, syncing how often); the delivery; the time of the fetch;
whether the watch made it; and that nothing of the message was fetched by the recipient before. No log shows
the agents that well, so no model that sees one message's past at a time comes near it, and a log loss below
it, on the same opens at the instant horizon, is a leak.

What it does not condition on, and what therefore bounds the claim: when exactly a device syncs or a person
looks at the mailbox (averaged over), though fetches of the person's *other* messages at the same moment hint
at it; and everything after the fetch, so it is no ceiling for later horizons, where clicks date readings.
Waits spread over hours are shifted by, not convolved with, the seconds that loading, bursts and turns take,
so p is a few thousandths off where those seconds matter.

Opens whose cause the client alone decides have 1 (another person's client, an Apple device that never fetches
by itself) or 0 (a machine's): they are told which client fetched, which some logs hide. Where the chance
cannot be computed, it is NaN: fetches after the first (hidden readings, expired copies), those by someone to
whom the message was forwarded, and those of people with a second client that had shown, or may have hidden,
a reading before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paperknife.worlds.clients import APPLE, NO_CLIENT, PROTON
from paperknife.worlds.race import Race, never_prefetches

if TYPE_CHECKING:
    from paperknife.worlds.apple import AppleFetches
    from paperknife.worlds.chance import Floats
    from paperknife.worlds.readings import Interest
    from paperknife.worlds.sending import Mail
    from paperknife.worlds.visits import Visits


def apple_posterior(
    race: Race, *, mail: Mail, interest: Interest, fetched: AppleFetches, visible: Visits
) -> Floats:
    """Return `p_human` of Apple Mail's fetches, float64; NaN where it cannot be computed (see the module).

    Parameters
    ----------
    visible : Visits
        What the same people's other clients showed.
    """
    opens, people = fetched.opens, race.people
    person = mail.person[opens.message]
    never_alone = never_prefetches(people)[person]
    posterior = np.where(fetched.is_own & never_alone, 1.0, np.nan)

    other = np.where(people.client[:, 0] == APPLE, people.client[:, 1], people.client[:, 0])
    shown_at = np.full(len(mail), np.inf)
    np.minimum.at(shown_at, visible.message, visible.at)
    is_clear = (other[person] == NO_CLIENT) | (
        (other[person] != PROTON) & (shown_at[opens.message] > opens.at)
    )
    asked = np.flatnonzero(fetched.is_first & ~never_alone & is_clear)
    message = opens.message[asked]
    stood = race.stand(
        person[asked],
        since=mail.delivered_at[message],
        speed=interest.speed[message],
        p_read=interest.p_read[message],
        at=opens.at[asked],
        on_watch=fetched.on_watch[asked],
    )
    total = stood.human + stood.background
    posterior[asked] = np.divide(stood.human, total, out=np.full(len(total), np.nan), where=total > 0)
    return posterior
