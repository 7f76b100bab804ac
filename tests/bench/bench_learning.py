"""How much of what could be learned each method leaves: `make bench-learning`, or `make bench-learning-quick`.

Every family of simulated senders, several logs each: published rules, the default model, `train` without truth and with
panels of 20 and 300 recipients, oracles. Writes into a folder the answers of every trial, and from them results.parquet,
results.json and table.md, which holds the table of issue 4 with its targets and a pass or fail per row. Oracles and
gathered evidence are kept in build/learning, so a second run takes a fraction of the first.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from joblib import Parallel, delayed

from paperknife.errors import NothingToJudgeError
from paperknife.model.bundle import default_model_folder, load_model
from paperknife.trials.cases import CASES, UNSEEN, find_case
from paperknife.trials.oracles import OracleSize, base_oracle
from paperknife.trials.page import page
from paperknife.trials.rungs import DEFAULT, TRAINED, WITH_FEW, WITH_PANEL
from paperknife.trials.shelf import Shelf
from paperknife.trials.summary import ceilings, gaps, only, origins, read_trials, regrets
from paperknife.trials.targets import judge
from paperknife.trials.trial import TrialSize, run_trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from paperknife.model.bundle import Model
    from paperknife.trials.cases import Case
    from paperknife.trials.trial import Trial

FULL = TrialSize(16_000, oracle=OracleSize(40_000, 8_000), base=OracleSize(200_000, 8_000, 250))
QUICK = TrialSize(10_000, oracle=OracleSize(15_000, 4_000), base=OracleSize(25_000, 4_000), with_gaps=False)
QUICK_CASES = ("plain", "varied", "rare_prefetch")
TINY_TIMES = 4
"""A tiny log says little, so there are this many times more of them."""
BOUNDS = Path(__file__).with_name("learning_bounds.json")
"""Excess over the oracle, all opens, that the quick variant had when it was last recorded: by case, horizon, method."""
MARGIN = 0.01
"""Nats that may come on top, for other machines; a learner that lost something worth having shows more."""
BOUND = (DEFAULT, TRAINED, WITH_FEW, WITH_PANEL)
OF_HELD_OUT = "How much of what could be learned is left"
OF_UNSEEN = "The same on families that nobody had looked at"
"""Titles of pages, and of their sections in the card."""


def trials_of(case: Case, default: Model, size: TrialSize, shelf: Shelf) -> Iterator[Trial]:
    """Yield trials of a case without end; a sender who sent all mail at once is passed over."""
    for number in count():
        try:
            yield run_trial(case, number, default, size, shelf, threads=1)
        except NothingToJudgeError as passed:
            print(f"{case.name}, log {number}: {passed}", flush=True)


def try_case(name: str, logs: int, default: Model, size: TrialSize, shelf: Shelf, answers: Path) -> None:
    """Run the trials of one case and keep their answers in a folder."""
    began, case = time.monotonic(), find_case(name)
    wanted_n = logs * (TINY_TIMES if case.family == "tiny" else 1)
    for trial in islice(trials_of(case, default, size, shelf), wanted_n):
        trial.save(answers)
    print(f"{case.name}: {time.monotonic() - began:.0f} s", flush=True)


def report(out: Path, about: dict[str, object], title: str) -> pd.DataFrame:
    """Write what all trials in a folder say together, and return it."""
    trials = read_trials(out / "answers")
    table, lost, parts = regrets(trials), gaps(trials), origins(trials)
    ceiling = ceilings(trials)
    targets = judge(table, lost, ceiling)
    table.to_parquet(out / "results.parquet", index=False)
    rows = {
        name: json.loads(rows.to_json(orient="records"))
        for name, rows in (("targets", targets), ("origins", parts))
    }
    (out / "results.json").write_text(json.dumps({"about": about, **rows}, indent=1) + "\n")
    (out / "table.md").write_text(page(about, targets, table, parts, lost, ceiling, title))
    print((out / "table.md").read_text().split("## Regret")[0])
    return table


def excesses(table: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return each case's excess over the oracle on all opens, by horizon and method."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in only(table, value="all opens").to_dict("records"):
        if row["method"] in BOUND:
            by_horizon = found.setdefault(row["case"], {}).setdefault(row["horizon"], {})
            by_horizon[row["method"]] = round(row["excess"], 4)
    return found


def broken_bounds(table: pd.DataFrame) -> list[str]:
    """Return a line per recorded bound that an excess has passed by more than the margin, or that was not tried."""
    now = excesses(table)
    return [
        f"{case}, {horizon}, {method}: {found:.4f}, was {bound:.4f}"
        for case, horizons in json.loads(BOUNDS.read_text()).items()
        for horizon, bounds in horizons.items()
        for method, bound in bounds.items()
        # Written so that a figure that is no number is no pass.
        if not (found := now.get(case, {}).get(horizon, {}).get(method, float("inf"))) <= bound + MARGIN
    ]


def put_in_card(model: Model, text: str) -> None:
    """Write the targets and the regrets into the card of the default model, in place of those of that title or last."""
    tables = (
        text.split("\n## Where the excess", maxsplit=1)[0]
        .replace("\n## ", "\n### ")
        .removeprefix("# ")
        .rstrip()
    )
    title = tables.splitlines()[0]
    sections = model.card.rstrip().split("\n\n## ")
    if all(section.splitlines()[0] != title for section in sections):
        sections.append(title)
    sections = [tables if section.splitlines()[0] == title else section for section in sections]
    replace(model, card="\n\n## ".join(sections) + "\n").save(default_model_folder())


def commit() -> str:
    """Return the commit, marked where the tree had changes."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "no commit"


