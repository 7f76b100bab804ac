"""How many trees, and how large: what each size of the default model loses and how quickly it answers.

Stages of several sizes are fitted to lessons of training worlds (the family `varied`, as `make_default.py` gathers
them) and judged on worlds of the same family with other seeds. No held-out family is touched, so that choosing by
this table leaves them untouched too. Both stages need not be alike: all pairs are judged, and those are printed that
no other pair beats in both log loss and rows a second.

    python models/choose_size.py --worlds 100 --judge 30 --keep /tmp/lessons

With `--teacher S` the stages learn from labels of which the share S is what large stages say, that were fitted to the
other half of the worlds: a small model may learn more from a large one's probabilities than from noughts and ones.
"""

from __future__ import annotations

import argparse
import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from make_default import PARAMS, lessons

from paperknife.model.calibration import expit
from paperknife.model.stages import Stages, fit_stages, three_probabilities

if TYPE_CHECKING:
    from make_default import Lesson

STAGES = ("machine", "human")
TIMED_ROWS = 40_000
TEACHER = {"rounds": 200, "params": {**PARAMS, "num_leaves": 63, "learning_rate": 0.1}}


@dataclass(frozen=True)
class Size:
    """A stage of some size, as it did on the judging worlds."""

    leaves: int
    depth: int
    rate: float
    rounds: int
    log_odds: np.ndarray
    row_us: float

    @property
    def name(self) -> str:
        """Rounds x leaves, depth where it is bounded, learning rate."""
        deep = f" d{self.depth}" if self.depth > 0 else ""
        return f"{self.rounds} x {self.leaves}{deep} @{self.rate:g}"


def log_loss(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean log loss in nats, probabilities clipped at 1e-4."""
    p = np.clip(probabilities, 1e-4, 1 - 1e-4)
    return float(np.average(-(labels * np.log(p) + (1 - labels) * np.log(1 - p)), weights=weights))


def sizes_of(stages: Stages, stage: str, judge: Lesson, rounds: list[int], **made: float) -> list[Size]:
    """Return one stage at several numbers of rounds, with its CPU time a row on one thread."""
    booster = getattr(stages, stage)
    # Models answer alike rows beside each other, so that is how they are timed.
    timed = np.concatenate([rows for _, rows in stages.alike(judge.matrix[:TIMED_ROWS], threads=1)])
    found = []
    for count in rounds:
        took = []
        for _ in range(3):
            began = time.process_time()
            booster.predict(timed, raw_score=True, num_threads=1, num_iteration=count)
            took.append(time.process_time() - began)
        log_odds = booster.predict(judge.matrix, raw_score=True, num_threads=1, num_iteration=count)
        found.append(Size(**made, rounds=count, log_odds=log_odds, row_us=min(took) / len(timed) * 1e6))
    return found


def taught(train: Lesson, share: float, threads: int) -> np.ndarray:
    """Return the labels, mixed with what large stages say that have learned from the other half of the worlds."""
    half = np.arange(len(train.labels)) < len(train.labels) // 2  # rows stand in the order of their worlds
    said = np.empty((len(half), 3))
    for here in (half, ~half):
        stages = fit_stages(
            train.matrix[~here], train.labels[~here], train.weight[~here], threads=threads, **TEACHER
        )
        log_odds = expit(stages.log_odds(train.matrix[here], threads=threads))
        said[here] = three_probabilities(log_odds[:, 0], log_odds[:, 1])
    return (1 - share) * train.labels + share * said


def table_of(sizes: dict[str, list[Size]], judge: Lesson) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return each stage's sizes with their own log loss, and every pair of sizes with that of p_human."""
    labels = judge.labels.astype(np.float64)
    not_machine = 1 - labels[:, 2]
    asked = {
        "machine": (labels[:, 2], judge.weight),
        "human": (labels[:, 0], judge.weight * not_machine),
    }
    alone = pd.DataFrame(
        [
            {
                "stage": stage,
                "size": size.name,
                "log_loss": log_loss(asked[stage][0], expit(size.log_odds), asked[stage][1]),
                "rows_per_s": 1e6 / size.row_us,
            }
            for stage in STAGES
            for size in sizes[stage]
        ]
    )
    rows = []
    for machine, human in itertools.product(sizes["machine"], sizes["human"]):
        answers = three_probabilities(expit(machine.log_odds), expit(human.log_odds))
        rows.append(
            {
                "machine": machine.name,
                "human": human.name,
                "log_loss": log_loss(labels[:, 0], answers[:, 0], judge.weight),
                "rows_per_s": 1e6 / (machine.row_us + human.row_us),
            }
        )
    return alone, pd.DataFrame(rows)


def unbeaten(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that no other beats in both log loss and speed, quickest first."""
    quickest_first = pairs.sort_values("rows_per_s", ascending=False)
    best_so_far = quickest_first["log_loss"].cummin().shift(fill_value=np.inf)
    return quickest_first[quickest_first["log_loss"] < best_so_far]


def main() -> None:
    """Fit, judge and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=100, help="how many worlds train")
    parser.add_argument("--judge", type=int, default=30, help="how many worlds judge")
    parser.add_argument("--leaves", type=int, nargs="+", default=[7, 15, 31, 63])
    parser.add_argument("--depth", type=int, nargs="+", default=[-1], help="-1 for as deep as leaves allow")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.1, 0.2], help="learning rates")
    parser.add_argument("--rounds", type=int, nargs="+", default=[20, 40, 60, 80, 120, 160, 240])
    parser.add_argument("--teacher", type=float, default=0.0, help="a large model's share in the labels")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the simulated lessons between runs")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="a CSV file for all pairs")
    asked = parser.parse_args()
    train = lessons(range(asked.worlds), asked.jobs, "train", asked.keep)
    judge = lessons(range(200_000, 200_000 + asked.judge), asked.jobs, "judge", asked.keep)
    labels = taught(train, asked.teacher, asked.jobs) if asked.teacher else train.labels
    sizes: dict[str, list[Size]] = {stage: [] for stage in STAGES}
    for leaves, depth, rate in itertools.product(asked.leaves, asked.depth, asked.rates):
        began = time.monotonic()
        stages = fit_stages(
            train.matrix,
            labels,
            train.weight,
            rounds=max(asked.rounds),
            params={**PARAMS, "num_leaves": leaves, "max_depth": depth, "learning_rate": rate},
            threads=asked.jobs,
        )
        for stage in STAGES:
            sizes[stage] += sizes_of(
                stages, stage, judge, asked.rounds, leaves=leaves, depth=depth, rate=rate
            )
        print(f"{leaves} leaves, depth {depth}, rate {rate:g}: {time.monotonic() - began:.0f} s", flush=True)
    alone, pairs = table_of(sizes, judge)
    shown = {"log_loss": "{:.4f}".format, "rows_per_s": "{:,.0f}".format}
    print(f"\n{len(train.matrix):,} opens train, {len(judge.matrix):,} judge; one thread\n")
    print(alone.to_string(index=False, formatters=shown))
    print("\nPairs that no other beats in both, log loss of p_human before calibration:\n")
    print(unbeaten(pairs).to_string(index=False, formatters=shown))
    if asked.out:
        pairs.to_csv(asked.out, index=False)


if __name__ == "__main__":
    main()
