from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.errors import NetworkListError
from paperknife.evidence import network_lists
from paperknife.evidence.network_lists import import_list, keep_list, kept_files, lists_folder, read_list

if TYPE_CHECKING:
    from pathlib import Path

APPLES = b"""\
172.224.226.0/31,GB,GB-EN,London,
172.224.226.2/31,GB,GB-EN,London,
2a02:26f7:b000::/64,US,US-CA,LOS ANGELES,
"""


def keep(data: bytes, folder: Path, **options) -> network_lists.NetworkList:
    return keep_list(data, source="list.csv", **{"network_class": "apple_relay", **options}, folder=folder)


@pytest.mark.parametrize(
    ("data", "prefixes"),
    [
        (APPLES, ("172.224.226.0/30", "2a02:26f7:b000::/64")),
        (b"203.0.113.0/24\n2001:db8::/32\n", ("203.0.113.0/24", "2001:db8::/32")),
        (b"\n# made by hand\n203.0.113.0/25 # half\n; the rest\n  203.0.113.128/25;\n", ("203.0.113.0/24",)),
        (b"\xef\xbb\xbf203.0.113.7\r\n203.0.113.7\r\n", ("203.0.113.7/32",)),
        (b"prefix,country,region,city,\n203.0.113.0/24,DE,,,\n", ("203.0.113.0/24",)),
    ],
)
def test_reads_apples_csv_and_plain_lists_and_merges(
    data: bytes, prefixes: tuple[str, ...], tmp_path: Path
) -> None:
    assert keep(data, tmp_path).prefixes == prefixes


def test_keeps_prefixes_with_source_date_and_digest(tmp_path: Path) -> None:
    kept = keep(APPLES, tmp_path)
    assert kept_files(tmp_path) == (tmp_path / "apple_relay.prefixes",)
    assert read_list(tmp_path / "apple_relay.prefixes") == kept
    assert (kept.name, kept.network_class, kept.source) == ("apple_relay", "apple_relay", "list.csv")
    assert timedelta(0) <= datetime.now(UTC) - kept.imported_at < timedelta(minutes=1)
    assert len(kept.digest) == 64
    assert keep(APPLES[::-1].replace(b"\n", b"#\n")[::-1] + APPLES, tmp_path).digest == kept.digest


def test_the_same_name_replaces_and_another_name_adds(tmp_path: Path) -> None:
    keep(b"203.0.113.0/24", tmp_path, network_class="cloud", name="host-a")
    keep(b"198.51.100.0/24", tmp_path, network_class="cloud", name="host-b")
    keep(b"192.0.2.0/24", tmp_path, network_class="cloud", name="host-b")
    lists = [read_list(file) for file in kept_files(tmp_path)]
    assert [kept.prefixes for kept in lists] == [("203.0.113.0/24",), ("192.0.2.0/24",)]


def test_imports_a_file_into_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERKNIFE_HOME", str(tmp_path / "home"))
    (tmp_path / "egress.csv").write_bytes(APPLES)
    kept = import_list(tmp_path / "egress.csv")
    assert kept.source == str(tmp_path / "egress.csv")
    assert kept_files() == (tmp_path / "home" / "networks" / "apple_relay.prefixes",)


@pytest.mark.parametrize(
    ("platform", "variable", "parts"),
    [
        ("linux", "XDG_DATA_HOME", ("paperknife", "networks")),
        ("win32", "LOCALAPPDATA", ("paperknife", "networks")),
        ("linux", "HOME", (".local", "share", "paperknife", "networks")),
        ("darwin", "HOME", ("Library", "Application Support", "paperknife", "networks")),
    ],
)
def test_without_a_home_of_its_own_lists_lie_where_the_platform_keeps_data(
    platform: str, variable: str, parts: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PAPERKNIFE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(network_lists.sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert lists_folder() == tmp_path.joinpath(*parts)


def test_a_few_bad_lines_are_left_out_and_named_without_their_text(tmp_path: Path) -> None:
    good = [f"203.0.{i}.0/25" for i in range(200)]
    bad = ["alice@example.com", "203.0.113.7/24", "0.0.0.0/0", "300.0.0.0/8"]
    kept = keep("\n".join([*good[:100], *bad, *good[100:]]).encode(), tmp_path)
    assert len(kept.prefixes) == 200
    assert kept.bad_lines_n == 4
    assert kept.bad_lines == (
        "line 101: no prefix",
        "line 102: address has bits beyond its prefix length",
        "line 103: wider than any published network",
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"^list\.csv holds no prefixes\. Expected one prefix a line"),
        (b"\n# only a comment\n", r"^list\.csv holds no prefixes\."),
        (b"prefix,country\n", r"^list\.csv holds no prefixes\."),
        (b"<!DOCTYPE html><html>404</html>", r"^list\.csv is a web page, no network list\."),
        (b'\n {"prefixes": []}', r"^list\.csv is JSON, no network list\."),
        (b"\x1f\x8b\x08\x00\xff", r"^list\.csv is no text\. .* not compressed\."),
        ("203.0.113.0/24".encode("utf-16"), r"^list\.csv is no text\."),
        (
            b"203.0.113.0/24\na\nb\nc\nd\n",
            r"4 of 5 lines are bad \(line 2: no prefix; line 3: no prefix; line 4: no prefix\)\. Expected one prefix",
        ),
        (b"::/0\n", r"1 of 1 lines are bad \(line 1: wider than any published network\)"),
    ],
)
def test_refuses_what_is_no_list_and_leaves_the_kept_one(data: bytes, message: str, tmp_path: Path) -> None:
    kept = keep(APPLES, tmp_path)
    with pytest.raises(NetworkListError, match=message):
        keep(data, tmp_path)
    assert [read_list(file) for file in tmp_path.iterdir()] == [kept]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    try:
        blocks, _ = network_lists._parse(data, "list.csv")
    except NetworkListError:
        return
    assert blocks


