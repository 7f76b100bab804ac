"""The rules that others publish, re-stated: what each says of an open, and what that is worth at best.

A rule only says yes or no. To stand beside probabilities it gets its strongest reading: the class shares that
its answers turn out to have in the training period, *with the truth*, become its probabilities. No user of
the rule has these; so a model that beats it beats it on the rule's own best day. Where the log lacks a rule's
field the answer is "unknown", with shares of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

ANSWERS: Final = ("yes", "proxy", "no", "unknown")
"""`yes`: not a person. `proxy`: some rules' third answer, "by a privacy proxy, who knows". `no`: a person."""

SMOOTHING: Final = 1.0
"""Opens of the overall class mix added to each answer, so that a rare answer is never certain."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A published rule.

    Attributes
    ----------
    name : str
    statement : str
        The rule in one line.
    source : str
        Who uses or publishes it.
    answer : callable
        From the table of `describe_opens` to an array of `ANSWERS`, shape (n,).
    """

    name: str
    statement: str
    source: str
    answer: Callable[[pd.DataFrame], NDArray[np.object_]]


def _answers(is_machine: pd.Series, is_proxy: pd.Series | None = None) -> NDArray[np.object_]:
    """Turn a three-valued yes/no/null column into answers; `is_proxy` outranks a no or null, never a yes."""
    answer = np.full(len(is_machine), "unknown", dtype=object)
    answer[(~is_machine).fillna(value=False).to_numpy(dtype=bool)] = "no"
    if is_proxy is not None:
        answer[is_proxy.fillna(value=False).to_numpy(dtype=bool)] = "proxy"
    answer[is_machine.fillna(value=False).to_numpy(dtype=bool)] = "yes"
    return answer


def _is_in(values: pd.Series, *wanted: str) -> pd.Series:
    return values.isin(wanted).astype("boolean").where(values.notna())


def _agent_is(opens: pd.DataFrame, *families: str) -> pd.Series:
    return _is_in(opens["client_family"], *families)


def _network_is(opens: pd.DataFrame, *classes: str) -> pd.Series:
    return _is_in(opens["network_class"], *classes)


def _sooner_than(opens: pd.DataFrame, seconds: float) -> pd.Series:
    delay_s = opens["delay_s"]
    return (delay_s < seconds).astype("boolean").where(delay_s.notna())


def _ua_exact(opens: pd.DataFrame) -> NDArray[np.object_]:
    return _answers(_agent_is(opens, "apple_mail"))


def _ua_and_relay(opens: pd.DataFrame) -> NDArray[np.object_]:
    return _answers(_agent_is(opens, "apple_mail") & _network_is(opens, "apple_relay"))


def _relay_ip(opens: pd.DataFrame) -> NDArray[np.object_]:
    return _answers(_network_is(opens, "apple_relay"))


def _faster_than(seconds: float, source: str) -> Rule:
    return Rule(
        f"faster_than_{seconds:.0f}s",
        f"opened within {seconds:.0f} s of the delivery, else of the send",
        source,
        lambda opens: _answers(_sooner_than(opens, seconds)),
    )


def _vendor_verdict(opens: pd.DataFrame) -> NDArray[np.object_]:
    return _answers(_is_in(opens["vendor_verdict"], "machine"))


def _warmbly_like(opens: pd.DataFrame) -> NDArray[np.object_]:
    named = _agent_is(opens, "scanner", "script", "empty") | _network_is(opens, "scanner")
    return _answers(named, is_proxy=_agent_is(opens, "apple_mail") | _network_is(opens, "apple_relay"))


def _mautic_like(opens: pd.DataFrame) -> NDArray[np.object_]:
    a = _sooner_than(opens, 2)
    b = _network_is(opens, "scanner", "cloud")
    c = _agent_is(opens, "scanner", "script")
    return _answers((a & b) | (a & c) | (b & c))


def _mailpoet_like(opens: pd.DataFrame) -> NDArray[np.object_]:
    return _answers(_agent_is(opens, "apple_mail") & ~opens["has_other_agent"])


