"""Which provider a payload comes from: what holds no event at all."""

from __future__ import annotations

import pytest

from paperknife.errors import PayloadError
from paperknife.events.ingest import ingest


@pytest.mark.parametrize("ping", ['[{"msys": {}}]', "mandrill_events=%5B%5D"])
def test_a_ping_alone_is_recognised_and_no_row(tmp_path, ping):
    (tmp_path / "ping").write_text(ping)
    report = ingest(tmp_path / "ping", tmp_path / "log", "auto")
    assert (report.pings_n, report.rows_n, report.quarantined) == (1, 0, {})


def test_an_empty_batch_of_nobody_knows_whom_is_named_as_such(tmp_path):
    (tmp_path / "batch.json").write_text("[]")
    with pytest.raises(PayloadError, match="holds no events, and so nobody can tell whose it is"):
        ingest(tmp_path / "batch.json", tmp_path / "log", "auto")