def main() -> None:
    """Run the trials that are asked for, and write what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"small logs of {', '.join(QUICK_CASES)} only")
    parser.add_argument("--record", action="store_true", help=f"write {BOUNDS.name} anew from this run")
    parser.add_argument("--cases", help="names, with semicolons between; default: all")
    parser.add_argument(
        "--unseen", action="store_true", help="the families nobody has looked at: once a release"
    )
    parser.add_argument("--logs", type=int, help="judged logs per case (default 2, quick 1)")
    parser.add_argument("--messages", type=int, help="of each judged log")
    parser.add_argument("--oracle-opens", type=int, help="opens whose truth an oracle learns from")
    parser.add_argument("--model", help="the default model to try; a folder")
    parser.add_argument("--only-report", action="store_true", help="of the trials that stand in --out")
    parser.add_argument("--card", action="store_true", help="put the tables into the default model's card")
    parser.add_argument(
        "--jobs", type=int, default=2, help="cases tried at a time, each on one core and in 3 GB"
    )
    parser.add_argument("--keep", type=Path, default=Path("build/learning"))
    parser.add_argument("--out", type=Path, default=Path("build/bench-learning"))
    asked = parser.parse_args()
    if asked.card and (asked.model or asked.quick):
        parser.error("--card is for the full tables of the default model: leave out --model and --quick")
    size = QUICK if asked.quick else FULL
    oracle = OracleSize(asked.oracle_opens or size.oracle.opens, size.oracle.messages)
    size = TrialSize(asked.messages or size.messages, oracle, size.base, with_gaps=size.with_gaps)
    wanted = UNSEEN if asked.unseen else CASES
    names = (
        asked.cases.split(";") if asked.cases else QUICK_CASES if asked.quick else [c.name for c in wanted]
    )
    logs = asked.logs or (1 if asked.quick else 2)
    default, shelf = load_model(asked.model), Shelf(asked.keep)
    # The user's own network lists must not decide a figure.
    with tempfile.TemporaryDirectory() as home:
        os.environ["PAPERKNIFE_HOME"] = home
        if not asked.only_report:
            base_oracle(size.base, shelf)
            Parallel(n_jobs=asked.jobs)(
                delayed(try_case)(name.strip(), logs, default, size, shelf, asked.out / "answers")
                for name in names
            )
    about = {
        "made on": dt.datetime.now(dt.UTC).date().isoformat(),
        "commit": commit(),
        "command": " ".join(["bench_learning.py", *sys.argv[1:]]),
        "default model": default.model_id,
        "size": f"judged logs a case: {logs}, of {size.messages:,} messages; oracles of {size.oracle.opens:,} opens",
    }
    said = asked.out / "about.json"
    if asked.only_report:
        about = json.loads(said.read_text())
    said.write_text(json.dumps(about, indent=1) + "\n")
    table = report(asked.out, about, OF_UNSEEN if asked.unseen else OF_HELD_OUT)
    if asked.card:
        if about["default model"] != default.model_id:
            sys.exit("These figures are of another model than the default one: its card was left as it is.")
        put_in_card(default, (asked.out / "table.md").read_text())
    if asked.record:
        BOUNDS.write_text(json.dumps(excesses(table), indent=1) + "\n")
    broken = broken_bounds(table) if asked.quick else []
    if broken:
        sys.exit("Learning got worse than what was recorded:\n" + "\n".join(broken))


if __name__ == "__main__":
    main()
