"""Soft labels for every open of a log, from all sources, with weights and a diagnosis.

Two questions are labelled, as the model asks them: was it a machine other than Apple's prefetch (`m`), and,
if not, was it a person (`h`)? Votes answer the first. For the second, a visible client's fetch is a person's;
a first fetch in Apple's traffic gets the excess hazard's answer; a fetch that a clean click dates gets that
updated; repeat fetches follow what clicks say of others like them. Where nothing speaks, the label is null
and its weight 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.hazards.sender import Rates, first_fetches, fit_sender
from paperknife.hazards.traffic import traffic
from paperknife.labels.click_dating import (
    date_by_clicks,
    gap_law,
    last_before_click,
    published_law,
    stale_law,
)
from paperknife.labels.clues import gather_clues
from paperknife.labels.gates import (
    check_dates,
    check_hazards,
    check_log,
    check_panel_people,
    without_consequences,
)
from paperknife.labels.labels import Diagnostics, Labels
from paperknife.labels.levels import shift_repeats, solve_scale
from paperknife.labels.machine_clues import gather_machine_clues, is_asked
from paperknife.labels.panel import PANEL_WEIGHT, ask_panel, check_panel
from paperknife.labels.votes import cast_votes, combine_votes, votes_report

if TYPE_CHECKING:
    from paperknife.hazards.covariates import Bools, Floats, Ints
    from paperknife.hazards.sender import SenderHazards
    from paperknife.labels.click_dating import ClickDates

HAZARD_PRIOR_EVENTS: Final = 300.0
"""A hazard label weighs n / (n + this), n the events the thinner of its two curves rests on."""

REPEAT_EDGES_S: Final = (60.0, 3_600.0, 86_400.0)
"""Repeat fetches are told apart by the gap since the message's first: a minute, an hour, a day."""

REPEAT_PRIOR: Final = 0.3
"""P(human) of a repeat fetch before anything is known: nobody has measured it."""

_GROUPS_N: Final = 2 + len(REPEAT_EDGES_S)  # first fetches, then repeats by gap
_LEVEL_ROUNDS = 2
_SURE, _UNSURE = 0.99, 0.01


