"""What speaks for a machine behind an open: the votes, and what else comes from its network, its domain and its kind.

A gateway that looks like a reader is given away by its company: an address through which many recipients' mail is fetched
minutes after delivery and never at night or again, a domain all of whose mail is opened. As in
`paperknife.labels.clues`, nothing is said by place or name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.hazards.traffic import TRAFFIC
from paperknife.labels.clues import log_delay, log_odds
from paperknife.labels.kin import codes_of, kin_clues, kin_names

if TYPE_CHECKING:
    from paperknife.hazards.covariates import Bools, Floats, Ints
    from paperknife.hazards.traffic import Strings

MACHINE_KIN: Final = kin_names(("network", "domain", "kind"), ("prior", "human", "delay"))

MACHINE_CLUES: Final = (
    "prior",
    "votes",
    "human",
    "gap",
    "delay",
    "traffic",
    "has_agent",
    "is_first",
    "best_other",
    "strangers",
    *MACHINE_KIN,
)
"""`prior` (log-odds of another machine, by the starting model) and beside it, as a difference, the `votes`; log-odds of a
person if no machine (`human`); log10 seconds to the message's clean click (`gap`) and since delivery (`delay`); the place
of its kind of traffic in `TRAFFIC`; whether it has a user agent, whether it is the message's first open; the most human
of the message's other opens (`best_other`); the natural log of how many recipients' domains have mail opened through its
network (`strangers`: a home or an office opens its own people's, a gateway that of many companies). Then what the
starting model says on average of the opens that share its network (/24 or /48), its recipient's domain, or its `kind`
(client and class of network), and their delays. NaN where not known."""


def gather_machine_clues(
    evidence: pd.DataFrame,
    networks: pd.Series[str] | None,
    *,
    traffic: Strings,
    prior_human: Floats,
    prior_machine: Floats,
    votes: Floats,
    message: Ints,
    delay_s: Floats,
    gap_s: Floats,
) -> pd.DataFrame:
    """Return the clues of every open, float32, in the order of `MACHINE_CLUES`; all arrays are of shape (opens,).

    Parameters
    ----------
    evidence : pandas.DataFrame
        From `gather_evidence`, settled.
    networks : pandas.Series of str, optional
        Each open's network, null where not known.
    traffic : numpy.ndarray of str
    prior_human, prior_machine : numpy.ndarray of float64
        P(person, if no other machine) and P(another machine) by the starting model, NaN without one.
    votes : numpy.ndarray of float64
        P(another machine) by prior and votes together.
    message : numpy.ndarray of int64
        A number per message.
    delay_s, gap_s : numpy.ndarray of float64
        Seconds since delivery and to the message's clean click, NaN where there is none.
    """
    prior = log_odds(prior_machine)
    human = (1 - prior_machine) * prior_human
    both = (
        evidence["client_family"].astype("str").fillna("")
        + "|"
        + evidence["network_class"].astype("str").fillna("")
    )
    unknown = evidence["client_family"].isna() & evidence["network_class"].isna()
    network = np.full(len(prior), -1) if networks is None else codes_of(networks)
    domain = codes_of(evidence["recipient_domain"])
    own = pd.DataFrame(
        {
            "prior": prior,
            "votes": log_odds(votes) - prior,
            "human": log_odds(prior_human),
            "gap": np.log10(1 + np.maximum(gap_s, 0)),
            "delay": log_delay(delay_s),
            "traffic": pd.Categorical(traffic, categories=list(TRAFFIC)).codes,
            "has_agent": evidence["client_family"].notna().to_numpy(),
            "is_first": ~pd.Series(message).duplicated().to_numpy(),  # opens stand in order of time
            "best_other": _best_other(human, message),
            "strangers": _strangers(network, domain),
        },
        dtype=np.float32,
    )
    kin = kin_clues(
        {
            "network": network,
            "domain": domain,
            "kind": codes_of(both.mask(unknown)),
        },
        {"prior": prior_machine, "human": human, "delay": log_delay(delay_s)},
        message,
        np.ones(len(own), dtype=bool),
    )
    return own.join(kin)[list(MACHINE_CLUES)].replace([np.inf, -np.inf], np.nan)


def _strangers(network: Ints, domain: Ints) -> Floats:
    """Return the log of how many domains each open's network serves, NaN where its network or domain is not known."""
    known = (network >= 0) & (domain >= 0)
    pairs = np.unique(np.column_stack([network[known], domain[known]]), axis=0)
    domains_n = np.bincount(pairs[:, 0], minlength=int(network.max(initial=0)) + 1)
    return np.where(known, np.log(np.maximum(domains_n[np.maximum(network, 0)], 1)), np.nan)


def _best_other(human: Floats, message: Ints) -> Floats:
    """Return the highest of the message's other opens, 0 where there is none."""
    if not len(human):
        return np.zeros(0)
    order = np.lexsort((-human, message))
    is_top = np.r_[True, message[order][1:] != message[order][:-1]]
    best = np.zeros(len(human))
    ordered = human[order]
    group = np.cumsum(is_top) - 1
    tops = np.flatnonzero(is_top)
    seconds = np.r_[ordered[1:], 0.0]
    has_second = np.r_[~is_top[1:], False]
    best[order] = np.where(is_top, np.where(has_second, seconds, 0.0), ordered[tops][group])
    return best


def is_asked(traffic: Strings, prior_machine: Floats) -> Bools:
    """Return which opens the label model of machines weighs: where there is a prior, and something but times is known.

    Known machines need no asking. Of times alone, a log of quick gateways and one of quick devices look alike.
    """
    return np.asarray(~np.isin(traffic, ["machine", "unknown"]) & ~np.isnan(prior_machine))
