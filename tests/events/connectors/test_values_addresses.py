"""Addresses and JSON inside texts, as some providers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.events.connectors.values import embedded_json, mail_addresses


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("ada@example.org", ["ada@example.org"]),
        (" ada@example.org ", ["ada@example.org"]),
        ("Ada Fern <Ada@example.org>", ["Ada@example.org"]),
        ('"Fern, Ada" <ada@example.org>', ["ada@example.org"]),
        ("<ada@example.org>", ["ada@example.org"]),
        ("ada@example.org (Ada)", ["ada@example.org"]),
        ("ada@example.org, Bob <bob@example.org>", ["ada@example.org", "bob@example.org"]),
        (["Ada@example.org", "ada@example.org", "bob@example.org"], ["Ada@example.org", "bob@example.org"]),
        (["ada@example.org", None, "", 7.5, []], ["ada@example.org"]),
        ("<<<", ["<<<"]),
        ("(" * 100_000, ["(" * 100_000]),
        (None, []),
        ([], []),
        ({"a": 1}, []),
    ],
)
def test_bare_addresses_each_once(given, found):
    assert mail_addresses(given) == found


@given(st.text(alphabet='ab@<>,;()".\\[] \n\x00é', max_size=60))
def test_no_text_raises_and_none_is_lost(said):
    assert bool(mail_addresses(said)) == bool(said.strip())


@pytest.mark.parametrize(
    ("given", "meant"),
    [("[1]", [1]), ('{"a": 2}', {"a": 2}), ("no JSON", "no JSON"), ("", ""), ("[" * 100_000, "[" * 100_000),
     ('"\ud800"', '"\ud800"'), ([1], [1]), (None, None)],
)  # fmt: skip
def test_json_inside_a_text(given, meant):
    assert embedded_json(given) == meant
