"""The tables of a benchmark of learning as a page of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from paperknife.trials import rungs
from paperknife.trials.summary import BEST_RULE, only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHOWN: Final = (
    BEST_RULE,
    rungs.RULE_LABELS,
    rungs.DEFAULT,
    rungs.TRAINED,
    rungs.WITH_FEW,
    rungs.WITH_PANEL,
)
_RANKED: Final = (BEST_RULE, rungs.DEFAULT, rungs.TRAINED)
_HORIZONS: Final = ("instant", "settled")


def page(
    about: Mapping[str, Any],
    targets: pd.DataFrame,
    regrets: pd.DataFrame,
    origins: pd.DataFrame,
    gaps: pd.DataFrame,
    ceilings: pd.DataFrame,
    title: str,
) -> str:
    """Return the page.

    Parameters
    ----------
    about : mapping
        How the figures were made.
    targets : pandas.DataFrame
        From `targets.judge`.
    regrets, origins, gaps, ceilings : pandas.DataFrame
        From `summary`.
    title : str
    """
    facts = "\n".join(f"- {name}: {value}" for name, value in about.items())
    sections = [
        f"# {title}\n\n{facts}",
        f"## Targets\n\n{_targets(targets)}",
        f"## Regret, all opens\n\n{_families(regrets, 'all opens')}",
        f"## Regret inside Apple's traffic\n\n{_families(regrets, 'inside')}",
        f"## Where the excess over the oracle comes from\n\n{_ORIGINS}\n\n{_origins(origins)}",
        f"## AUC lost to missing fields\n\n{_gaps(gaps)}",
        f"## The ceiling inside Apple's traffic, at the instant\n\n{_ceilings(ceilings)}",
        f"## After train, by slice\n\n{_slices(regrets)}",
    ]
    return "\n\n".join(sections) + "\n"


_ORIGINS: Final = (
    "Thousandths of a nat an open: `large` a constant shift would mend, `shape` a monotone map beyond it (less what the "
    "oracle would gain by one), `ranking` neither; `bias` is mean p_human less the true share, in points."
)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---" for _ in header], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(value: Any, digits: int = 3) -> str:
    return "-" if pd.isna(value) else f"{value:.{digits}f}"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _targets(targets: pd.DataFrame) -> str:
    word = {True: "pass", False: "**fail**", None: "-"}
    rows = [
        (
            row["figure"],
            row["horizon"],
            row["target"],
            _number(row["measured"]),
            word[row["passes"]],
            row["note"],
        )
        for row in _records(targets)
    ]
    return _table(("figure", "horizon", "target", "measured", "", "note"), rows)


def _families(table: pd.DataFrame, value: str) -> str:
    rows = []
    for case in table["case"].unique():
        for horizon in _HORIZONS:
            here = {
                row["method"]: row for row in _records(only(table, case=case, horizon=horizon, value=value))
            }
            if not here:
                continue
            any_row = next(iter(here.values()))
            rows.append(
                (
                    case,
                    horizon,
                    f"{any_row['opens_n']:,}",
                    _number(any_row["log_loss_prior"]),
                    _number(any_row["log_loss_oracle"]),
                    *(_regret(here[name]) if name in here else "-" for name in _SHOWN),
                    *(_number(here[name]["auc"]) for name in _RANKED if name in here),
                )
            )
    header = ("case", "horizon", "opens", "LL prior", "LL oracle", *_SHOWN, "AUC rule", "default", "train")
    return (
        "Regret with its 95 % interval; with a + the excess in nats, where there is too little to learn.\n\n"
        + _table(header, rows)
    )


def _regret(row: Mapping[str, Any]) -> str:
    interval = "" if pd.isna(row["low"]) else f" ({row['low']:.2f} to {row['high']:.2f})"
    return f"+{row['excess']:.3f}{interval}" if pd.isna(row["regret"]) else f"{row['regret']:.2f}{interval}"


def _origins(origins: pd.DataFrame) -> str:
    rows = [
        (
            row["case"],
            row["horizon"],
            row["value"],
            row["method"],
            f"{100 * row['bias']:+.1f}",
            *(f"{1000 * row[name]:.0f}" for name in ("large", "shape", "ranking")),
        )
        for row in _records(origins)
    ]
    header = ("case", "horizon", "part", "method", "bias", "large", "shape", "ranking")
    return _table(header, rows)


def _gaps(gaps: pd.DataFrame) -> str:
    rows = []
    for key, group in gaps.groupby(["horizon", "gap", "method"], sort=False):
        lost = group["lost"]
        rows.append(
            [*(str(part) for part in key), str(len(lost)), _number(lost.median()), _number(lost.max())]
        )
    return _table(("horizon", "missing", "method", "logs", "median lost", "most lost"), rows)


def _ceilings(ceilings: pd.DataFrame) -> str:
    if ceilings.empty:
        return "These worlds say no posterior of their own."
    rows = [
        (
            row["case"],
            row["method"],
            f"{row['opens_n']:,}",
            *(_number(row[name]) for name in ("log_loss", "log_loss_ceiling", "auc", "auc_ceiling")),
        )
        for row in _records(ceilings)
    ]
    return _table(("case", "method", "opens", "log loss", "ceiling's", "AUC", "ceiling's"), rows)


def _slices(regrets: pd.DataFrame) -> str:
    table = only(regrets, method=rungs.TRAINED)
    rows = []
    for (name, value, horizon), group in table.groupby(["slice", "value", "horizon"], sort=False):
        known = group["regret"].dropna()
        rows.append(
            (
                str(name),
                str(value),
                str(horizon),
                str(len(group)),
                f"{group['opens_n'].sum():,}",
                _number(known.median() if len(known) else float("nan"), 2),
                _number(group["excess"].median()),
                _number((group["ece"] - group["ece_floor"]).median()),
            )
        )
    header = (
        "slice",
        "value",
        "horizon",
        "cases",
        "opens",
        "median regret",
        "median excess",
        "median ECE above floor",
    )
    return _table(header, rows)
