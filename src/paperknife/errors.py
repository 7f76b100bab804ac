"""Every error a user can meet.

Each message says what failed, the value, what was expected and what to do. None holds personal data.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class PaperknifeError(Exception):
    """Base of all errors that a user can cause or mend; the command line prints it as one line and exits 1.

    Attributes
    ----------
    code : str
        Stable identifier, used by the HTTP service's problem documents.
    """

    code = "error"


class LogError(PaperknifeError):
    """An event log cannot be read as one: missing columns, wrong types, unreadable or empty files."""

    code = "bad-log"


class PayloadError(PaperknifeError):
    """A provider's payload is not what its name says, or the provider is unknown."""

    code = "bad-payload"


class SignatureError(PaperknifeError):
    """A webhook request is not the provider's, or cannot be shown to be: missing, forged or stale signature."""

    code = "bad-signature"


class HashKeyError(PaperknifeError):
    """The key that turns addresses into pseudonyms is too short, damaged, or cannot be kept."""

    code = "bad-hash-key"


class NetworkListError(PaperknifeError):
    """A network list cannot be read or fetched, or an address is none."""

    code = "bad-network-list"


class BundleError(PaperknifeError):
    """A saved model is missing, damaged, or made for another feature catalogue."""

    code = "bad-model"


class TrainingError(PaperknifeError):
    """A log cannot be learned from, and why."""

    code = "cannot-train"


class TrackingError(PaperknifeError):
    """MLflow took no run or model, and why."""

    code = "not-tracked"


class EvaluationError(PaperknifeError):
    """Verdicts and truth cannot be compared."""

    code = "cannot-evaluate"


class NothingToJudgeError(EvaluationError):
    """A simulated log has no time to judge after the time to learn."""

    code = "nothing-to-judge"


class RequestError(PaperknifeError):
    """A question put to the scorer (over HTTP or in Python) is malformed."""

    code = "bad-request"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one question.

    Attributes
    ----------
    index : int
        Which of the questions asked, from 0.
    field : str
        Where in it, as a JSON pointer without the leading slash, such as "events/2/occurred_at".
    code : str
        Stable identifier.
    detail : str
        What is wrong and what to do; holds no personal data.
    """

    index: int
    field: str
    code: str
    detail: str


class QuestionError(RequestError):
    """Questions put to the scorer are malformed: every fault found, in the order of the questions."""

    code = "bad-question"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        more = f" (and {len(self.faults) - 1} more)" if len(self.faults) > 1 else ""
        super().__init__(f"Question {first.index}, {first.field}: {first.detail}{more}")


class ServiceError(PaperknifeError):
    """The HTTP service cannot start as asked."""

    code = "cannot-serve"


class MissingExtraError(PaperknifeError):
    """An optional part of paperknife is not installed; the message names the command that installs it."""

    code = "missing-extra"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the '{extra}' extra. Install it with: pip install 'paperknife[{extra}]'"
        )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known name nearest to `name`, or "" where none is near.

    Examples
    --------
    >>> did_you_mean("sengrid", ["sendgrid", "mailgun"])
    " Did you mean 'sendgrid'?"
    """
    near = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""
