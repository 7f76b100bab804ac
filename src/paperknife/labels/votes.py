"""Votes on whether an open was another machine's: small named rules, their reach and their quarrels.

A vote is +1 (a machine other than Apple's prefetch), -1 (none such) or 0 (abstains). Votes for a machine are
nearly always right where they speak; silence says little, since gateways also fetch late and look like
people. So the rest is positive-unlabelled: opens without a vote carry the base rate, or the default model's
opinion, at a low weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.evidence.formulas.feature import Columns
from paperknife.hazards.covariates import FREEMAIL
from paperknife.hazards.traffic import traffic

if TYPE_CHECKING:
    from collections.abc import Callable

    from paperknife.hazards.covariates import Bools, Floats

    Ballots = np.ndarray[tuple[int, int], np.dtype[np.int8]]

MINUTE_US: Final = 60e6
HOUR_US: Final = 3600e6

NETWORK_BURST_N: Final = 3
DOMAIN_BURST_N: Final = 4
"""Other opens within a minute either side, from one network or of one company: its people do not open in step."""


class Scene:
    """What votes look at: an evidence table, its traffic, and the machine clicks of each open's message.

    Parameters
    ----------
    evidence : pandas.DataFrame
        From `gather_evidence`, settled.
    messages : pandas.DataFrame
        From `message_table`.
    """

    def __init__(self, evidence: pd.DataFrame, messages: pd.DataFrame) -> None:
        self.numbers = Columns(evidence)
        self._traffic = traffic(evidence)
        self._evidence = evidence
        clicked_us = evidence["message_id"].map(messages.set_index("message_id")["machine_click_us"].dropna())
        self.from_machine_click_us: Floats = np.abs(
            clicked_us.to_numpy(dtype=np.float64, na_value=np.nan) - self.numbers.microseconds()
        )
        self.is_company: Bools = (
            evidence["recipient_domain"].notna() & ~evidence["recipient_domain"].isin(FREEMAIL)
        ).to_numpy(dtype=bool)

    def has(self, column: str, *values: str) -> Bools:
        """Return whether a text column is one of the values; False where it is null."""
        return self._evidence[column].isin(values).to_numpy(dtype=bool)

    def comes_by(self, *kinds: str) -> Bools:
        """Return whether an open is of one of the kinds of traffic."""
        return np.asarray(np.isin(self._traffic, kinds), dtype=bool)

    def minute_around(self, key: str) -> Floats:
        """Return the key's other opens in the minute before and the minute after; NaN where the key is null."""
        return self.numbers[f"{key}_opens_60s_n"] + np.nan_to_num(self.numbers[f"{key}_later_60s_n"])


@dataclass(frozen=True, slots=True)
class Vote:
    """One rule.

    Attributes
    ----------
    name : str
    side : int
        +1 for a machine, -1 for none.
    strength : float
        Log-odds that the vote adds; a judgement, from FACTS.md: 4 where the sign is named or all but proof, 1
        where it leans.
    speaks : callable
        From a `Scene` to a boolean array: where the rule votes.
    why : str
    """

    name: str
    side: int
    strength: float
    speaks: Callable[[Scene], Bools]
    why: str


def _is_quick(scene: Scene, microseconds: float) -> Bools:
    return scene.numbers["delay_us"] < microseconds  # False for NaN


def _is_readers_proxy(scene: Scene) -> Bools:
    return scene.has("mechanism", "google_proxy", "yahoo_proxy")


def _named_gateway(scene: Scene) -> Bools:
    return scene.has("mechanism", "scanner") | scene.has("client_family", "scanner", "script")


def _gmail_prefetch(scene: Scene) -> Bools:
    return scene.has("mechanism", "gmail_prefetch")


def _before_delivery(scene: Scene) -> Bools:
    late_us = scene.numbers["delivered_after_us"]
    return (late_us > 0) & (late_us < HOUR_US) & ~scene.comes_by("apple") & ~_is_readers_proxy(scene)


def _network_burst(scene: Scene) -> Bools:
    shared = scene.has("network_class", "apple_relay", "google_proxy", "yahoo_proxy", "google")
    return (
        _is_quick(scene, MINUTE_US)
        & (scene.minute_around("network") >= NETWORK_BURST_N)
        & ~shared
        & ~_is_readers_proxy(scene)
    )


def _domain_burst(scene: Scene) -> Bools:
    return (
        _is_quick(scene, MINUTE_US)
        & (scene.minute_around("domain") >= DOMAIN_BURST_N)
        & scene.is_company
        & scene.comes_by("visible", "other")
        & ~_is_readers_proxy(scene)
    )


def _beside_click_burst(scene: Scene) -> Bools:
    return (
        (scene.from_machine_click_us < 2 * MINUTE_US) & ~_is_readers_proxy(scene) & ~scene.comes_by("apple")
    )


def _within_seconds(scene: Scene) -> Bools:
    return _is_quick(scene, 10e6) & scene.comes_by("visible", "other") & ~_is_readers_proxy(scene)


def _cloud_network(scene: Scene) -> Bools:
    return scene.has("network_class", "cloud")


def _proxy_of_reader(scene: Scene) -> Bools:
    return _is_readers_proxy(scene) & ~scene.has("client_family", "gmail_prefetch")


def _apple_relay(scene: Scene) -> Bools:
    return scene.has("network_class", "apple_relay")


def _visible_client(scene: Scene) -> Bools:
    return scene.comes_by("visible") & (scene.numbers["delay_us"] >= MINUTE_US)


