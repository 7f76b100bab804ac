"""Simulate a sender, train on the log without its truth, score it, and show what came of it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from paperknife.evaluation.evaluate import evaluate
from paperknife.evaluation.headline import headline
from paperknife.evaluation.ladder import MODEL
from paperknife.evaluation.opens import open_delays
from paperknife.evaluation.page import write_page
from paperknife.evaluation.tables import evaluation_report, headline_report
from paperknife.events.log import read_events
from paperknife.training.train import train
from paperknife.verdicts.files import write_verdicts
from paperknife.verdicts.scoring import score
from paperknife.worlds.world import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType


def run_demo(
    out: str | Path, *, messages: int = 50_000, seed: int = 0, tell: Callable[[str], None] = lambda _: None
) -> list[RenderableType]:
    """Do the whole way once and return what to print.

    Parameters
    ----------
    out : str or Path
        The folder for everything that is made: the log, the truth, a model, verdicts and a page.
    messages : int
        About how many messages the simulated sender sends.
    seed : int
    tell : callable
        Called with a line whenever a new part of the work begins.
    """
    from rich.text import Text

    folder = Path(out)
    tell(f"Simulating a sender of {messages:,} messages")
    world = simulate(folder, "plain", messages, seed)
    log = read_events(folder / "log")
    result = train(log, random_state=seed, tell=tell)
    result.model.save(folder / "model")
    tell("Scoring")
    verdicts = score(log, result.model, reasons=True)
    write_verdicts(verdicts, folder / "verdicts.parquet", log=folder / "log")
    tell("Comparing with the truth, which nothing has seen so far")
    evaluation = evaluate(verdicts, world.truth_opens, log)
    shipped = evaluate(score(log), world.truth_opens, log, resamples=0)
    head = headline(verdicts, log)
    steps = next_steps(folder)
    page = write_page(
        folder / "report.html",
        title="What paperknife made of a simulated sender",
        headline=head,
        verdicts=verdicts,
        delays_s=open_delays(log, verdicts["event_id"]),
        evaluation=evaluation,
        notes=list(result.notes),
        next_steps=steps,
    )
    ours = shipped.ladder[shipped.ladder["method"] == MODEL].iloc[0]
    return [
        headline_report(head),
        Text(),
        evaluation_report(evaluation),
        Text(
            f"Without any training the shipped model has AUC {ours['auc']:.3f} and log loss {ours['log_loss']:.3f} "
            "on all of these opens.\n"
        ),
        Text("Files", style="bold"),
        Text(
            f"  {folder}/log/                 the simulated log, as a provider would have told it\n"
            f"  {folder}/truth_opens.parquet  who really caused each open: nothing but the comparison read it\n"
            f"  {folder}/model/               the model trained on the log without truth\n"
            f"  {folder}/verdicts.parquet     one row an open: probabilities, verdict, reasons\n"
            f"  {page}          the same with pictures: open it in a browser\n"
        ),
        Text("Next", style="bold"),
        Text("\n".join(f"  {step}" for step in steps)),
    ]


def next_steps(folder: Path) -> list[str]:
    """Return the commands that someone would try next, as they can be typed where the demo ran."""
    command = _command()
    steps = {
        f"{command} ingest --provider sendgrid events.json --out log/": "your own payloads become a log",
        f"{command} log check log/": "what evidence it holds",
        f"{command} score log/ --out verdicts.parquet": "verdicts, no training needed",
        f"{command} train log/ --out my-model/": "a model of your own, without truth",
        f"{command} evaluate {folder}/verdicts.parquet --truth {folder}/truth_opens.parquet": "the figures above again",
    }
    width = max(map(len, steps)) + 2
    return [f"{step:{width}}{what}" for step, what in steps.items()]


def _command() -> str:
    """Return how paperknife is called here: by its name, or, outside its environment, by its path."""
    if shutil.which("paperknife"):
        return "paperknife"
    beside = Path(sys.executable).parent / "paperknife"
    return os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else str(beside)
