from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from paperknife.errors import NetworkListError
from paperknife.evidence import network_update
from paperknife.evidence.network_lists import kept_files, read_list
from paperknife.evidence.network_update import update
from paperknife.evidence.networks import NetworkTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIST = b"203.0.113.0/25,DE,DE-BE,Berlin,\n203.0.113.128/25,DE,DE-BE,Berlin,\n2001:db8::/64,US,US-CA,LOS ANGELES,\n"


@contextmanager
def served(answers: dict[str, tuple[int, bytes]]) -> Iterator[str]:
    """Serve (status, body or place to go on to) by path on loopback, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[self.path]
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", body.decode())
                body = b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_fetches_and_keeps_the_list_for_later_loads(tmp_path: Path) -> None:
    with served({"/list.csv": (200, LIST)}) as address:
        kept = update(f"{address}/list.csv", folder=tmp_path)
    assert kept.prefixes == ("203.0.113.0/24", "2001:db8::/64")
    assert kept.source == f"{address}/list.csv"
    assert NetworkTable.load(tmp_path).classify(["203.0.113.7"]).tolist() == ["apple_relay"]


def test_left_out_the_address_is_apples_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []
    monkeypatch.setattr(network_update, "_fetch", lambda address, _: asked.append(address) or LIST)
    update(folder=tmp_path)
    assert asked == ["https://mask-api.icloud.com/egress-ip-ranges.csv"]


def test_follows_a_few_redirects(tmp_path: Path) -> None:
    with served({"/old": (302, b"/new"), "/new": (200, LIST)}) as address:
        assert update(f"{address}/old", folder=tmp_path).prefixes == ("203.0.113.0/24", "2001:db8::/64")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            (404, b"no such list"),
            r"Cannot fetch the network list from http://127.*: HTTP Error 404: Not Found\. .* stays",
        ),
        ((302, b"/list.csv"), r"Cannot fetch .*redirect"),
        (
            (302, b"http://example.com/list.csv"),
            r"^'http://example\.com/list\.csv' is not secure\. Expected .*https://",
        ),
        ((302, b"file:///etc/hosts"), r"Redirection to url 'file:///etc/hosts' is not allowed"),
        ((200, b"<html>please log in</html>"), "is a web page, no network list"),
        ((200, b""), "holds no prefixes"),
        ((200, b"203.0.113.0/24\n"), "covers 0% of the IPv6 addresses .* stays in use"),
    ],
)
def test_keeps_the_old_list_when_anything_is_wrong(
    answer: tuple[int, bytes], message: str, tmp_path: Path
) -> None:
    with served({"/list.csv": (200, LIST)}) as address:
        kept = update(f"{address}/list.csv", folder=tmp_path)
    with served({"/list.csv": answer}) as address, pytest.raises(NetworkListError, match=message):
        update(f"{address}/list.csv", folder=tmp_path)
    assert [read_list(file) for file in kept_files(tmp_path)] == [kept]


def test_says_when_nobody_answers(tmp_path: Path) -> None:
    with served({}) as address:
        pass
    with pytest.raises(
        NetworkListError, match=r"Cannot fetch .*Connection refused.* download it and import the file"
    ):
        update(f"{address}/list.csv", folder=tmp_path)


def test_refuses_an_endless_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_update, "LARGEST_BYTES", 20)
    with (
        served({"/list.csv": (200, LIST)}) as address,
        pytest.raises(NetworkListError, match=r"The answer of http.* is larger than .* MB .* stays"),
    ):
        update(f"{address}/list.csv", folder=tmp_path)


@pytest.mark.parametrize(
    "url", ["http://example.com/list.csv", "ftp://example.com/list", "file:///etc/hosts", "list.csv"]
)
def test_refuses_addresses_that_are_not_secure(url: str, tmp_path: Path) -> None:
    with pytest.raises(
        NetworkListError, match=r"is not secure\. Expected an address that begins with https://"
    ):
        update(url, folder=tmp_path)
