"""Pseudonyms and the key behind them."""

from __future__ import annotations

import hmac
import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.errors import HashKeyError
from paperknife.events import identity
from paperknife.events.identity import RecipientHasher, configuration_folder


@pytest.mark.parametrize("same", ["Alice@Example.ORG", " alice@example.org\n", "ALICE@EXAMPLE.ORG"])
def test_an_address_is_normalised_first(hasher, same):
    assert hasher.hash(same) == hasher.hash("alice@example.org")


def test_unicode_is_composed_and_nothing_else_is_done(hasher):
    assert hasher.hash("jo\u0308rg@example.org") == hasher.hash("jörg@example.org")
    assert hasher.hash("a.b+c@gmail.com") != hasher.hash("ab@gmail.com")


@given(st.text())
def test_the_hash_is_of_one_form_depends_on_the_key_and_hides_the_address(address):
    one, other = RecipientHasher(b"1" * 32), RecipientHasher(b"2" * 32)
    assert len(one.hash(address)) == 32
    assert one.hash(address) == RecipientHasher(b"1" * 32).hash(address) != other.hash(address)
    assert one.fingerprint != other.fingerprint


@pytest.mark.parametrize("length", [16, 63, 64, 65, 200])
def test_the_hash_is_the_beginning_of_the_standard_hmac(length):
    key = bytes(range(length))
    expected = hmac.digest(key, b"ada@example.org", "sha256").hex()[:32]
    assert RecipientHasher(key).hash("Ada@example.org") == expected


def test_addresses_in_urls_get_the_recipients_own_hash(hasher):
    pseudonym = hasher.hash("alice+x@example.org")
    for url in ("a?e=Alice%2Bx%40Example.org", "a?e=alice%252Bx%2540example.org", "a?e=alice+x@example.org"):
        assert hasher.hide_addresses(url) == f"a?e={pseudonym}"


def test_the_key_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("PAPERKNIFE_HASH_KEY", "k" * 20)
    assert RecipientHasher.load().fingerprint == RecipientHasher(b"k" * 20).fingerprint


@pytest.mark.parametrize("key", ["", "short"])
def test_a_key_that_is_short_is_refused_and_not_shown(monkeypatch, key):
    monkeypatch.setenv("PAPERKNIFE_HASH_KEY", key)
    with pytest.raises(
        HashKeyError, match=f"has {len(key)} bytes; expected at least 16. Set PAPERKNIFE_HASH_KEY"
    ):
        RecipientHasher.load()


@pytest.fixture
def no_key(monkeypatch):
    monkeypatch.delenv("PAPERKNIFE_HASH_KEY")


@pytest.mark.usefixtures("no_key")
def test_a_key_is_made_once_kept_for_its_owner_alone_and_found_again():
    first = RecipientHasher.load().fingerprint
    path = configuration_folder() / "hash.key"
    assert RecipientHasher.load().fingerprint == first
    assert len(path.read_text().strip()) == 64
    assert [file.name for file in path.parent.iterdir()] == ["hash.key"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("no_key")
def test_of_two_that_make_a_key_at_once_the_first_ones_stays(monkeypatch):
    RecipientHasher.load()
    path = configuration_folder() / "hash.key"
    kept = path.read_text()
    monkeypatch.setattr(Path, "exists", lambda self: False)
    RecipientHasher.load()
    assert path.read_text() == kept


@pytest.mark.usefixtures("no_key")
def test_a_damaged_key_file_is_refused():
    path = configuration_folder() / "hash.key"
    path.parent.mkdir(parents=True)
    path.write_text("not hexadecimal")
    with pytest.raises(
        HashKeyError, match=r"hash\.key is damaged: it is not hexadecimal. Restore it from a backup"
    ):
        RecipientHasher.load()


@pytest.mark.usefixtures("no_key")
def test_a_folder_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PAPERKNIFE_HOME", str(tmp_path / "file"))
    with pytest.raises(
        HashKeyError, match=r"cannot be read or made .*Set PAPERKNIFE_HASH_KEY, or name a folder"
    ):
        RecipientHasher.load()


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {"XDG_CONFIG_HOME": "/x/config"}, "/x/config/paperknife"),
        ("linux", {}, "~/.config/paperknife"),
        ("darwin", {}, "~/Library/Application Support/paperknife"),
        ("win32", {"APPDATA": "/x/roaming"}, "/x/roaming/paperknife"),
        ("linux", {"PAPERKNIFE_HOME": "/x/own"}, "/x/own"),
    ],
)
def test_each_platform_has_its_place(monkeypatch, platform, variables, folder):
    for name in ("PAPERKNIFE_HOME", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(identity.sys, "platform", platform)
    assert configuration_folder() == Path(folder).expanduser()
    assert sys.platform == platform


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("Ada@Example.org.", "example.org"),
        ("Ada Fern <ada@example.org>", "example.org"),
        ("ada@example.org (Ada Fern)", "example.org"),
        ("ada@example.org, Bea Moss", "example.org"),
        ("ada@[192.0.2.1]", "[192.0.2.1]"),
        ("ada@exämple.org", "exämple.org"),
        ("ada@", None),
        ("ada", None),
    ],
)
def test_the_domain_holds_nothing_of_what_stands_around_an_address(hasher, address, domain):
    assert hasher.hash_all([address])[1] == [domain]
