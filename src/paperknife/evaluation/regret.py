"""How much of what could be learned a method leaves: regret against an oracle, by slice, over one or more logs.

Regret = (LL - LL_oracle) / (LL_prior - LL_oracle), where the prior always says the human share of the judged opens.
Where prior and oracle are closer than `REGRET_FLOOR` there is little to learn, the quotient is noise, and the excess
LL - LL_oracle is what to read (LEARNING.md, evaluation protocol). Several logs of one family are pooled by their
opens, each beside its own prior, so that a family's regret is not the mean of quotients of which one explodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from paperknife.errors import EvaluationError
from paperknife.evaluation import metrics
from paperknife.evaluation.evaluate import DECIDED_AT
from paperknife.evaluation.intervals import FEWEST_GROUPS, middle, resampled_weights
from paperknife.evaluation.slices import ALL, INSIDE_APPLE, Slice, slices_of
from paperknife.evaluation.truth import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PRIOR: Final = "prior"
MAIN: Final = (ALL, INSIDE_APPLE)
_MEANS: Final = (
    "human_share",
    "p_human",
    "auc",
    "pr_auc",
    "log_loss",
    "brier",
    "ece",
    "ece_floor",
    "class_log_loss",
)
_COUNTS: Final = tuple(f"{what}_{name}_n" for name in CLASSES for what in ("decided", "right"))


@dataclass(frozen=True)
class Losses:
    """What methods lose on the judged opens of one log.

    Attributes
    ----------
    figures : pandas.DataFrame
        One row a slice and method, `prior` among the methods: `slice`, `value`, `method`, `opens_n`, `human_share`
        (true), `p_human` (said), the metrics of `paperknife.evaluation.metrics.figures`, and per class
        `decided_…_n` (opens whose probability of it is 0.95 or more) and `right_…_n` (of these, truly so).
    resampled : dict
        From (slice, value, method) to the log loss in each resample, shape (resamples,).
    """

    figures: pd.DataFrame
    resampled: dict[tuple[str, str, str], Floats] = field(repr=False)

    @cached_property
    def opens_n(self) -> dict[tuple[str, str], int]:
        """Judged opens per slice and value."""
        first = self.figures.drop_duplicates(["slice", "value"])
        return dict(zip(zip(first["slice"], first["value"], strict=True), first["opens_n"], strict=True))


def losses(
    judged: pd.DataFrame,
    said: Mapping[str, NDArray[np.float64]],
    *,
    only_main: Sequence[str] = (),
    resamples: int = 200,
    random_state: int = 0,
) -> Losses:
    """Return what every method loses on the judged opens of one log, in every slice.

    Parameters
    ----------
    judged : pandas.DataFrame
        One row an open: `label` (0 human, 1 prefetch, 2 machine), `is_apple`, `group` (recipient, else message),
        `campaign_id`, and what `slices_of` reads.
    said : mapping of str to array of float, shape (n, 3)
        Each method's probabilities: human, prefetch, machine.
    only_main : sequence of str
        Methods whose figures are wanted on all opens and inside Apple's traffic only.
    resamples : int
        Of the bootstrap over recipients and campaigns; 0 for none.
    random_state : int

    Raises
    ------
    EvaluationError
        When a method's probabilities are not as many as the opens, or there are no opens.
    """
    if judged.empty:
        raise EvaluationError("There are no opens to judge. Judge from an earlier moment, or a longer log.")
    for method, p in said.items():
        if p.shape != (len(judged), len(CLASSES)):
            raise EvaluationError(
                f"'{method}' gives probabilities of shape {p.shape}; expected ({len(judged)}, {len(CLASSES)})."
            )
    labels = judged["label"].to_numpy(dtype=np.intp)
    parts = list(slices_of(judged))
    rows = []
    for part in parts:
        methods = [name for name in said if name not in only_main or (part.name, part.value) in MAIN]
        rows += [_row(part, name, labels, said[name]) for name in methods]
        shares = np.bincount(labels[part.mask], minlength=len(CLASSES)) / part.mask.sum()
        rows.append(_row(part, PRIOR, labels, np.tile(shares, (len(labels), 1))))
    return Losses(
        pd.DataFrame(rows), _resampled(judged, said, parts, resamples=resamples, random_state=random_state)
    )


def _row(part: Slice, method: str, labels: NDArray[np.intp], p: Floats) -> dict[str, Any]:
    true, here = labels[part.mask], p[part.mask]
    decided = here >= DECIDED_AT
    counts = {f"decided_{name}_n": int(decided[:, k].sum()) for k, name in enumerate(CLASSES)}
    counts |= {f"right_{name}_n": int((true[decided[:, k]] == k).sum()) for k, name in enumerate(CLASSES)}
    return {
        "slice": part.name,
        "value": part.value,
        "method": method,
        "opens_n": len(true),
        "human_share": float((true == 0).mean()),
        "p_human": float(here[:, 0].mean()),
        **metrics.figures(true, here),
        **counts,
    }


def _resampled(
    judged: pd.DataFrame,
    said: Mapping[str, Floats],
    parts: Sequence[Slice],
    *,
    resamples: int,
    random_state: int,
) -> dict[tuple[str, str, str], Floats]:
    """Return every method's log loss under the same resamples; NaN where there are too few recipients."""
    human = judged["label"].to_numpy() == 0
    each = np.column_stack([metrics.log_losses(human, p[:, 0]) for p in said.values()])
    means = np.full((resamples, len(parts), len(said)), np.nan)
    shares = np.full((resamples, len(parts)), np.nan)
    if resamples and len(pd.unique(judged["group"])) >= FEWEST_GROUPS:
        drawn = resampled_weights(
            judged["group"], judged["campaign_id"], resamples=resamples, random_state=random_state
        )
        weights = np.array(list(drawn), dtype=np.float32)
        for place, part in enumerate(parts):
            here = weights[:, part.mask]
            mass = here.sum(axis=1, dtype=np.float64)
            with np.errstate(invalid="ignore", divide="ignore"):
                means[:, place] = here @ each[part.mask].astype(np.float32) / mass[:, None]
                shares[:, place] = here @ human[part.mask].astype(np.float32) / mass
    found = {
        (part.name, part.value, method): means[:, place, column]
        for place, part in enumerate(parts)
        for column, method in enumerate(said)
    }
    safe = np.clip(shares, metrics.CLIP, 1 - metrics.CLIP)
    prior = -(shares * np.log(safe) + (1 - shares) * np.log(1 - safe))
    return found | {(part.name, part.value, PRIOR): prior[:, place] for place, part in enumerate(parts)}


