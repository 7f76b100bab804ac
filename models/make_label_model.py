"""Make the label models from simulated senders that the default model has not seen: `make model`, after the default.

They learn how far each source of labels may be believed beside a starting model, on logs of the family `varied` with
numbers of their own: what a model says of opens it was fitted to would look more certain than it is. The starting models
are narrow (`narrow_models.py`), but for opens of which no source says whether they were people's: those without hazards,
and repeats where nothing tells whose traffic it is. There is nothing there to be believed instead, and of logs with times
only a narrow model knows next to nothing: on seven of them, written apart, label models made beside the default left .440
of loss, beside narrow ones .462. Figures beside the default model, on worlds that they did not learn from, are written to
label_models.json.

What `--keep` and `--keep-default` hold is taken as it is: after a change to worlds, evidence or labels name other
folders, as `make model` does.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from make_default import WITHOUT
from narrow_models import make_narrow_models, narrow_model

from paperknife.events.log import read_events
from paperknife.evidence.fingerprint import fingerprint
from paperknife.evidence.history import gather_horizons
from paperknife.evidence.networks import NetworkTable
from paperknife.evidence.open_networks import open_networks
from paperknife.hazards.messages import message_table
from paperknife.labels.clues import log_odds
from paperknife.labels.label_model import CLUES_TO, LabelModel, Question, label_model_file
from paperknife.labels.soft_labels import soft_labels
from paperknife.model.bundle import load_model
from paperknife.worlds.world import make_world

HERE = Path(__file__).resolve().parent
FIRST_SEED = 200_000
OPENS_PER_WORLD = 3_000
FEWEST_OPENS = 30
WORLDS_PER_FILE = 100
FOLDS = 5
"""It divides `NARROW_N`: what judges a world then learned beside other narrow models than that world's."""


CLASS: dict[Question, str] = {"people": "human", "machines": "machine"}


def lesson_of(
    seed: int, default: Path, narrow: Path, missing: tuple[str, ...] = ()
) -> dict[Question, pd.DataFrame]:
    """Return the clues of some of a varied world's opens with the truth, by question where there are enough of them.

    Each twice: beside a narrow model (`is_narrow`) and beside the default model. Where fields are missing, the world's
    log is taken to lack them (`is_without`).
    """
    rng = np.random.default_rng([seed, 77])
    messages_n = int(np.exp(rng.uniform(np.log(500), np.log(20_000))))
    world = make_world("varied", messages=messages_n, seed=seed, days=float(rng.choice([14, 28, 35, 49])))
    log = read_events(world.events.drop(columns=list(missing), errors="ignore"))
    settled = gather_horizons(log, ("settled",), networks=NetworkTable.built_in(), threads=1)["settled"]
    if settled.empty:
        return {}
    messages, networks = message_table(log, settled), open_networks(log, settled)
    truth = world.truth_opens.set_index("event_id")["label"].loc[settled["event_id"]].to_numpy(dtype=object)
    parts: dict[Question, list[pd.DataFrame]] = {question: [] for question in CLUES_TO}
    for is_narrow, folder in ((True, narrow_model(narrow, seed)), (False, default)):
        said = load_model(folder).predict(settled, threads=1)
        prior = pd.DataFrame(said, columns=["p_human", "p_prefetch", "p_machine"], index=settled.index)
        labels = soft_labels(settled, messages, prior=prior, networks=networks)
        for question, clues in (("people", labels.clues), ("machines", labels.machine_clues)):
            label = truth[clues.index]
            lesson = clues.assign(
                truth=(label == CLASS[question]).astype(np.float32),
                world=seed,
                is_narrow=is_narrow,
                is_without=bool(missing),
            )
            if question == "people":
                lesson = lesson[label != "machine"]
            if len(lesson) >= FEWEST_OPENS:
                drawn = np.random.default_rng([seed, 79]).permutation(len(lesson))[:OPENS_PER_WORLD]
                parts[question].append(lesson.iloc[np.sort(drawn)])
    return {question: pd.concat(found) for question, found in parts.items() if found}