def soft_labels(
    evidence: pd.DataFrame,
    messages: pd.DataFrame,
    prior: pd.DataFrame | None = None,
    *,
    networks: pd.Series[str] | None = None,
    panel: pd.DataFrame | None = None,
    panel_weight: float = PANEL_WEIGHT,
    random_state: int = 0,
) -> Labels:
    """Return soft labels for every open; on a log that does not bear them, null ones and gates that say why.

    Parameters
    ----------
    evidence : pandas.DataFrame
        From `gather_evidence`, horizon settled.
    messages : pandas.DataFrame
        From `message_table` on the same log.
    prior : pandas.DataFrame, optional
        The default model's settled `p_human`, `p_prefetch`, `p_machine`, with `event_id`, or in the
        evidence's order.
    networks : pandas.Series of str, optional
        From `open_networks`, in the evidence's order: clues to machines only.
    panel : pandas.DataFrame, optional
        `event_id` and `label`: human, prefetch (or mpp_prefetch), machine (or other_machine). Overrides all
        else.
    panel_weight : float
    random_state : int

    Raises
    ------
    TrainingError
        When the panel lacks a column or holds an unknown label.
    """
    if panel is not None:
        check_panel(panel)
    prior_h, prior_m = _prior_of(evidence, prior)
    kind = traffic(evidence)
    ballots = cast_votes(evidence, messages)
    m, m_weight = combine_votes(ballots, None if prior is None else prior_m)
    hazards = fit_sender(messages, first_fetches(messages, evidence, m), random_state=random_state)
    board = _Board(evidence, messages, kind, m)
    scale = hazards.kappa.value
    for _ in range(_LEVEL_ROUNDS):
        h, h_weight, source = _undated(board, hazards, prior_h, scale)
        dates = _date(board, hazards, np.where(np.isnan(h), prior_h, h))
        scale = _scale_of_firsts(board, hazards, dates)
    h, h_weight, source = _undated(board, hazards, prior_h, scale)
    hazard_h, trust = h.copy(), h_weight.copy()
    _shift_repeats(board, hazards, dates, h)
    _mind_silence(board, hazards, h)
    h[board.dates_apple] = np.clip(dates.p_human, _UNSURE, _SURE)
    h_weight[board.dates_apple], source[board.dates_apple] = 1.0, "click"
    clues = gather_clues(
        prior_h=prior_h,
        label_h=h,
        hazard_h=hazard_h,
        trust=trust,
        dates_apple=board.dates_apple,
        dates=dates,
        hazards=hazards,
        message=board.message,
        delay_s=board.delay_s,
        gap_s=board.gap_s,
        group=board.group,
        is_first=board.is_first,
        is_first_unknown=board.is_first_unknown,
        machine=m,
        evidence=evidence,
        is_hidden=np.isin(kind, ["apple", "unknown"]) & board.counts,
        is_apple=board.is_apple,
        is_last=board.is_last,
        is_visible=kind == "visible",
    )
    machine_clues = gather_machine_clues(
        evidence,
        networks,
        traffic=kind,
        prior_human=prior_h,
        prior_machine=prior_m,
        votes=m,
        message=board.message,
        delay_s=board.delay_s,
        gap_s=board.gap_s,
    )
    gates = without_consequences(
        [
            *check_log(evidence, messages, kind),
            *check_hazards(hazards, kind),
            *check_dates(
                scale / hazards.kappa.value, float(dates.fetches_n[0]), float(board.dates_human.sum())
            ),
        ]
    )
    opens = pd.DataFrame(
        {
            "event_id": evidence["event_id"].to_numpy(),
            "h": h,
            "h_weight": np.where(np.isnan(h), 0.0, h_weight),
            "m": m,
            "m_weight": m_weight,
            "source": pd.Series(source, dtype="str"),
        }
    )
    if (kind == "unknown").all():
        opens[["h_weight", "m_weight"]] = 0.0
        opens[["h", "m"]] = np.nan
        opens["source"] = "none"
    ambiguous = evidence["is_ambiguous"].fillna(value=False).to_numpy(dtype=bool)
    opens.loc[ambiguous, ["h_weight", "m_weight"]] = 0.0
    is_weighed = np.isin(kind, ["apple", "unknown"]) & board.counts & ~ambiguous & ~np.isnan(prior_h)
    if panel is not None:
        is_like = ask_panel(
            opens,
            panel,
            panel_weight,
            evidence=evidence,
            messages=messages,
            is_apple=board.is_apple,
            is_unknown=(kind == "unknown") & board.counts,
            expected=prior_h,
        )
        gates.append(check_panel_people(is_like=is_like))
    diagnostics = Diagnostics(votes_report(ballots, m), hazards, dates, scale, tuple(gates))
    is_asked_m = is_asked(kind, prior_m) & ~ambiguous
    return Labels(opens, diagnostics, clues[is_weighed], machine_clues[is_asked_m])