def pool(logs: Sequence[Losses], oracle: str) -> pd.DataFrame:
    """Return the figures of several logs together, with each method's regret against an oracle.

    Parameters
    ----------
    logs : sequence of Losses
    oracle : str
        Which method is the oracle.

    Returns
    -------
    pandas.DataFrame
        One row a slice and method: `slice`, `value`, `method`, `logs_n`, `opens_n`, the metrics as means weighted by
        opens, `log_loss_prior`, `log_loss_oracle`, `excess` (nats), `regret` (NaN where there is too little to learn),
        `low` and `high` (95 %, of regret, else of excess), `decided_share` (of the classes whose realised precision
        is 0.95 or more) and the counts it comes from.

    Raises
    ------
    EvaluationError
        When there is no such method.
    """
    rows = pd.concat([log.figures for log in logs], ignore_index=True)
    if oracle not in set(rows["method"]):
        raise EvaluationError(f"There is no method '{oracle}' to measure regret against.")
    pooled = [
        _pooled(group, (str(name), str(value), str(method)))
        for (name, value, method), group in rows.groupby(["slice", "value", "method"], sort=False)
    ]
    table = pd.DataFrame(pooled)
    for other, column in ((PRIOR, "log_loss_prior"), (oracle, "log_loss_oracle")):
        theirs = table[table["method"] == other].set_index(["slice", "value"])["log_loss"]
        table[column] = theirs.reindex(pd.MultiIndex.from_frame(table[["slice", "value"]])).to_numpy()
    table["excess"] = table["log_loss"] - table["log_loss_oracle"]
    learnable = table["log_loss_prior"] - table["log_loss_oracle"]
    table["regret"] = (table["excess"] / learnable).where(learnable >= metrics.REGRET_FLOOR)
    bounds = [_bounds(logs, row, oracle) for row in table.itertuples()]
    return table.assign(low=[low for low, _ in bounds], high=[high for _, high in bounds])


def _pooled(group: pd.DataFrame, key: tuple[str, str, str]) -> dict[str, Any]:
    sums = group[list(_COUNTS)].sum()
    decided = sum(
        int(sums[f"decided_{name}_n"])
        for name in CLASSES
        if sums[f"right_{name}_n"] >= DECIDED_AT * sums[f"decided_{name}_n"]
    )
    opens_n = int(group["opens_n"].sum())
    return {
        **dict(zip(("slice", "value", "method"), key, strict=True)),
        "logs_n": len(group),
        "opens_n": opens_n,
        **{name: _mean(group[name], group["opens_n"]) for name in _MEANS},
        "decided_share": decided / opens_n,
        **{name: int(sums[name]) for name in _COUNTS},
    }


def _mean(values: pd.Series, weights: pd.Series) -> float:
    """Return the weighted mean of what is defined: ranking is not where a log has one class only."""
    known = values.notna()
    return float(np.average(values[known], weights=weights[known])) if known.any() else float("nan")


def _bounds(logs: Sequence[Losses], row: Any, oracle: str) -> tuple[float, float]:
    """Return the interval of a pooled row's regret, or of its excess where regret is not defined."""
    part = (str(row.slice), str(row.value))

    def resampled(method: str) -> Floats:
        has = [log for log in logs if (*part, method) in log.resampled]
        arrays = np.array([log.resampled[*part, method] for log in has])
        return np.asarray(np.average(arrays, axis=0, weights=[log.opens_n[part] for log in has]))

    ours, best, prior = resampled(row.method), resampled(oracle), resampled(PRIOR)
    if not len(ours) or np.isnan(ours).any():
        return float("nan"), float("nan")
    excess = ours - best
    return middle(excess if np.isnan(row.regret) else excess / np.maximum(prior - best, 1e-9))
