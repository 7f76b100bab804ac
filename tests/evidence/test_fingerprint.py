"""Whatever changes what a model sees changes the fingerprint; what does not, does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paperknife.evidence import features, fingerprint


@pytest.fixture
def fresh():
    """Return a function that computes the fingerprint anew."""

    def compute():
        fingerprint.fingerprint.cache_clear()
        return fingerprint.fingerprint()

    yield compute
    fingerprint.fingerprint.cache_clear()


def first_formula_off(monkeypatch):
    first, *others = features.catalogue()
    changed = (replace(first, formula=lambda c: first.formula(c) * 1.01), *others)
    monkeypatch.setattr(features, "catalogue", lambda: changed)


def sql_changed(monkeypatch):
    read = fingerprint.sql_text
    monkeypatch.setattr(fingerprint, "sql_text", lambda name: read(name).replace("60000000", "70000000"))


def kinds_changed(monkeypatch):
    table = fingerprint.kinds_table()
    monkeypatch.setattr(fingerprint, "kinds_table", lambda: table.assign(is_visible=False))


def constant_changed(monkeypatch):
    monkeypatch.setattr(fingerprint, "BURST_US", 0)


@pytest.mark.parametrize("change", [first_formula_off, sql_changed, kinds_changed, constant_changed])
def test_a_change_of_what_is_seen_changes_it(fresh, change):
    before = fresh()
    with pytest.MonkeyPatch.context() as patch:
        change(patch)
        assert fresh() != before
    assert fresh() == before


def test_a_comment_does_not(fresh, monkeypatch):
    before = fresh()
    read = fingerprint.sql_text
    monkeypatch.setattr(fingerprint, "sql_text", lambda name: "-- why\n" + read(name))
    assert fresh() == before