class _Board:
    """The opens laid out for labelling: whose they are, which in their message's order, and what click dates them."""

    def __init__(
        self,
        evidence: pd.DataFrame,
        messages: pd.DataFrame,
        kind: np.ndarray[tuple[int], np.dtype[np.object_]],
        m: Floats,
    ) -> None:
        self.kind, self.m = kind, m
        self.has_agent: Bools = evidence["client_family"].notna().to_numpy(dtype=bool)
        self.message: Ints = pd.Index(messages["message_id"]).get_indexer(pd.Index(evidence["message_id"]))
        self.at_us: Floats = (
            evidence["occurred_at"].dt.as_unit("us").astype("int64").to_numpy(dtype=np.float64)
        )
        self.delay_s: Floats = evidence["delay_us"].to_numpy(dtype=np.float64, na_value=np.nan) / 1e6
        # Every open but known machines': what Apple's device, or a person, could have caused.
        self.counts: Bools = (m < 0.5) & (kind != "machine")  # noqa: PLR2004 - an even chance
        self.is_apple: Bools = (kind == "apple") & self.counts
        self.is_first: Bools = self._firsts(self.is_apple)
        self.is_first_unknown: Bools = self._firsts((kind == "unknown") & self.counts)
        clean_us = messages["clean_us"].to_numpy(dtype=np.float64, na_value=np.nan)[self.message]
        is_last = last_before_click(self.message, self.at_us, clean_us, self.counts)
        self.gap_s: Floats = (clean_us - self.at_us) / 1e6
        self.is_last: Bools = is_last
        self.dates_apple: Bools = is_last & self.is_apple
        self.dates_human: Bools = is_last & (kind == "visible")
        self.first_share = self._first_share(kind == "visible")
        first_us = np.full(len(messages), np.inf)
        np.minimum.at(first_us, self.message[self.is_apple], self.at_us[self.is_apple])
        since_s = np.where(self.is_apple, (self.at_us - first_us[self.message]) / 1e6, 0.0)
        self.group: Ints = np.where(self.is_first, 0, 1 + np.searchsorted(REPEAT_EDGES_S, since_s)).astype(
            np.int64
        )

    def _first_share(self, visible: Bools) -> float:
        """Return the share of visible readers' clicks that date the message's first open: others follow a second look."""
        first = self._firsts(visible & self.counts)
        return (int((self.dates_human & first).sum()) + 10) / (int(self.dates_human.sum()) + 10)

    def _firsts(self, some: Bools) -> Bools:
        """Return which of some opens are the first of their message; opens stand in order of time and id."""
        rows = np.flatnonzero(some)
        firsts = np.zeros(len(some), dtype=bool)
        order = rows[np.argsort(self.at_us[rows], kind="stable")]
        firsts[order[np.unique(self.message[order], return_index=True)[1]]] = True
        return firsts


def _undated(
    board: _Board, hazards: SenderHazards, prior_h: Floats, scale: float
) -> tuple[Floats, Floats, np.ndarray[Any, np.dtype[np.object_]]]:
    """Return h, its weight and source before any click is looked at."""
    n = len(board.kind)
    h, weight, source = np.full(n, np.nan), np.zeros(n), np.full(n, "none", dtype=object)
    for some, value, worth, name in (
        (board.kind == "visible", _SURE, 1.0, "visible_client"),
        # Of an open without a user agent only its network is known, which may be Apple's newest: silence.
        ((board.kind == "other") & board.has_agent, 0.9, 0.2, "other_client"),
    ):
        h[some], weight[some], source[some] = value, worth, name
    trust = 0.0
    if hazards.read is not None and hazards.total is not None:
        events_n = min(hazards.read.events_n, hazards.total.events_n)
        trust = events_n / (events_n + HAZARD_PRIOR_EVENTS)
    for some, worth, name in (
        (board.is_first, trust, "excess_hazard"),
        (board.is_first_unknown, trust / 2, "mixture"),
    ):
        rows = board.message[some]
        apple = np.ones(len(rows)) if name == "excess_hazard" else hazards.strata.apple[rows]
        h[some] = np.clip(hazards.rates_at(rows, board.delay_s[some]).p_human(scale, apple), _UNSURE, _SURE)
        weight[some] = worth
        source[some] = np.where(np.isnan(h[some]), "none", name)
    repeats = board.is_apple & ~board.is_first
    h[repeats] = np.where(np.isnan(prior_h[repeats]), REPEAT_PRIOR, prior_h[repeats])
    weight[repeats], source[repeats] = 0.25, "repeat"
    voted = ~board.counts
    h[voted], weight[voted], source[voted] = np.nan, 0.0, "machine_vote"
    return h, weight, source


