"""What went wrong, as problem documents (RFC 9457): a stable code, what failed, what to do, no personal data.

No value that a caller sent is repeated, save times and plain field names. No stack trace leaves the process,
and what the log keeps of an unexpected error is its kind and place, never its text.
"""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from paperknife.errors import Fault, QuestionError
from paperknife.events.schema import COLUMN_NAMES
from paperknife.service.schemas import BatchAsked, Problem, QuestionAsked, Wrong
from paperknife.verdicts.given_events import unknown_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("paperknife.service")

PROBLEM_JSON: Final = "application/problem+json"
MOST_ERRORS: Final = 20
"""Errors listed in one answer; the rest is counted."""

_TITLES: Final = {
    "bad-json": "The body is not JSON",
    "wrong-content-type": "The body is not declared as JSON",
    "too-large": "The body is too large",
    "invalid-request": "The request is not valid",
    "no-key": "A key is needed",
    "wrong-key": "The key is not known",
    "not-found": "There is nothing here",
    "method-not-allowed": "The method is not allowed here",
    "unexpected": "Something unexpected went wrong",
}
_CODES: Final = {404: "not-found", 405: "method-not-allowed"}
_DETAILS: Final = {
    404: "No such address. The calls are listed at /docs and in /openapi.json.",
    405: "This address does not answer that method. The calls are listed at /docs and in /openapi.json.",
}
_SHAPES: Final = {
    # pydantic's error types, with our stable code and what to do.
    "missing": ("missing-field", "is missing."),
    "string_type": ("wrong-type", "must be a text."),
    "string_unicode": ("not-unicode", "holds half a surrogate pair, which is no character."),
    "string_too_short": ("missing-field", "is empty; give the provider's id, or a stable hash of the event."),
    "string_too_long": ("too-long", "is too long; at most {max_length:,} characters are read."),
    "bool_type": ("wrong-type", "must be true or false."),
    "list_type": ("wrong-type", "must be an array."),
    "model_type": ("wrong-type", "must be an object."),
    "model_attributes_type": ("wrong-type", "must be an object."),
    "dict_type": ("wrong-type", "must be an object."),
    "literal_error": ("unknown-value", "must be {expected}."),
}


class ProblemError(HTTPException):
    """A request that cannot be answered, raised where it is noticed and answered as a problem document."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, dict(headers) if headers else None)
        self.code = code


def problem_response(
    status: int,
    code: str,
    detail: str,
    errors: Sequence[Wrong] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return the answer that carries a problem document."""
    problem = Problem(
        type=f"urn:paperknife:problem:{code}",
        title=_TITLES.get(code, HTTPStatus(status).phrase),
        status=status,
        code=code,
        detail=detail,
        errors=list(errors[:MOST_ERRORS]),
    )
    return JSONResponse(
        problem.model_dump(exclude_defaults=True), status, headers=headers, media_type=PROBLEM_JSON
    )


def answer_with_problems(app: FastAPI) -> None:
    """Make an app answer every error with a problem document."""
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misshapen)
    app.add_exception_handler(QuestionError, _malformed)
    app.add_middleware(UnexpectedErrors)


def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101  # for types: registered for this class only
    if isinstance(error, ProblemError):
        return problem_response(error.status_code, error.code, str(error.detail), headers=error.headers)
    code = _CODES.get(error.status_code, f"http-{error.status_code}")
    detail = _DETAILS.get(error.status_code, HTTPStatus(error.status_code).phrase)
    return problem_response(error.status_code, code, detail, headers=error.headers)


def _misshapen(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # for types: registered for this class only
    return _invalid([_wrong_shape(found, is_batch=_is_batch(request)) for found in error.errors()])


def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, QuestionError)  # noqa: S101  # for types: registered for this class only
    return _invalid([_wrong_question(fault, is_batch=_is_batch(request)) for fault in error.faults])


def _is_batch(request: Request) -> bool:
    return request.url.path.endswith("/batch")


def _invalid(errors: Sequence[Wrong]) -> JSONResponse:
    count = f"{len(errors):,} things are" if len(errors) > 1 else "1 thing is"
    listed = f" The first {MOST_ERRORS} are listed." if len(errors) > MOST_ERRORS else ""
    detail = f"{count} wrong with the request; nothing was scored.{listed}"
    return problem_response(422, "invalid-request", detail, errors)


def _wrong_question(fault: Fault, *, is_batch: bool) -> Wrong:
    place = f"opens/{fault.index}/{fault.field}".rstrip("/") if is_batch else fault.field
    return Wrong(pointer=f"#/{place}", code=fault.code, detail=fault.detail)


def _wrong_shape(found: Mapping[str, Any], *, is_batch: bool) -> Wrong:
    where = list(found["loc"][1:])
    if found["type"] == "extra_forbidden":
        # The name is the caller's own text: quoted only where it looks like a name, and not in the pointer.
        *where, name = where
        detail = unknown_name(str(name), _names_at(where, is_batch=is_batch))
        return Wrong(pointer=_pointer(where), code="unknown-field", detail=detail)
    code, detail = _SHAPES.get(found["type"], ("wrong-shape", f"{found['msg']}."))
    if found["type"] == "too_long":
        context = found["ctx"]
        code, detail = (
            f"too-many-{where[-1]}",
            f"holds more than the {context['max_length']:,} that one call takes.",
        )
    return Wrong(pointer=_pointer(where), code=code, detail=detail.format(**found.get("ctx", {})))


def _names_at(where: Sequence[str | int], *, is_batch: bool) -> tuple[str, ...]:
    if "open" in where or "events" in where:
        return COLUMN_NAMES
    return tuple((BatchAsked if is_batch and not where else QuestionAsked).model_fields)


def _pointer(where: Sequence[str | int]) -> str:
    return "#/" + "/".join(str(step) for step in where) if where else "#"


class UnexpectedErrors:
    """ASGI middleware that answers what nobody foresaw, and logs its kind and place without its text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; where it raises before an answer has begun, answer 500."""
        has_begun = False

        async def noting_send(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, noting_send)
        except Exception as error:  # noqa: BLE001  # the last resort: anything else would be logged with its text
            places = [
                f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
            ]
            log.error(  # noqa: TRY400  # the traceback's last line would be the error's text
                "Unexpected %s at %s", type(error).__name__, " < ".join(reversed(places[-8:]))
            )
            if not has_begun:
                detail = "The service could not answer. Nothing was stored. Its log says where it happened."
                await problem_response(500, "unexpected", detail)(scope, receive, send)
