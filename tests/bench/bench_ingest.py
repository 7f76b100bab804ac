"""How fast payloads become a log, beside what the mere decoding of the same file costs, and how much memory it takes.

Run: python tests/bench/bench_ingest.py [EVENTS]     (default 5,000,000; the file takes about 350 bytes an event)

One file of SendGrid events, one a line. First msgspec decodes it into dicts, line by line, and nothing else; then
`paperknife ingest` makes a log of it, with the provider named and recognised, each in a process of its own; then
decoding once more, since these machines are shared. Memory is the most that the process and its children held
together, sampled. At last one day is added to that log, and to one of two days.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec

START = 1_769_850_000
AGENTS = (
    "Mozilla/5.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148",
)


def write_events(path: Path, events_n: int, days: int, start: int = START) -> None:
    """Write SendGrid events: a third sent, a third delivered, the rest opens and some clicks."""
    rng = random.Random(start)
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        for n in range(events_n):
            message = n // 3
            recipient = message * 7919 % max(1, events_n // 12)
            kind = ("processed", "delivered", "open" if rng.random() < 0.9 else "click")[n % 3]
            event = {
                "email": f"user{recipient}@example{recipient % 500}.com",
                "timestamp": start + n * 86_400 * days // events_n + rng.randrange(3_600),
                "smtp-id": f"<{message:x}abc.{message}@geopod-ismtpd-2>",
                "event": kind,
                "category": ["newsletter", f"c{message // 5000}"],
                "sg_event_id": f"{rng.getrandbits(88):022x}",
                "sg_message_id": f"{start:x}{message:x}kRT4wq.recvd-6c5f-x2-1-697DB9D0-1.0",
            }
            if kind in {"open", "click"}:
                event |= {
                    "useragent": rng.choice(AGENTS),
                    "ip": f"172.225.{rng.randrange(256)}.{rng.randrange(256)}",
                }
            if kind == "open":
                event |= {"sg_machine_open": rng.random() < 0.5, "sg_content_type": "html"}
            if kind == "click":
                event["url"] = f"https://shop.example.org/p/{rng.randrange(1000)}?utm=1"
            if kind == "delivered":
                event |= {"response": "250 OK", "ip": "198.51.100.7", "tls": 1}
            file.write(encode(event) + b"\n")


def decoding_s(path: Path) -> tuple[float, float]:
    """Return the seconds, by the clock and of the processor, that decoding every line into a dict takes."""
    decode = msgspec.json.Decoder().decode
    began, began_cpu = time.perf_counter(), time.process_time()
    with path.open("rb") as file:
        for line in file:
            decode(line)
    return time.perf_counter() - began, time.process_time() - began_cpu


def children_cpu_s() -> float:
    """Return the processor's seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class PeakMemory(threading.Thread):
    """The most that a process and its children held together (proportional share of what they share), in MB."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak_mb, self.ended = pid, 0.0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.5):
            self.peak_mb = max(self.peak_mb, sum(map(self._held_mb, self._family(self.pid))))

    def _family(self, pid: int) -> list[int]:
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return []
        return [pid, *(one for child in children for one in self._family(int(child)))]

    def _held_mb(self, pid: int) -> float:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            return 0.0
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def ingesting(path: Path, log: Path, provider: str) -> tuple[float, float, float]:
    """Return the seconds (clock, processor) and peak memory of one `paperknife ingest`, starting included."""
    command = [
        Path(sys.executable).with_name("paperknife"),
        "ingest",
        "--provider",
        provider,
        path,
        "--out",
        log,
    ]
    began, began_cpu = time.perf_counter(), children_cpu_s()
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL)
    memory = PeakMemory(process.pid)
    memory.start()
    code = process.wait()
    took_s = time.perf_counter() - began
    memory.ended.set()
    memory.join()
    if code:
        sys.exit("paperknife ingest failed")
    return took_s, children_cpu_s() - began_cpu, memory.peak_mb


def main() -> None:
    """Print rates, their ratios to mere decoding, and memory."""
    events_n = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    os.environ.setdefault("PAPERKNIFE_HASH_KEY", "a key for the bench alone")
    folder = Path(tempfile.mkdtemp(prefix="paperknife-bench-"))
    try:
        source = folder / "events.ndjson"
        write_events(source, events_n, days=30)
        print(f"{events_n:,} events, {source.stat().st_size / 1e6:,.0f} MB, {os.cpu_count()} cores")
        decoded_s = [decoding_s(source)]
        runs = []
        for provider in ("sendgrid", "auto"):
            runs.append((provider, *ingesting(source, folder / provider, provider)))
            decoded_s.append(decoding_s(source))
        baseline, baseline_cpu = sorted(decoded_s)[len(decoded_s) // 2]
        print(f"{'decoding alone, median of three':<34}{events_n / baseline:>10,.0f} events a second")
        for provider, took_s, cpu_s, peak_mb in runs:
            print(
                f"{'ingest --provider ' + provider:<34}{events_n / took_s:>10,.0f} events a second, "
                f"{baseline / took_s:.2f} of decoding ({cpu_s / baseline_cpu:.1f} times its processor time), "
                f"peak {peak_mb:,.0f} MB"
            )
        day = folder / "day.ndjson"
        write_events(day, 100_000, days=1, start=START + 40 * 86_400)
        write_events(folder / "small.ndjson", 200_000, days=2)
        ingesting(folder / "small.ndjson", folder / "small", "sendgrid")
        for name in ("small", "sendgrid"):
            took_s, _, peak_mb = ingesting(day, folder / name, "sendgrid")
            days_n = len(list((folder / name).glob("day=*")))
            print(f"adding 100,000 events to a log of {days_n} days: {took_s:.1f} s, peak {peak_mb:,.0f} MB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
