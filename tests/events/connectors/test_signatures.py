"""The plain shared secret, as most providers have no more than that."""

from __future__ import annotations

import base64

import pytest

from paperknife.errors import SignatureError
from paperknife.events.connectors.signatures import SharedSecret

SECRET = "user:a long password"


def check(headers, secret=SECRET):
    SharedSecret().check(headers, b"{}", secret, url=None, now=0.0)


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()},
     {"authorization": f"Bearer {SECRET}"}, {"authorization": SECRET}, {"x-webhook-secret": SECRET},
     {"x-auth-token": SECRET, "authorization": "Basic !"}],
)  # fmt: skip
def test_the_secret_is_found_wherever_providers_put_it(headers):
    check(headers)


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Basic " + base64.b64encode(b"user:another").decode()}, {"authorization": "Basic"},
     {"authorization": "Basic é"}, {"authorization": "Bearer "}, {"x-webhook-token": SECRET + "x"}],
)  # fmt: skip
def test_another_secret_is_refused(headers):
    with pytest.raises(SignatureError, match="The request's secret is another one"):
        check(headers)


def test_no_secret_in_the_request_or_on_our_side():
    with pytest.raises(SignatureError, match="The request carries no secret"):
        check({})
    for nothing in ("", "  ", None, 7):
        with pytest.raises(SignatureError, match="There is no secret to check the signature with"):
            check({"x-webhook-secret": ""}, nothing)
