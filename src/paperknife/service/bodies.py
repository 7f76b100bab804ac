"""JSON bodies, read strictly: bounded while they stream in, declared as JSON, UTF-8, each name once, no NaN.

Declaring JSON is also what keeps a web page from posting to a service on the visitor's own machine: browsers
ask before they send that type to another origin, and this service never says yes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request
from fastapi.routing import APIRoute

from paperknife.service.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.responses import Response

MEGABYTE: Final = 1_000_000


class JsonRequest(Request):
    """A request whose body is read strictly, at most `limit_bytes` of it."""

    limit_bytes: int = MEGABYTE
    _content: bytes | None = None

    async def body(self) -> bytes:
        """Return the body; refuse it as soon as it is known to be too large."""
        if self._content is not None:
            return self._content
        self._check_headers()
        content = bytearray()
        async for chunk in self.stream():
            content += chunk
            if len(content) > self.limit_bytes:
                raise self._too_large()
        if not content:
            raise _no_json("The body is empty. Send a JSON object; /docs has examples.")
        self._content = bytes(content)
        return self._content

    async def json(self) -> Any:
        """Return what the body says."""
        return strict_json(await self.body())

    def _check_headers(self) -> None:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise ProblemError(
                415, "wrong-content-type", "Send the body with 'Content-Type: application/json'."
            )
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise ProblemError(415, "wrong-content-type", "Send the body as it is, without Content-Encoding.")
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > self.limit_bytes:
            raise self._too_large()

    def _too_large(self) -> ProblemError:
        detail = (
            f"The body is larger than {self.limit_bytes:,} bytes. Send fewer opens or events in one call."
        )
        return ProblemError(413, "too-large", detail, {"Connection": "close"})


def json_route(limit_bytes: int) -> type[APIRoute]:
    """Return a kind of route that reads its body strictly, at most so many bytes."""

    class _Limited(JsonRequest):
        pass

    _Limited.limit_bytes = limit_bytes

    class JsonRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()

            async def strictly(request: Request) -> Response:
                return await handler(_Limited(request.scope, request.receive))

            return strictly

    return JsonRoute


def strict_json(content: bytes) -> Any:
    """Return what a JSON text says.

    Raises
    ------
    ProblemError
        400 `bad-json` for what is not JSON (RFC 8259) in UTF-8, names an object's member twice, or is nested
        too deep to read.
    """
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_no_constant)
    except UnicodeDecodeError as broken:
        raise _no_json(f"Byte {broken.start:,} of the body is not UTF-8. Encode the body as UTF-8.") from None
    except json.JSONDecodeError as broken:
        # The decoder's own words quote nothing of the text.
        raise _no_json(f"Line {broken.lineno}, column {broken.colno}: {broken.msg}.") from None
    except RecursionError:
        raise _no_json("The body is nested too deep. A request needs five levels.") from None
    except ValueError:
        raise _no_json("The body holds a number of thousands of digits. No field takes a number.") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _no_json("An object names the same member twice. Send each name once.")
    return members


def _no_constant(name: str) -> None:
    raise _no_json(f"{name} is not JSON. Send null for what is not known.")


def _no_json(detail: str) -> ProblemError:
    return ProblemError(400, "bad-json", detail)
