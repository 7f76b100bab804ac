"""How many events a second are simulated: `python tests/bench/bench_worlds.py [--messages N] [--grid N]`.

One process, first to tables in memory, then to files as `paperknife simulate` makes them; then a grid of worlds of all
families with joblib, as the default model's lessons and the judging of families make them. Time is CPU time, so
that what runs beside does not count.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time

from joblib import Parallel, delayed

from paperknife.worlds.families import FAMILIES
from paperknife.worlds.world import make_world, simulate

FLOOR = 20_000
"""Events a second and core that the project promises."""


def rate_of(family: str, messages: int, seed: int, *, to_files: bool) -> tuple[int, float]:
    """Return how many events one world has, and the CPU seconds it took."""
    began = time.process_time()
    if to_files:
        with tempfile.TemporaryDirectory() as folder:
            world = simulate(folder, family, messages, seed)
    else:
        world = make_world(family, messages, seed)
    return len(world.events), time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--grid", type=int, default=3, help="worlds per family")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    make_world("plain", 200)  # imports are no simulation
    slowest = float("inf")
    for to_files in (False, True):
        for family in ("plain", "varied", "sales_mail", "gateway_heavy", "times_only"):
            events, took_s = rate_of(family, asked.messages, 1, to_files=to_files)
            slowest = min(slowest, events / took_s)
            where = "files" if to_files else "memory"
            print(f"{family:<20}{where:<8}{events:>12,} events{events / took_s:>14,.0f} a second and core")

    began = time.perf_counter()
    worlds = [(family, seed) for family in FAMILIES for seed in range(asked.grid)]
    made = Parallel(n_jobs=asked.jobs)(
        delayed(rate_of)(family, 12_000, seed, to_files=False) for family, seed in worlds
    )
    events, took_s = sum(n for n, _ in made), time.perf_counter() - began
    print(f"grid of {len(worlds)} worlds, {asked.jobs} jobs: {events:,} events in {took_s:.0f} s")
    if slowest < FLOOR:
        raise SystemExit(f"Below {FLOOR:,} events a second and core.")


if __name__ == "__main__":
    main()
