"""Who may ask: keys from the environment, sent as `Authorization: Bearer KEY`, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers

from paperknife.service.problems import problem_response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

KEYS_VARIABLE: Final = "PAPERKNIFE_API_KEYS"

OPEN_PATHS: Final = frozenset({"/healthz", "/docs", "/openapi.json"})
"""What needs no key: none of it tells anything of the model or of anybody's mail."""


def keys_from_environment(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the keys of `PAPERKNIFE_API_KEYS`: separated by commas, spaces around them dropped."""
    return tuple(key for part in environment.get(KEYS_VARIABLE, "").split(",") if (key := part.strip()))


class RequireKey:
    """ASGI middleware that lets nobody without a key through, before a byte of the body is read."""

    def __init__(self, app: ASGIApp, keys: Iterable[str]) -> None:
        self.app = app
        self._digests = [_digest(key.encode()) for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 401."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            scheme, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not key.strip():
                detail = "Send 'Authorization: Bearer KEY' with one of the service's keys."
                refusal = problem_response(401, "no-key", detail, headers={"WWW-Authenticate": "Bearer"})
                return await refusal(scope, receive, send)
            if not self._is_known(key.strip()):
                detail = f"The key is none of the service's ({KEYS_VARIABLE}). Check it for a typing error."
                challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
                return await problem_response(401, "wrong-key", detail, headers=challenge)(
                    scope, receive, send
                )
        return await self.app(scope, receive, send)

    def _is_known(self, key: str) -> bool:
        # Headers arrive decoded as Latin-1. Every key is compared, whichever fits: the time says nothing.
        given = _digest(key.encode("latin-1"))
        return sum(hmac.compare_digest(given, digest) for digest in self._digests) > 0


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