def _date(board: _Board, hazards: SenderHazards, h: Floats) -> ClickDates:
    """Return what clicks say of the last Apple fetches before them."""
    some = board.dates_apple
    rows, delay_s = board.message[some], board.delay_s[some]
    known = board.dates_human
    human = gap_law(board.gap_s[known], 1 - board.m[known], published_law())
    before = _given_click(np.where(np.isnan(h[some]), 0.5, h[some]), hazards.p_read_after(rows, delay_s))
    placed = ~np.isnan(delay_s)
    stale = stale_law(hazards, rows[placed], delay_s[placed], 1 - before[placed], human)
    return date_by_clicks(
        board.gap_s[some], before, board.group[some], human_law=human, stale_before=stale, groups_n=_GROUPS_N
    )


def _scale_of_firsts(board: _Board, hazards: SenderHazards, dates: ClickDates) -> float:
    """Return the factor on the read hazard that fits the dated first fetches; kappa where there are no hazards."""
    rows, delay_s = board.message[board.is_first], board.delay_s[board.is_first]
    rates = hazards.rates_at(rows, delay_s)
    known = ~np.isnan(rates.total)
    if not known.any():
        return hazards.kappa.value
    return solve_scale(
        Rates(rates.average[known], rates.read[known], rates.total[known]),
        hazards.clicks_per_read[rows[known]] * board.first_share,
        dated_n=float(dates.people_n[0]),
        visible_clicks_n=hazards.kappa.visible_clicks_n,
        kappa=hazards.kappa,
        bounds=(
            hazards.curves["reads_behind_apple_n"].to_numpy(),
            hazards.curves["total_events_n"].to_numpy(),
        ),
    )


def _shift_repeats(board: _Board, hazards: SenderHazards, dates: ClickDates, h: Floats) -> None:
    """Bring the level of repeat fetches' labels, by gap since the first, to what dated clicks say.

    A second look is taken to be followed by a click as often as a first.
    """
    for group in range(1, _GROUPS_N):
        some = board.is_apple & (board.group == group)
        per_read = hazards.clicks_per_read[board.message[some]]
        if per_read.any():
            shift = shift_repeats(h[some], per_read, float(dates.people_n[group]))
            h[some] = np.clip(1 / (1 + (1 / h[some] - 1) * np.exp(-shift)), _UNSURE, _SURE)


def _mind_silence(board: _Board, hazards: SenderHazards, h: Floats) -> None:
    """Lower the labels of Apple opens whose message nobody clicked: a person would have, with the clicks per read.

    After a prefetch the click is missing for want of a reading as well. With few clicks per read this says little.
    """
    some = board.is_apple & np.isnan(board.gap_s) & ~np.isnan(h)
    rows = board.message[some]
    later = np.nan_to_num(hazards.p_read_after(rows, board.delay_s[some]), nan=0.5)
    per_read = np.clip(hazards.clicks_per_read[rows], 0.0, 0.95)
    odds = h[some] / (1 - h[some]) * (1 - per_read) / (1 - per_read * later)
    h[some] = np.clip(odds / (1 + odds), _UNSURE, _SURE)


def _given_click(p_human: Floats, p_read_after: Floats) -> Floats:
    """Return P(human) given that the message was clicked: a prefetch needs a later reading besides, a person does not."""
    later = np.clip(np.where(np.isnan(p_read_after), 0.5, p_read_after), 0.02, 1.0)
    return np.asarray(p_human / (p_human + (1 - p_human) * later), dtype=np.float64)


def _prior_of(evidence: pd.DataFrame, prior: pd.DataFrame | None) -> tuple[Floats, Floats]:
    """Return the prior's P(human | no machine) and P(machine) of each open, NaN where it has none."""
    if prior is None:
        return np.full(len(evidence), np.nan), np.full(len(evidence), np.nan)
    table = prior
    if "event_id" in prior:
        table = prior.drop_duplicates("event_id").set_index("event_id").reindex(evidence["event_id"])
    human, prefetch, machine = (
        table[name].to_numpy(dtype=np.float64, na_value=np.nan)
        for name in ("p_human", "p_prefetch", "p_machine")
    )
    return np.clip(human / np.maximum(human + prefetch, 1e-9), _UNSURE, _SURE), machine
