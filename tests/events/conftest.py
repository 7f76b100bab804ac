"""A hash key of the tests' own, so that no test makes or reads the user's."""

from __future__ import annotations

import pytest

from paperknife.events.identity import RecipientHasher

KEY = "a key that only the tests know"


@pytest.fixture(autouse=True)
def _own_key(monkeypatch, tmp_path):
    monkeypatch.setenv("PAPERKNIFE_HASH_KEY", KEY)
    monkeypatch.setenv("PAPERKNIFE_HOME", str(tmp_path / "home"))


@pytest.fixture
def hasher():
    return RecipientHasher(KEY.encode())
