"""How much of what could be learned each method leaves: `make bench-learning`, or `make bench-learning-quick`.

Every family of simulated senders, several logs each: published rules, the default model, `train` without truth and with
a panel, oracles. Writes into a folder the answers of every trial, and from them results.parquet, results.json and
table.md, which holds the table of issue 4 with its targets and a pass or fail per row. Oracles and gathered evidence
are kept in build/learning, so a second run takes a fraction of the first.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from paperknife.model.bundle import load_model
from paperknife.trials.cases import CASES, find_case
from paperknife.trials.oracles import OracleSize
from paperknife.trials.shelf import Shelf
from paperknife.trials.trial import TrialSize, run_trial

FULL = TrialSize(16_000, OracleSize(200_000, 8_000), own_oracle=OracleSize(30_000, 8_000, worlds_most=30))
QUICK = TrialSize(6_000, OracleSize(25_000, 4_000), with_gaps=False)
QUICK_CASES = ("plain", "rare_prefetch", "times_only")
TINY_TIMES = 4
"""A tiny log says little, so there are this many times more of them."""


def main() -> None:
    """Run the trials that are asked for, and write what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"small logs of {', '.join(QUICK_CASES)} only")
    parser.add_argument("--cases", help="names, with semicolons between; default: all")
    parser.add_argument("--logs", type=int, help="judged logs per case (default 3, quick 1)")
    parser.add_argument("--messages", type=int, help="of each judged log")
    parser.add_argument("--oracle-opens", type=int, help="opens whose truth an oracle learns from")
    parser.add_argument("--model", help="the default model to try; a folder")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("build/learning"))
    parser.add_argument("--out", type=Path, default=Path("build/bench-learning"))
    asked = parser.parse_args()
    size = QUICK if asked.quick else FULL
    oracle = OracleSize(asked.oracle_opens or size.oracle.opens, size.oracle.messages)
    size = TrialSize(asked.messages or size.messages, oracle, size.own_oracle, with_gaps=size.with_gaps)
    names = asked.cases.split(";") if asked.cases else QUICK_CASES if asked.quick else [c.name for c in CASES]
    logs = asked.logs or (1 if asked.quick else 3)
    default, shelf, began = load_model(asked.model), Shelf(asked.keep), time.monotonic()
    # The user's own network lists must not decide a figure.
    with tempfile.TemporaryDirectory() as home:
        os.environ["PAPERKNIFE_HOME"] = home
        for case in map(find_case, (name.strip() for name in names)):
            for number in range(logs * (TINY_TIMES if case.family == "tiny" else 1)):
                run_trial(case, number, default, size, shelf, threads=asked.threads).save(
                    asked.out / "answers"
                )
            print(f"{case.name}: {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