def taught(lessons: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Return the lessons that a label model learns from: about people beside the default model where `label` is NaN."""
    is_narrow = lessons["is_narrow"]
    return lessons[is_narrow if question == "machines" else is_narrow == lessons["label"].notna()]


def fit(lessons: pd.DataFrame, question: Question) -> LabelModel:
    """Return the label model; a log weighs by the root of its size."""
    opens_n = lessons.groupby(["world", "is_without"])["world"].transform("size").to_numpy()
    return LabelModel.fit(
        lessons[list(CLUES_TO[question])],
        lessons["truth"].to_numpy(float),
        np.sqrt(OPENS_PER_WORLD / opens_n),
        question,
    )


def losses(lessons: pd.DataFrame, p: np.ndarray) -> np.ndarray:
    """Return the mean log loss of each world."""
    odds, truth = log_odds(p), lessons["truth"].to_numpy(float)
    each = np.logaddexp(0, odds) - truth * odds
    return pd.Series(each).groupby(lessons["world"].to_numpy()).mean().to_numpy()


def gathered(
    worlds: int, jobs: int, default: Path, narrow: Path, kept: Path | None
) -> dict[Question, pd.DataFrame]:
    """Return the lessons of many worlds by question, each as it is and without fields.

    From the folder that keeps them if there is one.
    """
    parts, beside = [], load_model(default).model_id
    for first in range(FIRST_SEED, FIRST_SEED + worlds, WORLDS_PER_FILE):
        seeds = range(first, min(first + WORLDS_PER_FILE, FIRST_SEED + worlds))
        files = {q: kept / f"{q}-{first}-{len(seeds)}-{beside}.parquet" for q in CLUES_TO} if kept else {}
        if files and all(file.exists() for file in files.values()):
            parts.append({question: pd.read_parquet(file) for question, file in files.items()})
            continue
        began = time.monotonic()
        logs = [(seed, fields) for seed in seeds for fields in ((), WITHOUT[seed % len(WITHOUT)])]
        found = Parallel(n_jobs=jobs)(
            delayed(lesson_of)(seed, default, narrow, missing) for seed, missing in logs
        )
        part = {
            question: pd.concat([one[question] for one in found if question in one], ignore_index=True)
            for question in CLUES_TO
        }
        print(f"worlds {seeds.start} to {seeds.stop - 1}, {time.monotonic() - began:.0f} s", flush=True)
        for question, file in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            part[question].to_parquet(file.with_suffix(".part"))
            file.with_suffix(".part").replace(file)
        parts.append(part)
    return {
        question: pd.concat([part[question] for part in parts], ignore_index=True) for question in CLUES_TO
    }


def make(lessons: pd.DataFrame, question: Question) -> dict[str, object]:
    """Make one label model; return its figures beside the default model, cross-validated by worlds."""
    learned, asked = taught(lessons, question), lessons[~lessons["is_narrow"]]
    p = np.zeros(len(asked))
    for fold in range(FOLDS):
        there = (asked["world"] % FOLDS == fold).to_numpy()
        model = fit(learned[learned["world"] % FOLDS != fold], question)
        p[there] = model.probability(asked.loc[there, list(CLUES_TO[question])])
    label_model_file(question).write_text(fit(learned, question).booster.model_to_string(), encoding="utf-8")
    is_without = asked["is_without"].to_numpy()
    return {
        "worlds_n": int(learned["world"].nunique()),
        "opens_learned_n": len(learned),
        **figures(asked[~is_without], p[~is_without]),
        "without_fields": figures(asked[is_without], p[is_without]),
    }


def figures(asked: pd.DataFrame, p: np.ndarray) -> dict[str, float]:
    """Return how the label model's probabilities compare with the starting model's, over worlds."""
    start, ours = losses(asked, 1 / (1 + np.exp(-asked["prior"].to_numpy(float)))), losses(asked, p)
    return {
        "opens_judged_n": len(asked),
        "log_loss_of_start": round(float(start.mean()), 4),
        "log_loss": round(float(ours.mean()), 4),
        "worse_share": round(float((ours > start + 0.0005).mean()), 3),
        "worse_by_at_95_percent": round(float(np.quantile(ours - start, 0.95)), 4),
        "worse_by_at_most": round(float((ours - start).max()), 3),
    }


def main() -> None:
    """Make the label models, and say what they gain on worlds that they did not learn from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=800)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--default", type=Path, default=HERE / "default", help="the default model")
    parser.add_argument(
        "--keep",
        type=Path,
        help="a folder that keeps lessons and narrow models, to fit again without simulating",
    )
    parser.add_argument("--keep-default", type=Path, help="the folder that keeps the default model's lessons")
    parser.add_argument(
        "--only",
        choices=list(CLUES_TO),
        help="make one, and leave the other, made beside the same model, as it is",
    )
    asked = parser.parse_args()
    began = time.monotonic()
    record, beside = HERE / "label_models.json", load_model(asked.default).model_id
    kept = json.loads(record.read_text(encoding="utf-8")) if asked.only else {}
    if kept and kept["beside"] != beside:
        parser.error("The other label model belongs to another default model: make both.")
    with TemporaryDirectory() as passing:
        narrow = (asked.keep or Path(passing)) / f"narrow-{fingerprint()[:12]}"
        make_narrow_models(narrow, asked.jobs, asked.keep_default)
        lessons = gathered(asked.worlds, asked.jobs, asked.default, narrow, asked.keep)
    print(f"gathered in {time.monotonic() - began:.0f} s", flush=True)
    made: dict[str, object] = kept | {"beside": beside}
    for question in [asked.only] if asked.only else CLUES_TO:
        today = dt.datetime.now(dt.UTC).date().isoformat()
        made[question] = {"made_on": today, **make(lessons[question], question)}
        print(question, json.dumps(made[question]), flush=True)
    record.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
