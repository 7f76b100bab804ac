"""The API's own description: every refusal is documented as the problem document that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paperknife.service.problems import PROBLEM_JSON
from paperknife.service.schemas import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI

_MEANING: Final = {
    400: "The body is not JSON (code `bad-json`)",
    401: "No key, or an unknown one (`no-key`, `wrong-key`)",
    413: "The body is too large (`too-large`)",
    415: "The body is not declared as JSON (`wrong-content-type`)",
    422: "Something in the request is wrong; `errors` says what and where (`invalid-request`)",
}
_SCHEMAS: Final = "#/components/schemas/"


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may refuse with these statuses."""
    content = {PROBLEM_JSON: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}}
    return {status: {"description": _MEANING[status], "content": content} for status in statuses}


def describe_problems(app: FastAPI) -> None:
    """Add the problem document's schema, which no route names as its answer, to an app's description."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = plain()
            schema = Problem.model_json_schema(ref_template=f"{_SCHEMAS}{{model}}")
            parts = schema.pop("$defs")
            described["components"]["schemas"] |= {"Problem": schema, **parts}
        assert app.openapi_schema is not None  # noqa: S101  # for types: FastAPI has kept what it made
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the description
