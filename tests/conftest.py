"""What holds for every test: nothing skips where nothing may, no network, no trace in the user's own folders."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any

import pytest
from hypothesis import settings

# On a busy machine a deadline says more about the machine than about the code. In CI the same examples come each time.
settings.register_profile("paperknife", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("paperknife")

# Set before anything imports mlflow, which reads it once: never telemetry.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"


def pytest_configure() -> None:
    """Draw pictures without a screen."""
    os.environ.setdefault("MPLBACKEND", "agg")


def _nothing_may_skip() -> bool:
    return os.environ.get("PAPERKNIFE_REQUIRE_ALL") == "1"


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the reason that a skip was given: pytest keeps it as (file, line, reason)."""
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """Turn a skipped test into a failed one under PAPERKNIFE_REQUIRE_ALL=1; an expected failure is no skip."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _nothing_may_skip():
        report.outcome = "failed"
        report.longrepr = f"PAPERKNIFE_REQUIRE_ALL=1, and this was skipped: {_why(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Any:
    """Turn a skipped file (importorskip) into a failed one, likewise."""
    report = yield
    if report.outcome == "skipped" and _nothing_may_skip():
        report.outcome = "failed"
        report.longrepr = f"PAPERKNIFE_REQUIRE_ALL=1, and this was skipped: {_why(report)}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Any:
    """Refuse connections to anywhere but this machine: a test that needs the network fails on a train."""
    connect = socket.socket.connect

    def connect_here_only(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_here(address[0]):
            pytest.fail(
                f"A test wanted to connect to {address[0]}; tests use no network but this machine's own."
            )
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here_only)
        yield


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in {"", "localhost"}


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give the tests a PAPERKNIFE_HOME of their own: hash keys and imported lists of the user stay untouched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERKNIFE_HOME", str(tmp_path_factory.mktemp("paperknife-home")))
        yield
