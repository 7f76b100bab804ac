"""Make the label model from simulated senders that the default model has not seen: `make model`, after the default.

It learns how far each source of labels may be believed beside the default model, on logs of the family `varied` with
numbers of their own: what a model says of opens it was fitted to would look more certain than it is.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from paperknife.events.log import read_events
from paperknife.evidence.history import gather_horizons
from paperknife.evidence.networks import NetworkTable
from paperknife.hazards.messages import message_table
from paperknife.labels.clues import log_odds
from paperknife.labels.label_model import LabelModel, label_model_file
from paperknife.labels.soft_labels import soft_labels
from paperknife.model.bundle import load_model
from paperknife.worlds.world import make_world

HERE = Path(__file__).resolve().parent
FIRST_SEED = 200_000
OPENS_PER_WORLD = 3_000
FEWEST_OPENS = 30
FOLDS = 5


def lesson_of(seed: int, model_folder: Path) -> pd.DataFrame | None:
    """Return the clues of some of a varied world's opens, with the truth (`is_person`); None where there are too few."""
    rng = np.random.default_rng([seed, 77])
    messages_n = int(np.exp(rng.uniform(np.log(500), np.log(20_000))))
    world = make_world("varied", messages=messages_n, seed=seed, days=float(rng.choice([14, 28, 35, 49])))
    log = read_events(world.events)
    settled = gather_horizons(log, ("settled",), networks=NetworkTable.built_in(), threads=1)["settled"]
    if settled.empty:
        return None
    said = load_model(model_folder).predict(settled, threads=1)
    prior = pd.DataFrame(said, columns=["p_human", "p_prefetch", "p_machine"], index=settled.index)
    clues = soft_labels(settled, message_table(log, settled), prior=prior).clues
    truth = world.truth_opens.set_index("event_id")["label"]
    label = truth.loc[settled["event_id"].iloc[clues.index]].to_numpy(dtype=object)
    lesson = clues.assign(is_person=(label == "human").astype(np.float32), world=seed)[label != "machine"]
    if len(lesson) < FEWEST_OPENS:
        return None
    drawn = np.random.default_rng([seed, 79]).permutation(len(lesson))[:OPENS_PER_WORLD]
    return lesson.iloc[np.sort(drawn)]


def fit(lessons: pd.DataFrame) -> LabelModel:
    """Return the label model; a world weighs by the root of its size."""
    opens_n = lessons.groupby("world")["world"].transform("size").to_numpy()
    return LabelModel.fit(lessons, lessons["is_person"].to_numpy(float), np.sqrt(OPENS_PER_WORLD / opens_n))


def losses(lessons: pd.DataFrame, p: np.ndarray) -> np.ndarray:
    """Return the mean log loss of each world."""
    odds, person = log_odds(p), lessons["is_person"].to_numpy(float)
    each = np.logaddexp(0, odds) - person * odds
    return pd.Series(each).groupby(lessons["world"].to_numpy()).mean().to_numpy()


def main() -> None:
    """Make the label model, and say what it gains on worlds that it did not learn from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--start", type=Path, default=HERE / "default", help="the model that labels are weighed beside"
    )
    parser.add_argument(
        "--keep", type=Path, help="a file that keeps the lessons, to fit again without simulating"
    )
    asked = parser.parse_args()
    began = time.monotonic()
    if asked.keep and asked.keep.exists():
        lessons = pd.read_parquet(asked.keep)
    else:
        seeds = range(FIRST_SEED, FIRST_SEED + asked.worlds)
        found = Parallel(n_jobs=asked.jobs)(delayed(lesson_of)(seed, asked.start) for seed in seeds)
        lessons = pd.concat([one for one in found if one is not None], ignore_index=True)
        if asked.keep:
            lessons.to_parquet(asked.keep)
    print(
        f"{lessons['world'].nunique()} worlds, {len(lessons):,} opens, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    p = np.zeros(len(lessons))
    for fold in range(FOLDS):
        there = (lessons["world"] % FOLDS == fold).to_numpy()
        p[there] = fit(lessons[~there]).p_human(lessons[there])
    start = losses(lessons, 1 / (1 + np.exp(-lessons["prior"].to_numpy(float))))
    ours = losses(lessons, p)
    print(
        f"log loss per world, cross-validated by worlds: {start.mean():.4f} by the starting model, {ours.mean():.4f} by "
        f"the label model; worse in {(ours > start + 0.0005).mean():.0%} of worlds, by at most {(ours - start).max():.3f}"
    )
    label_model_file().write_text(fit(lessons).booster.model_to_string(), encoding="utf-8")
    print(label_model_file())


if __name__ == "__main__":
    main()