def _twenty_like(opens: pd.DataFrame) -> NDArray[np.object_]:
    is_proxy = _agent_is(opens, "apple_mail", "gmail_proxy", "yahoo_proxy")
    named = _agent_is(opens, "scanner", "script")
    # Its window is asked only of agents that say nothing themselves.
    return _answers(named | (_sooner_than(opens, 10) & ~is_proxy.fillna(value=False)), is_proxy=is_proxy)


RULES: Final[tuple[Rule, ...]] = (
    Rule("ua_exact", "the agent is exactly Mozilla/5.0", "Oracle Responsys; MailPoet", _ua_exact),
    Rule(
        "ua_and_relay",
        "the agent is exactly Mozilla/5.0 and the network Apple's relay",
        "ClickDimensions",
        _ua_and_relay,
    ),
    Rule("relay_ip", "the network is Apple's relay", "IP lists, as several ESPs use them", _relay_ip),
    _faster_than(2, "Mautic's default window"),
    _faster_than(10, "Twenty's window"),
    _faster_than(60, "the widest window in use"),
    Rule("vendor_verdict", "the provider's own flag", "SendGrid, Braze, SparkPost, …", _vendor_verdict),
    Rule(
        "warmbly_like",
        "scanner, script or empty agent or a scanner's network: machine; Apple's agent or relay: auto-open",
        "warmbly/warmbly, tracking/src, docs guides/analytics",
        _warmbly_like,
    ),
    Rule(
        "mautic_like",
        "two of three: within 2 s; a scanner's or cloud network; a scanner's or script's agent",
        "mautic/mautic, BotRatioHelper (its IP list is empty by default: ours stands in)",
        _mautic_like,
    ),
    Rule(
        "mailpoet_like",
        "the agent is exactly Mozilla/5.0, and the message was never opened with another",
        "mailpoet/mailpoet, UserAgentEntity and Opens",
        _mailpoet_like,
    ),
    Rule(
        "twenty_like",
        "Apple's, Gmail's or Yahoo's agent: privacy proxy; a scanner's or script's, or within 10 s: machine",
        "twentyhq/twenty, classify-campaign-open",
        _twenty_like,
    ),
)
"""Every rule of the ladder. The open-source ones are re-stated from what their code does, on our own lists of
clients and networks, which are longer than theirs."""


@dataclass(frozen=True, slots=True)
class RuleShares:
    """What a rule's answers are worth: class shares per answer.

    Attributes
    ----------
    shares : dict of str to array of float, shape (3,)
        Human, prefetch, machine; an answer that training never gave has the overall mix.
    """

    shares: dict[str, NDArray[np.float64]]

    @classmethod
    def learn(cls, answers: ArrayLike, labels: ArrayLike) -> RuleShares:
        """Return the class shares of each answer, lightly smoothed towards the overall mix.

        Parameters
        ----------
        answers : array of str, shape (n,)
            Of `ANSWERS`.
        labels : array of int, shape (n,)
            0 human, 1 prefetch, 2 machine: the truth.

        Examples
        --------
        >>> said = RuleShares.learn(["yes"] * 9 + ["no"] * 9, [1] * 9 + [0] * 9)
        >>> said.probabilities(["no"]).tolist()
        [[0.95, 0.05, 0.0]]
        """
        given = np.asarray(answers, dtype=object)
        true = np.asarray(labels, dtype=np.intp)
        mix = np.bincount(true, minlength=3) / len(true)
        shares = {}
        for answer in ANSWERS:
            counts = np.bincount(true[given == answer], minlength=3)
            shares[answer] = (counts + SMOOTHING * mix) / (counts.sum() + SMOOTHING)
        return cls(shares)

    def probabilities(self, answers: ArrayLike) -> NDArray[np.float64]:
        """Return human, prefetch, machine per answer, shape (n, 3)."""
        given = np.asarray(answers, dtype=object)
        p = np.empty((len(given), 3))
        for answer, shares in self.shares.items():
            p[given == answer] = shares
        return p
