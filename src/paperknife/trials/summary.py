"""Trials to tables: each case's logs pooled, with regret against their oracles, and where it comes from."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from paperknife.evaluation.decomposition import decompose
from paperknife.evaluation.metrics import auc, log_loss
from paperknife.evaluation.regret import MAIN, pool
from paperknife.evaluation.slices import INSIDE_APPLE
from paperknife.trials import rungs
from paperknife.trials.trial import POSTERIOR, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BEST_RULE: Final = "best rule"
_SPLIT: Final = (rungs.DEFAULT, rungs.TRAINED, rungs.WITH_FEW, rungs.WITH_PANEL)


def read_trials(folder: Path) -> list[Trial]:
    """Return the trials that stand in a folder, in the order of their files."""
    return [Trial.load(file) for file in sorted(folder.glob("*.json"))]


def by_case(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """Return the trials of each case together."""
    groups: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        groups[trial.case].append(trial)
    return dict(groups)


def regrets(trials: Sequence[Trial], *, resamples: int = 200) -> pd.DataFrame:
    """Return every method's figures and regret per case, horizon and slice.

    Parameters
    ----------
    trials : sequence of Trial
    resamples : int
        Of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        The columns of `paperknife.evaluation.regret.pool`, and `case`, `horizon`. Beside the published rules stands
        `best rule`: the lowest log loss and the highest AUC that any of them has there.
    """
    tables = []
    for case, group in by_case(trials).items():
        for horizon in group[0].said:
            logs = [trial.losses(horizon, resamples=resamples) for trial in group]
            table = _with_best_rule(pool(logs, rungs.ORACLE))
            tables.append(table.assign(case=case, horizon=horizon))
    return pd.concat(tables, ignore_index=True)


def _with_best_rule(table: pd.DataFrame) -> pd.DataFrame:
    best = []
    for part in MAIN:
        here = table[(table["slice"] == part[0]) & (table["value"] == part[1])]
        rules = here[here["method"].str.startswith(rungs.RULE)]
        if len(rules):
            row = rules.sort_values("log_loss").iloc[0].to_dict()
            best.append({**row, "method": BEST_RULE, "auc": rules["auc"].max()})
    return pd.concat([table, pd.DataFrame(best)], ignore_index=True) if best else table


def gaps(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return the AUC lost to missing fields: `case`, `horizon`, `gap`, `method`, `auc`, `auc_full`, `lost`."""
    rows = [{"case": trial.case, **row} for trial in trials for row in trial.gaps]
    columns = ["case", "horizon", "gap", "method", "auc", "auc_full"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(lost=table["auc_full"] - table["auc"])


def origins(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return where the excess over the oracle comes from, in nats an open (see `decomposition`).

    Returns
    -------
    pandas.DataFrame
        One row a case, horizon, part (`all opens`, `inside`) and method: `large`, `shape`, `ranking`, and `bias` (mean
        p_human less the true share); means over the case's logs weighted by opens. `large` is of each log by itself,
        so that errors of two senders do not cancel.
    """
    rows = []
    for trial in trials:
        for horizon, said in trial.said.items():
            judged = trial.judged[horizon]
            human = judged["label"].to_numpy() == 0
            inside = judged["is_apple"].to_numpy(dtype=bool)
            for value, mask in (("all opens", np.ones(len(human), dtype=bool)), (INSIDE_APPLE[1], inside)):
                if not mask.any():
                    continue
                for method in (name for name in _SPLIT if name in said):
                    p = said[method][mask, 0]
                    parts = decompose(human[mask], p, said[rungs.ORACLE][mask, 0])
                    rows.append(
                        {
                            "case": trial.case,
                            "horizon": horizon,
                            "value": value,
                            "method": method,
                            "opens_n": int(mask.sum()),
                            "bias": float(p.mean() - human[mask].mean()),
                            "large": parts.large,
                            "shape": parts.shape,
                            "ranking": parts.ranking,
                        }
                    )
    table = pd.DataFrame(rows)
    figures = ["bias", "large", "shape", "ranking"]
    weighed = table.assign(**{name: table[name] * table["opens_n"] for name in figures})
    sums = weighed.groupby(["case", "horizon", "value", "method"], sort=False)[["opens_n", *figures]].sum()
    return sums.assign(**{name: sums[name] / sums["opens_n"] for name in figures}).reset_index()


def ceilings(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return how far methods are from the simulator's own posterior, on the Apple opens that have one, at the instant.

    Returns
    -------
    pandas.DataFrame
        One row a case and method: `case`, `method`, `opens_n`, `log_loss`, `log_loss_ceiling`, `auc`, `auc_ceiling`,
        of all logs of the case together. A log loss clearly below the ceiling's is a leak.
    """
    rows = []
    for case, group in by_case(trials).items():
        known = [trial.judged["instant"].get(POSTERIOR) for trial in group]
        masks = [
            (p.notna() & trial.judged["instant"]["is_apple"]).to_numpy(dtype=bool)
            for trial, p in zip(group, known, strict=True)
            if p is not None
        ]
        if len(masks) < len(group) or not sum(mask.sum() for mask in masks):
            continue
        both = list(zip(group, masks, strict=True))
        human = np.concatenate(
            [trial.judged["instant"]["label"].to_numpy()[mask] == 0 for trial, mask in both]
        )
        best = np.concatenate([trial.judged["instant"][POSTERIOR].to_numpy()[mask] for trial, mask in both])
        for method in (*_SPLIT, rungs.ORACLE):
            if any(method not in trial.said["instant"] for trial in group):
                continue
            p = np.concatenate([trial.said["instant"][method][mask, 0] for trial, mask in both])
            rows.append(
                {
                    "case": case,
                    "method": method,
                    "opens_n": len(human),
                    "log_loss": log_loss(human, p),
                    "log_loss_ceiling": log_loss(human, best),
                    "auc": auc(human, p),
                    "auc_ceiling": auc(human, best),
                }
            )
    columns = ["case", "method", "opens_n", "log_loss", "log_loss_ceiling", "auc", "auc_ceiling"]
    return pd.DataFrame(rows, columns=columns)


def only(table: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """Return the rows of a table whose columns have the wanted values."""
    keep = np.ones(len(table), dtype=bool)
    for column, value in wanted.items():
        keep &= (table[column] == value).to_numpy()
    return table[keep]
