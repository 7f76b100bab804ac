"""A caller of the service, and a model whose answers are known."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import numpy as np
import pytest

from paperknife.service.app import create_app

NOW = datetime(2026, 3, 20, tzinfo=UTC)


class Caller:
    """Calls an app over HTTP, without a socket."""

    def __init__(self, app):
        self.app = app

    def __call__(self, method, path, **request):
        async def call():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.request(method, path, **request)

        return asyncio.run(call())

    def get(self, path, **request):
        return self("GET", path, **request)

    def post(self, path, **request):
        return self("POST", path, **request)

    def send(self, path, content, **headers):
        """Post bytes, or a stream of them, as JSON unless the headers say otherwise."""
        said = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.post(path, content=content, headers=said)


class CountingModel:
    """Takes an open for human the less, the more opens its message had: no file, no LightGBM."""

    model_id = "counting"
    card = "# A model for tests"
    manifest = {"model_id": "counting", "format": 1}  # noqa: RUF012  # as a Model's: read, never changed

    def predict(self, evidence, *, threads=0):
        human = 1 / (2 + evidence["message_opens_n"].to_numpy(dtype=float))
        return np.stack([human, 0.75 * (1 - human), 0.25 * (1 - human)], axis=1)

    def predict_with_reasons(self, evidence, *, threads=0):
        return self.predict(evidence, threads=threads), [["message:human"] for _ in range(len(evidence))]


@pytest.fixture(scope="session")
def counting():
    return Caller(create_app(CountingModel(), keys=None, clock=lambda: NOW))


@pytest.fixture
def caller_of():
    return Caller


@pytest.fixture
def counting_model():
    return CountingModel()
