"""How many opens a second a model answers on one thread: `OMP_NUM_THREADS=1 python tests/bench/bench_model.py`.

One world, one run, everything side by side: the boosters alone, calibrated probabilities, the same with their shares
by view and with reasons, LightGBM's own shares (TreeSHAP) on a sample, and the whole way from a log to verdicts. CPU
seconds, the best of some runs; memory is what a line held at most besides what was there before, arrays that
LightGBM gives back among it (DuckDB's own is not).
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np

from paperknife.events.log import read_events
from paperknife.evidence.features import encode
from paperknife.evidence.history import gather_evidence
from paperknife.model.bundle import load_model
from paperknife.model.explain import VIEWS, composed, reasons_of, views_of_features
from paperknife.verdicts.scoring import score
from paperknife.worlds.world import make_world

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from paperknife.model.bundle import Model
    from paperknife.model.explain import Explanation

SAMPLE_N = 2_000


class Bench:
    """Lines of a table, each against the first that counts as scoring."""

    def __init__(self) -> None:
        self.cost: dict[str, float] = {}

    def run(
        self, name: str, work: Callable[[], Any], rows_n: int, *, against: str = "", times: int = 3
    ) -> Any:
        """Print rows a CPU second, the cost against another line, and peak memory; return what came out."""
        took = []
        for _ in range(times):
            began = time.process_time()
            result = work()
            took.append(time.process_time() - began)
        self.cost[name] = min(took) / rows_n
        ratio = f"{self.cost[name] / self.cost[against]:7.2f}x" if against else " " * 8
        tracemalloc.start()  # not while the clock runs: it makes everything slower
        work()
        held_mb = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        print(f"{name:<34}{1 / self.cost[name]:>12,.0f} a second {ratio}  {held_mb:7,.0f} MB", flush=True)
        return result


def agreement(
    model: Model, matrix: np.ndarray, shap: tuple[np.ndarray, np.ndarray], ours: Explanation
) -> None:
    """Print how often shares read off the leaves and those of TreeSHAP name the same."""
    places = np.array(views_of_features())
    raw = model.stages.log_odds(matrix, threads=1)
    calibrated = (ours.machine.sum(axis=1), ours.human.sum(axis=1))
    theirs = []
    for stage, name in enumerate(("machine", "human")):
        by_view = np.column_stack(
            [shap[stage][:, :-1][:, places == n].sum(axis=1) for n in range(max(places) + 1)]
        )
        theirs.append(composed(by_view, shap[stage][0, -1], raw[:, stage], calibrated[stage]))
        own = getattr(ours, name)[:, : by_view.shape[1]]
        same = np.abs(own).argmax(axis=1) == np.abs(by_view).argmax(axis=1)
        correlation = np.corrcoef(own.ravel(), by_view.ravel())[0, 1]
        print(
            f"{name}: strongest view as TreeSHAP's {same.mean():.1%}, correlation of shares {correlation:.3f}"
        )
    codes = reasons_of(theirs[0], theirs[1], ours.probabilities[:, 2])
    pairs = list(zip(ours.reasons(), codes, strict=True))
    first = np.mean([mine[:1] == other[:1] for mine, other in pairs])
    among = np.mean([set(other[:1]) <= set(mine) for mine, other in pairs])
    print(f"reasons: first as TreeSHAP's {first:.1%}, its first among our three {among:.1%}")
    off = max(
        float(np.abs(part.sum(axis=1) - whole).max()) for part, whole in zip(theirs, calibrated, strict=True)
    )
    print(f"both add up to the same log-odds within {off:.0e} ({len(VIEWS)} views)")


def bench(model: Model, evidence: pd.DataFrame) -> None:
    """Print all lines that start from evidence."""
    lines, rows_n = Bench(), len(evidence)
    matrix = lines.run("encode evidence", lambda: encode(evidence), rows_n)
    seen_s, roads = evidence["seen_s"].to_numpy(), evidence["mechanism"].to_numpy(dtype=object)
    for name in ("machine", "human"):
        booster = getattr(model.stages, name)
        trees = f"{booster.num_trees()} trees"
        lines.run(
            f"Booster.predict, {name}, {trees}",
            lambda booster=booster: booster.predict(matrix, raw_score=True, num_threads=1),
            rows_n,
        )
    lines.run("both boosters", lambda: model.stages.log_odds(matrix, threads=1), rows_n)
    scoring = "calibrated probabilities"
    probabilities = lines.run(
        scoring,
        lambda: model.probabilities(matrix, seen_s, roads, threads=1),
        rows_n,
        against="both boosters",
    )
    model.explained(matrix[:1], seen_s[:1], roads[:1])  # the tables of the leaves are made once a model
    ours = lines.run(
        "with shares by view",
        lambda: model.explained(matrix, seen_s, roads, threads=1),
        rows_n,
        against=scoring,
    )
    lines.run(
        "with reasons",
        lambda: model.explained(matrix, seen_s, roads, threads=1).reasons(),
        rows_n,
        against=scoring,
    )
    if not np.array_equal(ours.probabilities, probabilities):
        sys.exit("Probabilities with and without shares do not agree to the last bit.")
    some = np.random.default_rng(0).permutation(rows_n)[:SAMPLE_N]
    shap = lines.run(
        f"TreeSHAP, {len(some):,} opens",
        lambda: model.stages.contributions(matrix[some], threads=1),
        len(some),
        against=scoring,
        times=1,
    )
    agreement(model, matrix[some], shap, model.explained(matrix[some], seen_s[some], roads[some], threads=1))


def main() -> None:
    """Make a world and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", default="varied")
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=200_100)
    parser.add_argument("--model", help="default: the model that ships")
    asked = parser.parse_args()
    model = load_model(asked.model)
    log = read_events(make_world(asked.family, messages=asked.messages, seed=asked.seed).events)
    evidence = gather_evidence(log, horizon="settled")
    print(f"{len(evidence):,} opens, one thread; ratios are costs")
    bench(model, evidence)
    whole = Bench()
    whole.run("log to verdicts", lambda: score(log, model), len(evidence), times=1)
    whole.run(
        "log to verdicts with reasons",
        lambda: score(log, model, reasons=True),
        len(evidence),
        against="log to verdicts",
        times=1,
    )
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"the process held {peak_mb:,.0f} MB at most, the making of the world among it")


if __name__ == "__main__":
    main()
