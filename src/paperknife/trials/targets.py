"""What the figures are to reach (issue 4), and whether they do: one row a figure and horizon, failing rows included.

Counted are the families that nothing was fitted to. A family in which prior and oracle lie closer than a tenth of a nat
has no regret; its excess stands in the table of families. Medians are over families, "worst" and "each" over all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.trials import rungs
from paperknife.trials.cases import find_case
from paperknife.trials.summary import BEST_RULE, only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BIG_SLICE: Final = 2_000
"""Opens from which on a slice must be calibrated by itself."""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure and where it is to be.

    Attributes
    ----------
    name : str
    bounds : dict of str to float
        By horizon.
    measure : callable
        From the tables and a horizon to the figure, and what a reader should know beside it.
    is_at_least : bool
        Whether the bound is a lower one.
    """

    name: str
    bounds: dict[str, float]
    measure: Callable[[Tables, str], tuple[float, str]]
    is_at_least: bool = False


@dataclass(frozen=True)
class Tables:
    """What targets are measured on.

    Attributes
    ----------
    regrets : pandas.DataFrame
        From `summary.regrets`.
    gaps, ceilings : pandas.DataFrame
        From `summary.gaps` and `summary.ceilings`.
    """

    regrets: pd.DataFrame
    gaps: pd.DataFrame
    ceilings: pd.DataFrame

    def of(
        self, method: str, horizon: str, value: str = "all opens", *, changed: bool = False
    ) -> pd.DataFrame:
        """Return a method's rows: held-out families, or cases in which something changes half-way."""
        rows = only(self.regrets, method=method, horizon=horizon, value=value)
        return _held_out(rows, changed=changed).set_index("case")


def _held_out(rows: pd.DataFrame, *, changed: bool = False) -> pd.DataFrame:
    """Return the rows of held-out families, or of cases in which something changes half-way."""
    cases = [find_case(name) for name in rows["case"]]
    keep = [
        (case.change is not None) if changed else (case.is_held_out and not case.change) for case in cases
    ]
    return rows[np.array(keep, dtype=bool)]


def _regret(method: str, value: str, how: str) -> Callable[[Tables, str], tuple[float, str]]:
    def measure(tables: Tables, horizon: str) -> tuple[float, str]:
        found = tables.of(method, horizon, value)["regret"].dropna()
        if found.empty:
            return float("nan"), "no family has enough to learn"
        figure = float(found.median() if how == "median" else found.max())
        return figure, f"{len(found)} families, worst {found.idxmax()} {found.max():.2f}"

    return measure


def _changed(tables: Tables, horizon: str) -> tuple[float, str]:
    found = tables.of(rungs.TRAINED, horizon, changed=True)["regret"].dropna()
    said = ", ".join(f"{name} {regret:.2f}" for name, regret in found.items())
    return (float(found.max()), said) if len(found) else (float("nan"), "not tried")


def _ece(tables: Tables, horizon: str) -> tuple[float, str]:
    rows = tables.of(rungs.TRAINED, horizon)
    return _worst(rows["ece"] - rows["ece_floor"], rows.index)


def _ece_of_slices(tables: Tables, horizon: str) -> tuple[float, str]:
    rows = only(tables.regrets, method=rungs.TRAINED, horizon=horizon)
    rows = _held_out(rows[rows["opens_n"] >= BIG_SLICE])
    names = rows["case"] + ": " + rows["slice"] + " " + rows["value"]
    return _worst(rows["ece"] - rows["ece_floor"], names)


def _worst(values: pd.Series, names: Iterable[str]) -> tuple[float, str]:
    named = pd.Series(values.to_numpy(), index=list(names)).dropna()
    if named.empty:
        return float("nan"), "nothing big enough"
    return float(named.max()), f"median {named.median():.3f}, worst {named.idxmax()}"


def _decided(tables: Tables, horizon: str) -> tuple[float, str]:
    ours = tables.of(rungs.TRAINED, horizon)["decided_share"]
    theirs = tables.of(rungs.ORACLE, horizon)["decided_share"]
    ratio = (ours / theirs)[theirs > 0]
    if ratio.empty:
        return float("nan"), "the oracle decides nothing"
    few = f"{(ratio < 0.9).sum()} of {len(ratio)} families below .90"  # noqa: PLR2004  the target itself
    return float(ratio.median()), f"{few}; shares {ours.median():.2f} against {theirs.median():.2f}"


