"""How many addresses a second are classified: `python tests/bench/bench_networks.py [LIST OF PREFIXES ...]`.

Lists given as arguments are imported as Apple's relay list, into a folder thrown away afterwards. Text goes in and
classes come out, so the time includes reading the addresses. The standard library's `ipaddress` goes over a sample
of the same addresses, against the same rows, beside it.
"""

from __future__ import annotations

import argparse
import ipaddress
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paperknife.evidence.network_lists import import_list
from paperknife.evidence.networks import NetworkTable, network_keys

if TYPE_CHECKING:
    from collections.abc import Callable

LOOKUPS_N = 1_000_000
SAMPLE_N = 50


def draw_v4(rng: np.random.Generator, n: int) -> list[str]:
    return [f"{a >> 24}.{a >> 16 & 255}.{a >> 8 & 255}.{a & 255}" for a in rng.integers(0, 2**32, n).tolist()]


def draw_v6(rng: np.random.Generator, n: int) -> list[str]:
    heads = ("2a02:26f7", "2606:54c0", "2a01:e0a", "2003:c0", "2601:200", "2600:1900")
    parts = rng.integers(0, 65536, (n, 4)).tolist()
    return [f"{heads[a % len(heads)]}:{b:x}:{c:x}::{d:x}" for a, b, c, d in parts]


def print_rate(name: str, work: Callable[[], object], n: int) -> None:
    started = time.perf_counter()
    work()
    print(f"{name:<44}{n / (time.perf_counter() - started):>14,.0f} a second")


def classify_by_ipaddress(table: NetworkTable, texts: list[str]) -> list[str]:
    networks = [(ipaddress.ip_network(row.prefix), row.network_class) for row in table.rows]
    addresses = [ipaddress.ip_address(text) for text in texts]
    return [
        next((name for network, name in networks if address in network), "other") for address in addresses
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lists", nargs="*", type=Path)
    lists = parser.parse_args().lists
    with tempfile.TemporaryDirectory() as folder:
        for file in lists:
            import_list(file, name=file.stem.lower().replace(".", "-"), folder=folder)
        started = time.perf_counter()
        table = NetworkTable.load(folder)
        print(f"{len(table.rows):,} rows loaded in {time.perf_counter() - started:.2f} s")

    rng = np.random.default_rng(0)
    v4, v6 = draw_v4(rng, LOOKUPS_N), draw_v6(rng, LOOKUPS_N)
    repeats = [v4[i] for i in rng.integers(0, 20_000, LOOKUPS_N).tolist()]
    for name, texts in (("distinct IPv4", v4), ("distinct IPv6", v6), ("20,000 IPv4, repeated", repeats)):
        print_rate(f"classify, {name}", lambda texts=texts: table.classify(texts), LOOKUPS_N)
        print_rate(f"network_keys, {name}", lambda texts=texts: network_keys(texts), LOOKUPS_N)
    sample = v4[:SAMPLE_N] + v6[:SAMPLE_N]
    print_rate(
        f"ipaddress in a loop, {len(sample)} of each",
        lambda: classify_by_ipaddress(table, sample),
        len(sample),
    )
    if table.classify(sample).tolist() != classify_by_ipaddress(table, sample):
        sys.exit("The two do not agree.")


if __name__ == "__main__":
    main()