def test_refuses_unknown_classes_and_suggests_the_near_one(tmp_path: Path) -> None:
    with pytest.raises(
        NetworkListError, match=r"'aple_relay' is no network class\..*Did you mean 'apple_relay'\?"
    ):
        keep(APPLES, tmp_path, network_class="aple_relay")


@pytest.mark.parametrize("name", ["../escape", "A", "a b", "-x", "x" * 65])
def test_refuses_names_that_are_no_plain_file_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(NetworkListError, match=r"cannot name a network list\. Use lower-case letters"):
        keep(APPLES, tmp_path, name=name)


def test_says_when_a_file_cannot_be_read_or_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        NetworkListError, match=r"Cannot read the network list .*none\.csv: No such file or directory"
    ):
        import_list(tmp_path / "none.csv", folder=tmp_path)
    monkeypatch.setattr(network_lists, "LARGEST_BYTES", 10)
    (tmp_path / "large.csv").write_bytes(APPLES)
    with pytest.raises(NetworkListError, match=r"large\.csv is larger than .* MB and so no network list"):
        import_list(tmp_path / "large.csv", folder=tmp_path)


def test_says_when_the_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        NetworkListError, match=r"Cannot keep the network list in .*file.*set PAPERKNIFE_HOME"
    ):
        keep(APPLES, tmp_path / "file")


@pytest.mark.parametrize("damage", [b"203.0.113.0/24\n", b"# digest: 0\n"])
def test_notices_a_list_that_was_changed_after_its_import(damage: bytes, tmp_path: Path) -> None:
    keep(APPLES, tmp_path)
    (path,) = kept_files(tmp_path)
    path.write_bytes(path.read_bytes() + damage)
    with pytest.raises(
        NetworkListError, match=r"apple_relay\.prefixes was changed after its import\. Import it again"
    ):
        read_list(path)


def test_says_when_a_kept_list_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.prefixes").mkdir()
    with pytest.raises(
        NetworkListError, match=r"Cannot read the network list .*x\.prefixes: Is a directory\. Mend"
    ):
        read_list(tmp_path / "x.prefixes")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"# name: x\n203.0.113.0/24\n"])
def test_notices_a_file_that_is_no_kept_list(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.prefixes").write_bytes(content)
    with pytest.raises(NetworkListError, match="was changed after its import"):
        read_list(tmp_path / "x.prefixes")


@pytest.mark.parametrize(
    ("data", "share", "version"),
    [
        (b"203.0.113.0/26\n2001:db8::/32\n", "25%", "IPv4"),
        (b"203.0.113.0/24\n2001:db8::/48\n", "0%", "IPv6"),
        (b"203.0.113.0/24\n", "0%", "IPv6"),
    ],
)
def test_refuses_a_list_that_lost_more_than_half_where_told_to(
    data: bytes, share: str, version: str, tmp_path: Path
) -> None:
    kept = keep(b"203.0.113.0/24\n2001:db8::/32\n", tmp_path)
    message = (
        rf"from list\.csv covers {share} of the {version} addresses of the list of \d{{4}}-.*stays in use"
    )
    with pytest.raises(NetworkListError, match=message):
        keep(data, tmp_path, may_shrink=False)
    assert read_list(kept_files(tmp_path)[0]) == kept
    keep(data, tmp_path)
    assert read_list(kept_files(tmp_path)[0]) != kept
