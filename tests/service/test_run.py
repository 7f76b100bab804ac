"""The server starts only where it is clear who may ask."""

from __future__ import annotations

import logging
import sys

import pytest

from paperknife.errors import BundleError, MissingExtraError, ServiceError
from paperknife.service import run
from paperknife.service.run import PathsOnly, allowed_keys, log_config, serve


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_keys_may_be_waived_on_loopback(host):
    assert allowed_keys(["a key"], host, no_auth=True) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.4", "mail.example.org", "localhost.example.org"])  # noqa: S104
def test_keys_may_not_be_waived_where_others_can_connect(host):
    with pytest.raises(ServiceError, match=f"--no-auth on {host} would let anybody on the network ask"):
        allowed_keys([], host, no_auth=True)


def test_without_keys_it_does_not_start(monkeypatch):
    monkeypatch.delenv("PAPERKNIFE_API_KEYS", raising=False)
    with pytest.raises(ServiceError, match=r"Set PAPERKNIFE_API_KEYS .* or pass --no-auth"):
        serve()


def test_a_model_that_is_none_stops_it(tmp_path):
    with pytest.raises(BundleError, match="holds no manifest"):
        serve(tmp_path, no_auth=True)


@pytest.mark.parametrize("absent", ["fastapi", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(monkeypatch, absent):
    for name in [name for name in sys.modules if name.startswith("paperknife.service.")]:
        if name != run.__name__:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(
        MissingExtraError, match=r"The HTTP service needs the 'service' extra.*paperknife\[service\]"
    ):
        serve(no_auth=True)


def test_it_listens_when_warm(monkeypatch, counting_model):
    heard = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **options: heard.update(app=app, **options))
    monkeypatch.setenv("PAPERKNIFE_API_KEYS", "a key")
    asked = []
    predict = counting_model.predict
    counting_model.predict = lambda evidence, **options: asked.append(len(evidence)) or predict(evidence)
    serve(counting_model, "0.0.0.0", 9000)  # noqa: S104
    assert asked == [1]
    assert (heard["host"], heard["port"]) == ("0.0.0.0", 9000)  # noqa: S104
    assert heard["app"].state.model is counting_model


def test_the_access_log_holds_paths_only():
    config = log_config()
    assert config["handlers"]["access"]["filters"] == ["paths_only"]
    assert config["filters"]["paths_only"]["()"] is PathsOnly
    asked = ("127.0.0.1:5", "GET", "/v1/model?who=alice@example.org", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', asked, None)
    assert PathsOnly().filter(record)
    assert record.getMessage() == '127.0.0.1:5 - "GET /v1/model HTTP/1.1" 200'
