"""Certificates fetched from a server of this machine: what stands for https is only the last step to it."""

from __future__ import annotations

import http.client
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from paperknife.errors import SignatureError
from paperknife.events.certificates import CERTIFICATE_BYTES, KEPT_N, CertificateFetcher, _NoRedirects

PEM = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        status = {"/gone.pem": 404, "/moved.pem": 302}.get(self.path, 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "https://sns.eu-west-1.amazonaws.com/a.pem")
        self.end_headers()
        self.wfile.write(PEM if self.path != "/long.pem" else b"x" * (CERTIFICATE_BYTES + 1))

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def fetch(server):
    class HereInstead(urllib.request.HTTPSHandler):
        def https_open(self, request):
            request.host = f"127.0.0.1:{server.server_port}"
            return self.do_open(http.client.HTTPConnection, request)

    opener = urllib.request.build_opener(HereInstead, _NoRedirects, urllib.request.ProxyHandler({}))
    return CertificateFetcher(opener.open)


def address(name):
    return f"https://sns.eu-west-1.amazonaws.com/{name}"


def test_a_certificate_is_fetched_once(server, fetch):
    assert [fetch(address("a.pem")) for _ in range(3)] == [PEM] * 3
    assert server.asked == ["/a.pem"]


def test_only_so_many_are_kept(server, fetch):
    for number in range(KEPT_N + 1):
        fetch(address(f"{number}.pem"))
    fetch(address(f"{KEPT_N}.pem"))
    fetch(address("0.pem"))
    assert len(server.asked) == KEPT_N + 2


@pytest.mark.parametrize("name", ["gone.pem", "moved.pem"])
def test_what_cannot_be_fetched_and_what_would_lead_elsewhere(server, fetch, name):
    with pytest.raises(SignatureError, match=r"cannot be fetched \(HTTPError\)"):
        fetch(address(name))
    assert server.asked == [f"/{name}"]


def test_what_is_too_long_is_no_certificate(fetch):
    with pytest.raises(SignatureError, match="is longer than 64 kB"):
        fetch(address("long.pem"))


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.pem", "file:///etc/hosts", "ftp://127.0.0.1/a.pem", ""])
def test_nothing_but_https_is_fetched(server, fetch, url):
    with pytest.raises(SignatureError, match="only fetched over https"):
        fetch(url)
    with pytest.raises(SignatureError, match="only fetched over https"):
        CertificateFetcher()(url)
    assert server.asked == []


def test_where_nobody_listens_the_reason_is_told():
    def refuse(url, timeout):
        raise ConnectionRefusedError(url, timeout)

    with pytest.raises(SignatureError, match=r"cannot be fetched \(ConnectionRefusedError\)"):
        CertificateFetcher(refuse)(address("a.pem"))
