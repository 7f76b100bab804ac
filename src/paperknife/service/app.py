"""The app, put together."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI

from paperknife.evidence.networks import NetworkTable
from paperknife.model.bundle import load_model
from paperknife.service import routes
from paperknife.service.keys import RequireKey
from paperknife.service.openapi import describe_problems
from paperknife.service.problems import answer_with_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paperknife.model.bundle import Model


def create_app(
    model: Model | str | Path | None = None,
    *,
    keys: Sequence[str] | None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FastAPI:
    """Return the HTTP service as an ASGI app.

    Parameters
    ----------
    model : Model, str or Path, optional
        A model, a bundle's folder or an MLflow URI. Default: the model that ships with paperknife.
    keys : sequence of str, or None
        Callers must send one of these; None lets everybody in, so say it only where nobody else can connect.
    clock : callable
        Returns the current time (aware).

    Raises
    ------
    BundleError
        For a model that is none.

    Examples
    --------
    >>> from paperknife.service.app import create_app
    >>> create_app(keys=["a long secret"]).title
    'paperknife'
    """
    app = FastAPI(
        title="paperknife",
        version=version("paperknife"),
        summary="How likely an email open was a person, Apple's prefetch, or another machine.",
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.model = load_model(model) if model is None or isinstance(model, (str, Path)) else model
    app.state.networks = NetworkTable.load()
    app.state.clock = clock
    for router in (routes.one, routes.many, routes.about):
        app.include_router(router)
    if keys is not None:
        app.add_middleware(RequireKey, keys=keys)
    answer_with_problems(app)
    describe_problems(app)
    return app
