"""Start the server: check who may ask, load and warm the model, then listen."""

from __future__ import annotations

import ipaddress
import logging
from typing import TYPE_CHECKING, Any

from paperknife.errors import MissingExtraError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def serve(
    model: str | Path | None = None, host: str = "127.0.0.1", port: int = 8000, *, no_auth: bool = False
) -> None:
    """Answer HTTP until stopped.

    Parameters
    ----------
    model : str or Path, optional
        A bundle's folder or an MLflow URI. Default: the model that ships with paperknife.
    host : str
        Address to listen on.
    port : int
    no_auth : bool
        Ask for no key; only on a loopback address.

    Raises
    ------
    MissingExtraError
        When FastAPI or uvicorn is not installed.
    ServiceError
        When there are no keys, or when keys are waived on an address that others can reach.
    BundleError
        For a model that is none.
    """
    try:
        import uvicorn

        from paperknife.service.app import create_app
        from paperknife.service.keys import keys_from_environment
    except ImportError as absent:
        raise MissingExtraError("The HTTP service", "service") from absent
    keys = allowed_keys(keys_from_environment(), host, no_auth=no_auth)
    app = create_app(model, keys=keys)
    _warm(app.state.model)
    uvicorn.run(app, host=host, port=port, log_config=log_config(), server_header=False)


def allowed_keys(keys: Sequence[str], host: str, *, no_auth: bool) -> Sequence[str] | None:
    """Return the keys to ask for, or None for none.

    Raises
    ------
    ServiceError
        When that would let strangers in, or nobody.
    """
    if no_auth:
        if not _is_loopback(host):
            raise ServiceError(
                f"--no-auth on {host} would let anybody on the network ask. "
                "Leave --no-auth out and set PAPERKNIFE_API_KEYS, or listen on 127.0.0.1."
            )
        return None
    if not keys:
        raise ServiceError(
            "No keys to let callers in. Set PAPERKNIFE_API_KEYS to one or more secrets separated by commas, "
            "or pass --no-auth to serve this machine only."
        )
    return keys


def log_config() -> dict[str, Any]:
    """Return uvicorn's logging set-up, its access log without query strings: they may hold anything."""
    from uvicorn.config import LOGGING_CONFIG

    return {
        **LOGGING_CONFIG,
        "filters": {"paths_only": {"()": PathsOnly}},
        "handlers": {
            **LOGGING_CONFIG["handlers"],
            "access": {**LOGGING_CONFIG["handlers"]["access"], "filters": ["paths_only"]},
        },
    }


class PathsOnly(logging.Filter):
    """Cuts the query string from uvicorn's access records (client, method, path, version, status)."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, its path shortened."""
        if isinstance(record.args, tuple) and len(record.args) > 2:  # noqa: PLR2004  # the path is the third
            client, method, path, *rest = record.args
            record.args = (client, method, str(path).partition("?")[0], *rest)
        return True


def _warm(model: Any) -> None:
    """Answer one made-up question, so that no caller waits for tables that are read when first used."""
    from paperknife.service.schemas import QUESTION_EXAMPLE
    from paperknife.verdicts.asking import Question, answer

    answer([Question(**QUESTION_EXAMPLE)], model)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