def _lost(gap: str) -> Callable[[Tables, str], tuple[float, str]]:
    def measure(tables: Tables, horizon: str) -> tuple[float, str]:
        rows = _held_out(only(tables.gaps, method=rungs.TRAINED, horizon=horizon, gap=gap))
        return _median_and_worst(rows["lost"], rows["case"])

    return measure


def _median_and_worst(values: pd.Series, names: pd.Series) -> tuple[float, str]:
    if values.empty:
        return float("nan"), "not tried"
    worst = names.iloc[int(values.to_numpy().argmax())]
    return float(values.median()), f"{len(values)} logs, worst {worst} {values.max():.3f}"


def _beaten(method: str) -> Callable[[Tables, str], tuple[float, str]]:
    def measure(tables: Tables, horizon: str) -> tuple[float, str]:
        ours, rule = tables.of(method, horizon), tables.of(BEST_RULE, horizon)
        both = (ours["log_loss"] < rule["log_loss"]) & (ours["auc"] > rule["auc"])
        losers = ", ".join(both.index[~both])
        return float(
            both.mean()
        ), f"{both.sum()} of {len(both)} families{'; not ' + losers if losers else ''}"

    return measure


def _above_ceiling(tables: Tables, _horizon: str) -> tuple[float, str]:
    table = tables.ceilings
    if table.empty:
        return float("nan"), "these worlds say no posterior"
    above = table["log_loss"] - table["log_loss_ceiling"]
    least = table.iloc[int(above.to_numpy().argmin())]
    return float(above.min()), f"nearest: {least['method']} on {least['case']}, {least['opens_n']} opens"


def _same(bound: float) -> dict[str, float]:
    return {"instant": bound, "settled": bound}


TARGETS: Final[tuple[Target, ...]] = (
    Target("default model, median regret", _same(0.20), _regret(rungs.DEFAULT, "all opens", "median")),
    Target(
        "train, median regret",
        {"instant": 0.15, "settled": 0.12},
        _regret(rungs.TRAINED, "all opens", "median"),
    ),
    Target(
        "train, median regret inside Apple's traffic", _same(0.25), _regret(rungs.TRAINED, "inside", "median")
    ),
    Target(
        "train with a panel of 300, median regret",
        _same(0.08),
        _regret(rungs.WITH_PANEL, "all opens", "median"),
    ),
    Target("train, worst family's regret", _same(0.25), _regret(rungs.TRAINED, "all opens", "worst")),
    Target("train, ECE less its floor, worst family", _same(0.03), _ece),
    Target(
        "train, ECE less its floor, worst slice of 2,000 opens",
        _same(0.05),
        _ece_of_slices,
    ),
    Target(
        "train, decided at 95 % precision, median share of the oracle's",
        _same(0.90),
        _decided,
        is_at_least=True,
    ),
    Target("train, AUC lost without user agent, median", _same(0.01), _lost("no user agent")),
    Target("train, AUC lost without IP, median", _same(0.02), _lost("no IP")),
    Target("train, AUC lost without both, median", _same(0.05), _lost("neither")),
    Target(
        "default model beats every rule",
        _same(1.0),
        _beaten(rungs.DEFAULT),
        is_at_least=True,
    ),
    Target("train beats every rule", _same(1.0), _beaten(rungs.TRAINED), is_at_least=True),
    Target("train, worst regret after a change half-way", _same(0.35), _changed),
    Target(
        "any method's log loss above the simulator's posterior (below it: a leak)",
        {"instant": -0.01},
        _above_ceiling,
        is_at_least=True,
    ),
)


def judge(regrets: pd.DataFrame, gaps: pd.DataFrame, ceilings: pd.DataFrame) -> pd.DataFrame:
    """Return each target with what was measured: `figure`, `horizon`, `target`, `measured`, `passes`, `note`.

    Parameters
    ----------
    regrets, gaps, ceilings : pandas.DataFrame
        From `summary`. `passes` is null where nothing could be measured.
    """
    tables = Tables(regrets, gaps, ceilings)
    rows = []
    for target in TARGETS:
        for horizon, bound in target.bounds.items():
            measured, note = target.measure(tables, horizon)
            sign = ">=" if target.is_at_least else "<="
            good = measured >= bound if target.is_at_least else measured <= bound
            rows.append(
                {
                    "figure": target.name,
                    "horizon": horizon,
                    "target": f"{sign} {bound:.2f}",
                    "measured": measured,
                    "passes": None if np.isnan(measured) else bool(good),
                    "note": note,
                }
            )
    return pd.DataFrame(rows)
