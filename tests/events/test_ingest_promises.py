"""What ingest promises whatever happens: killed at any point, in any time zone, by any number of processes."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from paperknife.errors import PayloadError
from paperknife.events import ingest as module
from paperknife.events.connectors import PROVIDERS, connector
from paperknife.events.ingest import ingest
from paperknife.events.log import read_events

SAMPLES = Path(__file__).parent / "connectors" / "samples"
FROM_AVRO_OR_BY_MAP = {"generic"}


def event(n, **fields):
    return {"email": f"reader{n % 7}@example.org", "timestamp": 1769850000 + 20_000 * n, "event": "open",
            "sg_event_id": f"e{n}", "sg_message_id": f"m{n % 4}.x{n}", "useragent": "Añ", **fields}  # fmt: skip


def write(path, events):
    path.write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
    return path


def files_of(log):
    """Return the log's own files, byte by byte; the lock is none."""
    kept = [path for path in sorted(log.rglob("*")) if path.is_file() and path.name != "_lock"]
    return {str(path.relative_to(log)): path.read_bytes() for path in kept}


# Every step that changes the disk may be the last one: the process kills itself before it. The parent has used no
# library that starts threads yet, so that it may fork.
KILLING = """
import os, signal, sys
from pathlib import Path
import duckdb, joblib, msgspec, pandas, pyarrow, pyarrow.compute, pyarrow.parquet
from paperknife.events.ingest import ingest

source, out = sys.argv[1:3]

def dying_at(step):
    left = [step]
    def watched(kept):
        def call(*args, **options):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return kept(*args, **options)
        return call
    for name in ("replace", "unlink", "mkdir", "write_text", "open"):
        setattr(Path, name, watched(getattr(Path, name)))
    pyarrow.parquet.write_table = watched(pyarrow.parquet.write_table)
    pyarrow.parquet.ParquetWriter.write_table = watched(pyarrow.parquet.ParquetWriter.write_table)

for step in range(200):
    child = os.fork()
    if child == 0:
        dying_at(step)
        ingest(source, f"{out}/{step}", "sendgrid", workers=1, max_bad_share=0.2)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
print(step)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Return a folder of half-made logs, one for each step at which the run was killed, and the payloads."""
    folder = tmp_path_factory.mktemp("killed")
    rows = [event(n) for n in range(12)]
    rows[5]["timestamp"] = None
    source = write(folder / "events.ndjson", rows * 2)
    done = subprocess.run(
        [sys.executable, "-c", KILLING, source, folder / "logs"],
        env={**os.environ, "PAPERKNIFE_HASH_KEY": "a key that only the tests know"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, source, int(done.stdout)


def test_killed_at_any_step_it_reads_as_a_log_and_run_again_it_is_as_if_never_killed(killed, tmp_path):
    folder, source, steps_n = killed
    ingest(source, tmp_path / "whole", "sendgrid", max_bad_share=0.2)
    whole, ids = files_of(tmp_path / "whole"), set(read_events(tmp_path / "whole").to_pandas()["event_id"])
    assert steps_n > 20
    for step in range(steps_n):
        log = folder / "logs" / str(step)
        if list(log.glob("day=*/*")):
            assert set(read_events(log).to_pandas()["event_id"]) <= ids
        ingest(source, log, "sendgrid", max_bad_share=0.2)
        assert files_of(log) == whole, step


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns"])
def test_the_time_zone_of_the_machine_changes_nothing(tmp_path, zone):
    sample = json.loads((SAMPLES / "mailgun.json").read_text())["payloads"]
    write(tmp_path / "events.ndjson", sample)
    ingest(tmp_path / "events.ndjson", tmp_path / "here", "mailgun")
    program = "import sys; from paperknife.events.ingest import ingest; ingest(*sys.argv[1:3], 'mailgun')"
    subprocess.run(
        [sys.executable, "-c", program, tmp_path / "events.ndjson", tmp_path / "there"],
        env={**os.environ, "TZ": zone, "LC_ALL": "C"}, check=True,
    )  # fmt: skip
    assert files_of(tmp_path / "here") == files_of(tmp_path / "there")


@pytest.fixture
def _small_batches(monkeypatch):
    monkeypatch.setattr(module, "_TASKS_BYTES", 1)
    monkeypatch.setattr(module, "_ALONE", 0)


@pytest.mark.usefixtures("_small_batches")
def test_several_processes_make_the_same_log_as_one(tmp_path):
    rows = [event(n) for n in range(60)]
    rows[3]["event"], rows[4]["event"] = "teleported", None
    for part in range(6):
        write(tmp_path / f"{part}.json", rows[part::6])
    reports = [
        ingest(str(tmp_path / "*.json"), tmp_path / f"log{workers}", "auto", workers=workers)
        for workers in (1, 2)
    ]
    assert files_of(tmp_path / "log1").keys() == files_of(tmp_path / "log2").keys()
    days = [{n: data for n, data in files_of(tmp_path / f"log{w}").items() if "day=" in n} for w in (1, 2)]
    assert days[0] == days[1]
    assert reports[0].events == reports[1].events == {"open": 58}
    assert reports[0].quarantined == reports[1].quarantined == {"the event's type is missing or no text": 1}
    assert reports[0].unknown_types == reports[1].unknown_types == {"teleported": 1}


@pytest.mark.usefixtures("_small_batches")
def test_an_error_while_several_processes_read_is_raised_and_nothing_is_added(tmp_path):
    for part in range(4):
        write(tmp_path / f"{part}.json", [event(part)])
    (tmp_path / "9.json").write_bytes(
        gzip.compress(json.dumps([event(n) for n in range(500)]).encode())[:-20]
    )
    with pytest.raises(PayloadError, match=r"9\.json is damaged: its gzip data break off"):
        ingest(str(tmp_path / "*.json"), tmp_path / "log", "sendgrid", workers=2)
    assert not list((tmp_path / "log").glob("day=*"))


@pytest.mark.parametrize("name", [name for name in PROVIDERS if name not in FROM_AVRO_OR_BY_MAP])
def test_every_providers_file_is_recognised_in_every_layout_and_gives_the_same_log(tmp_path, hasher, name):
    told = json.loads((SAMPLES / f"{name}.json").read_text())
    payloads = told["payloads"]
    expected = connector(name, hasher).parse_all(payloads).events
    layouts = {
        "array": json.dumps(payloads),
        "pretty": "\n".join(json.dumps(one, indent=2) for one in payloads),
        "lines": "\n".join(map(json.dumps, payloads)),
    }
    for layout, text in layouts.items():
        (tmp_path / layout).write_text(text, encoding="utf-8")
        report = ingest(tmp_path / layout, tmp_path / "logs" / layout, "auto")
        assert report.providers == {name: 1}
        found = read_events(tmp_path / "logs" / layout).to_pandas()
        assert set(found["event_id"]) == {one.event_id for one in expected}
    logs = [files_of(tmp_path / "logs" / layout) for layout in layouts]
    assert logs[0] == logs[1] == logs[2]
    for data in logs[0].values():
        assert b"ada.fern" not in data.lower()


@pytest.mark.parametrize("name", PROVIDERS)
def test_files_with_holes_and_junk_never_raise_what_is_not_ours(tmp_path, name):
    text = (SAMPLES / f"{name}.json").read_bytes()
    draw = random.Random(name)
    for turn in range(12):
        data = bytearray(text)
        for _ in range(draw.randint(1, 6)):
            place = draw.randrange(len(data))
            data[place : place + draw.randint(0, 40)] = draw.randbytes(draw.randint(0, 20))
        if turn % 3 == 0:
            del data[draw.randrange(len(data)) :]
        source = tmp_path / f"{turn}"
        source.write_bytes(data or b" ")
        try:
            report = ingest(source, tmp_path / "log", name, max_bad_share=1)
            assert report.rows_n >= 0
        except PayloadError as error:
            assert "@" not in str(error)  # noqa: PT017 - it may raise or not
    for path in (tmp_path / "log").rglob("*"):
        assert path.is_dir() or b"ada.fern@" not in path.read_bytes().lower()
