"""The calls: verdicts on opens, the model that gives them, health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Body, Request, Security
from fastapi.security import HTTPBearer

from paperknife.service.bodies import MEGABYTE, json_route
from paperknife.service.openapi import refusals
from paperknife.service.schemas import (
    BATCH_EXAMPLES,
    QUESTION_EXAMPLES,
    BatchAsked,
    Health,
    ModelShown,
    QuestionAsked,
    Verdict,
    Verdicts,
)
from paperknife.verdicts.asking import Question, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCH_BYTES: Final = 16 * MEGABYTE

# Documents the key for /docs; `RequireKey` checks it before a body is read, which a dependency cannot.
_needs_key: Final = [Security(HTTPBearer(auto_error=False, description="One of PAPERKNIFE_API_KEYS"))]

one = APIRouter(prefix="/v1", tags=["verdicts"], route_class=json_route(MEGABYTE), dependencies=_needs_key)
many = APIRouter(
    prefix="/v1", tags=["verdicts"], route_class=json_route(BATCH_BYTES), dependencies=_needs_key
)
about = APIRouter(tags=["about"])


# The calls are plain functions: FastAPI runs them on threads, so that a batch keeps nobody from /healthz.
@one.post("/score", summary="Judge one open", responses=refusals(400, 401, 413, 415, 422))
def score(
    request: Request, question: Annotated[QuestionAsked, Body(openapi_examples=QUESTION_EXAMPLES)]
) -> Verdict:
    """Give an open and what you know around it; get three probabilities and the verdict drawn from them.

    Nothing is stored. The more events of the same message and recipient you send, the better the answer:
    above all the message's delivery, and for a look back the opens and clicks that came later.
    """
    return Verdict.model_validate(_answers(request, [question])[0])


@many.post("/score/batch", summary="Judge up to 10,000 opens", responses=refusals(400, 401, 413, 415, 422))
def score_batch(
    request: Request, batch: Annotated[BatchAsked, Body(openapi_examples=BATCH_EXAMPLES)]
) -> Verdicts:
    """As `/v1/score`, many at once; verdicts come in the order asked. One malformed open refuses all."""
    return Verdicts.model_validate({"verdicts": _answers(request, batch.opens)})


@about.get("/v1/model", summary="The model that answers", responses=refusals(401), dependencies=_needs_key)
def model(request: Request) -> ModelShown:
    """Its id, manifest (versions, data window, features, digests) and card."""
    fitted = request.app.state.model
    return ModelShown(model_id=fitted.model_id, manifest=fitted.manifest, card=fitted.card)


@about.get("/healthz", summary="Is it up?")
async def healthz() -> Health:
    """Answer as soon as the model is loaded. Needs no key."""
    return Health(status="ok")


def _answers(request: Request, asked: Sequence[QuestionAsked]) -> list[dict[str, Any]]:
    state = request.app.state
    questions = [Question(**question.model_dump(exclude_unset=True)) for question in asked]
    return answer(questions, state.model, state.clock(), networks=state.networks)