def _bare_agent_alone(scene: Scene) -> Bools:
    alone = ~(scene.minute_around("network") >= NETWORK_BURST_N) & ~_cloud_network(scene)
    return scene.comes_by("apple") & ~_apple_relay(scene) & alone


def _clean_click_follows(scene: Scene) -> Bools:
    return scene.numbers["next_clean_us"] < 10 * MINUTE_US


VOTES: Final = (
    Vote("named_gateway", 1, 6.0, _named_gateway, "network or agent of a named gateway, or a script's agent"),
    Vote("gmail_prefetch", 1, 6.0, _gmail_prefetch, "Gmail's own prefetch agent"),
    Vote("before_delivery", 1, 4.0, _before_delivery, "fetched in the hour before its delivery was logged"),
    Vote(
        "network_burst",
        1,
        3.5,
        _network_burst,
        "a minute from delivery, with others from one private network",
    ),
    Vote("domain_burst", 1, 4.0, _domain_burst, "a minute from delivery, with others of one company"),
    Vote(
        "beside_click_burst", 1, 4.0, _beside_click_burst, "within two minutes of clicks that no person made"
    ),
    Vote("within_seconds", 1, 1.5, _within_seconds, "ten seconds from delivery, by no proxy"),
    Vote("cloud_network", 1, 3.0, _cloud_network, "from a rented server, where nobody reads mail"),
    Vote("proxy_of_reader", -1, 4.0, _proxy_of_reader, "Google's or Yahoo's image proxy, asked by a reader"),
    Vote("apple_relay", -1, 4.0, _apple_relay, "Apple's relay carries Apple's devices only"),
    Vote("visible_client", -1, 2.0, _visible_client, "a reader's client, more than a minute from delivery"),
    Vote("bare_agent_alone", -1, 1.5, _bare_agent_alone, "Apple's agent, and nobody beside it"),
    Vote(
        "clean_click_follows",
        -1,
        1.0,
        _clean_click_follows,
        "a click that looks a person's within ten minutes",
    ),
)
"""Every vote there is. To add one, write a function from a `Scene` to booleans and a line here."""

SAFE_STRENGTH: Final = 3.5
"""A vote this strong is called safe: its opens set the base rate of machines."""

_LOWEST, _HIGHEST = 0.01, 0.99


def cast_votes(evidence: pd.DataFrame, messages: pd.DataFrame) -> Ballots:
    """Return every vote on every open, int8 of shape (opens, votes): 1 machine, -1 none, 0 abstains.

    Parameters
    ----------
    evidence, messages : pandas.DataFrame
        From `gather_evidence` (settled) and `message_table`.
    """
    scene = Scene(evidence, messages)
    ballots = np.zeros((len(evidence), len(VOTES)), dtype=np.int8)
    for place, vote in enumerate(VOTES):
        ballots[:, place] = vote.side * vote.speaks(scene)
    return ballots


def combine_votes(ballots: Ballots, prior: Floats | None = None) -> tuple[Floats, Floats]:
    """Return P(machine) of each open and how much it is worth as a label.

    Parameters
    ----------
    ballots : array of int8, shape (opens, votes)
    prior : numpy.ndarray of float64, shape (opens,), optional
        The default model's P(machine), NaN where there is none; it stands in for the base rate.

    Returns
    -------
    m : numpy.ndarray of float64
        Between .01 and .99: strengths add up in log-odds, as if votes were independent.
    weight : numpy.ndarray of float64
        1 where a vote spoke; without one, .5 with a prior and .25 without.
    """
    strengths = np.array([vote.strength for vote in VOTES])
    is_safe = (ballots == 1) & (strengths >= SAFE_STRENGTH)
    base = np.clip(is_safe.any(axis=1).mean() if len(ballots) else 0.0, 0.02, 0.3)
    before = np.full(len(ballots), base)
    if prior is not None:
        before = np.where(np.isnan(prior), before, np.clip(np.nan_to_num(prior), 0.02, 0.98))
    log_odds = np.log(before / (1 - before)) + ballots @ strengths
    spoke = (ballots != 0).any(axis=1)
    silent = np.full(len(ballots), 0.25) if prior is None else np.where(np.isnan(prior), 0.25, 0.5)
    return np.clip(1 / (1 + np.exp(-log_odds)), _LOWEST, _HIGHEST), np.where(spoke, 1.0, silent)


def votes_report(ballots: Ballots, m: Floats) -> pd.DataFrame:
    """Return how far each vote reaches and where it quarrels, one row per vote.

    Returns
    -------
    pandas.DataFrame
        `vote`, `says` (machine or not machine), `strength`, `why`; `opens_n` and `coverage` (share of all
        opens it spoke on); of those, `overlap` (share on which another vote spoke too), `conflict` (share on
        which another vote said the opposite) and `mean_m` (mean combined label). Shares are NaN for a vote
        that never spoke.
    """
    spoke_n = (ballots != 0).sum(axis=1)
    rows: list[dict[str, Any]] = []
    for place, vote in enumerate(VOTES):
        covered = ballots[:, place] != 0
        against = (ballots == -vote.side).any(axis=1)
        opens_n = int(covered.sum())
        rows.append(
            {
                "vote": vote.name,
                "says": "machine" if vote.side > 0 else "not machine",
                "strength": vote.strength,
                "opens_n": opens_n,
                "coverage": opens_n / len(ballots) if len(ballots) else float("nan"),
                "overlap": float((spoke_n[covered] > 1).mean()) if opens_n else float("nan"),
                "conflict": float(against[covered].mean()) if opens_n else float("nan"),
                "mean_m": float(m[covered].mean()) if opens_n else float("nan"),
                "why": vote.why,
            }
        )
    return pd.DataFrame(rows)
