"""Mail addresses inside other text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.events.addresses import replace_addresses, with_plain_at_signs
from paperknife.events.identity import RecipientHasher


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("bounce for alice@example.org.", "bounce for <address>."),
        ("https://x.org/u?e=alice%40example.org&n=1", "https://x.org/u?e=<address>&n=1"),
        ("https://x.org/u?e=alice%2540example.org", "https://x.org/u?e=<address>"),
        ("https://x.org/alice%2Bnews%40example.org/", "https://x.org/<address>/"),
        ('{"to": "o\'neil+x@mail.example.co.uk"}', '{"to": "<address>"}'),
        ('{"to": "alice\\u0040example.org"}', '{"to": "<address>"}'),
        ("alice&#64;example.org", "<address>"),
        ("<Alice <alice@[192.0.2.1]>>", "<Alice <<address>>>"),
        ('"odd local"@example.org', "<address>"),
        ("jörg@exämple.org", "<address>"),
        ("https://social.example/@alice", "https://social.example/@alice"),
        ("no at sign", "no at sign"),
    ],
)
def test_addresses_go_and_the_rest_stays(text, left):
    assert replace_addresses(text) == left


# Signs that RFC 5322 allows in a local part, but that end a field in URLs and JSON, cut an address short.
PLAIN = st.emails().filter(lambda address: not set("/?=&#|{}'\"") & set(address))


@given(st.text(max_size=30), PLAIN, st.text(max_size=30))
def test_no_address_survives_anywhere(before, address, after):
    assert f"{address} " not in replace_addresses(f"{before} {address} {after}")


def test_every_encoding_of_an_at_sign_is_undone():
    assert with_plain_at_signs("a%2540b%40c&#64;d\\u0040e") == "a@b@c@d@e"


@pytest.mark.parametrize("piece", ["a", "a'", "%25", "25", "&#0", "0", "\\", '"a', "a@", "a%40", "%2%3"])
def test_long_texts_take_no_longer_than_they_are_long(piece):
    # With a time that grows with the square of the length, each of these would take minutes.
    text = "&#%" + piece * 100_000 + " alice@example.org"
    assert replace_addresses(text).endswith(" <address>")
    assert with_plain_at_signs(text).endswith(" alice@example.org")
    hasher = RecipientHasher(b"0123456789abcdef")
    assert hasher.hide_addresses(text).endswith(hasher.hash("alice@example.org"))
