"""The command line: thin commands over the Python API. Errors are one line; exit 1 for a failure, 2 for wrong usage."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from paperknife.errors import MissingExtraError, PaperknifeError, TrackingError
from paperknife.events.connectors import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

app = typer.Typer(
    name="paperknife",
    help="Tells for every recorded email open how likely it was a person and how likely a machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
log_app = typer.Typer(help="What an event log holds.", no_args_is_help=True, rich_markup_mode=None)
networks_app = typer.Typer(
    help="Which networks paperknife knows.", no_args_is_help=True, rich_markup_mode=None
)
model_app = typer.Typer(help="What a model is and says.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(log_app, name="log")
app.add_typer(networks_app, name="networks")
app.add_typer(model_app, name="model")

Log = Annotated[
    str, typer.Argument(metavar="LOG", help="An event log: a file, a folder of files, or a glob.")
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model", help="A model's folder or MLflow URI (models:/NAME@champion). Default: the shipped model."
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(help="Look at no event later than this (ISO 8601). Default: the log's last event."),
]


def main() -> None:
    """Run the command line; the console script `paperknife`."""
    try:
        app()
    except PaperknifeError as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
    except KeyboardInterrupt:
        _fail("Interrupted.")


def _fail(reason: str) -> None:
    Console(stderr=True, soft_wrap=True).print(
        f"paperknife: {reason}", style="red", markup=False, highlight=False
    )
    sys.exit(1)


def _out() -> Console:
    # Tables in a pipe or a log file should not be folded at 80 columns.
    return Console() if sys.stdout.isatty() else Console(width=120)


def _say(line: str) -> None:
    """Print a line as it is: a path may hold brackets that rich would take for markup."""
    _out().print(line, soft_wrap=True, markup=False, highlight=False)


@contextmanager
def _working(first: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done, with the time it has taken, on a terminal; nothing in a pipe."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task(first, total=None)
        yield lambda what: progress.update(task, description=what)


def _moment(text: str | None, option: str) -> pd.Timestamp | None:
    import pandas as pd

    if text is None:
        return None
    try:
        moment = pd.Timestamp(text)
        if pd.isna(moment):
            raise ValueError  # noqa: TRY301  an empty text or "nat" reads as no time at all
    except ValueError as wrong:
        raise typer.BadParameter(
            f"'{text[:40]}' is no time; write it as 2026-01-31T09:00:00Z.", param_hint=option
        ) from wrong
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,  # noqa: FBT002
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"paperknife {installed('paperknife')}")
        raise typer.Exit


Flag = typer.Option


@app.command()
def ingest(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="IN...", help="Payload files, folders or globs; - for standard input."),
    ],
    provider: Annotated[
        str, Flag(help=f"Who sent the payloads: {', '.join(PROVIDERS)}; or auto, to have it recognised.")
    ],
    out: Annotated[Path, Flag(help="The log: a folder that is made or added to.")],
    column_map: Annotated[
        str | None,
        Flag(
            "--map",
            help="For generic: a TOML file that says which column means what, or a shipped map's name.",
        ),
    ] = None,
    forget: Annotated[
        str | None,
        Flag(help="Keep only the classes of these: ip, user_agent, or both with a comma."),
    ] = None,
    recipient_id: Annotated[
        str,
        Flag(
            help="hash: replace recipients by keyed hashes; keep: those that are no addresses stay as they are."
        ),
    ] = "hash",
) -> None:
    """Turn any provider's event payloads into a canonical event log."""
    from paperknife.events.ingest import ingest as ingest_payloads
    from paperknife.evidence.forgetting import Forgetting
    from paperknife.terminal import ingest_report

    if recipient_id not in {"hash", "keep"}:
        raise typer.BadParameter(
            f"'{recipient_id[:40]}' is neither hash nor keep.", param_hint="--recipient-id"
        )
    fields = [name.strip() for name in (forget or "").split(",") if name.strip()]
    with _working("Reading payloads") as tell:
        report = ingest_payloads(
            sources,
            out,
            provider,
            mapping=column_map,
            keep_recipient_ids=recipient_id == "keep",
            forget=Forgetting(fields) if fields else None,
            tell=tell,
        )
    _out().print(ingest_report(report))


@log_app.command("summary")
def log_summary(log: Log) -> None:
    """Say what is in a log: events by type, provider and day, what its opens carry, and what looks wrong."""
    from paperknife.events.check import SUMMARY_CODES, check
    from paperknife.events.log import read_events
    from paperknife.terminal import summary_report

    with _working("Reading the log"):
        events = read_events(log)
        findings = [finding for finding in check(events) if finding.code in SUMMARY_CODES]
        summary = events.summary()
    _out().print(summary_report(summary, findings))


@log_app.command("check")
def log_check(log: Log) -> None:
    """Say before any scoring which evidence a log holds, what is missing, and what that costs."""
    from paperknife.events.check import check
    from paperknife.events.log import read_events
    from paperknife.terminal import check_report

    with _working("Reading the log"):
        findings = check(read_events(log))
    _out().print(check_report(findings))


@app.command()
def simulate(
    out: Annotated[
        Path, Flag(help="The folder that gets log/, truth_opens.parquet and truth_messages.parquet.")
    ],
    family: Annotated[str, Flag(help="The kind of sender, such as plain, varied or sales_mail.")] = "plain",
    messages: Annotated[int, Flag(help="About how many messages the sender sends.")] = 50_000,
    seed: Annotated[int, Flag(help="The same seed gives the same sender.")] = 0,
) -> None:
    """Simulate one sender's log, with its truth kept apart."""
    from paperknife.worlds.world import simulate as simulate_sender

    with _working("Simulating a sender"):
        world = simulate_sender(out, family, messages, seed)
    _say(f"{len(world.events):,} events of {len(world.truth_messages):,} messages: {out}/log")


@app.command()
def train(
    log: Log,
    out: Annotated[Path, Flag(help="The folder the model goes to.")],
    start: Annotated[
        str, Flag("--from", help="The model to begin from: default, none, a folder or an MLflow URI.")
    ] = "default",
    panel: Annotated[
        Path | None,
        Flag(help="Opens whose truth is known: .parquet or .csv with event_id, label, and perhaps attended."),
    ] = None,
    experiment: Annotated[str, Flag(help="The MLflow experiment of the run.")] = "paperknife",
    register: Annotated[str | None, Flag(help="Register the model in MLflow under this name.")] = None,
    alias: Annotated[str, Flag(help="The alias that a registered version gets.")] = "champion",
    seed: Annotated[int, Flag(help="The same seed gives the same model.")] = 0,
) -> None:
    """Fit a model on your own log, without any truth, and track the run in MLflow."""
    _needs_training("paperknife train")
    from paperknife.evaluation.files import read_table
    from paperknife.events.log import read_events
    from paperknife.model.bundle import require_place
    from paperknife.registry.tracking import log_run
    from paperknife.training.run import run_of
    from paperknife.training.tables import result_report
    from paperknife.training.train import train as train_on

    require_place(out)
    with _working("Reading the log") as tell:
        known = None if panel is None else read_table(panel, "The panel")
        begin = None if start == "none" else start
        result = train_on(read_events(log), start=begin, panel=known, random_state=seed, tell=tell)
        result.model.save(out)
        tell("Logging the run to MLflow")
        try:
            logged = log_run(
                run_of(result),
                result.model,
                result.evidence.head(5),
                experiment=experiment,
                register=register,
                alias=alias,
            )
        except TrackingError as failed:
            raise TrackingError(
                f"The model is saved in {out}, but its run is not in MLflow. {failed}"
            ) from failed
    console = _out()
    console.print(result_report(result))
    _say(f"Model {result.model.model_id}: {out}")
    _say(f"Run {logged.run_id}; to see it: mlflow ui --backend-store-uri {logged.tracking_uri}")
    if logged.registered:
        _say(f"Registered as {logged.registered}")


@app.command()
def score(
    log: Log,
    out: Annotated[Path, Flag(help="Where the verdicts go: a .parquet file, or a folder.")],
    model: ModelOption = None,
    horizon: Annotated[
        str, Flag(help="How long after each open to look: instant, 1h, 24h, 7d or settled.")
    ] = "settled",
    as_of: AsOf = None,
    since: Annotated[str | None, Flag(help="Score only opens from this time on (ISO 8601).")] = None,
    until: Annotated[str | None, Flag(help="Score only opens before this time (ISO 8601).")] = None,
    preset: Annotated[str, Flag(help="How verdicts are drawn: report, notify or suppress.")] = "report",
    reasons: Annotated[  # noqa: FBT002  a command line's flag
        bool, Flag("--reasons", help="Say why, as codes (paperknife model reasons explains them).")
    ] = False,
    memory: Annotated[
        str | None, Flag(help="Most memory for the database, such as 2GB; beyond it, disk.")
    ] = None,
) -> None:
    """Score every open of a log."""
    from paperknife.evaluation.headline import headline
    from paperknife.evaluation.tables import headline_report
    from paperknife.events.log import read_events
    from paperknife.verdicts.files import verdict_file, write_verdicts
    from paperknife.verdicts.scoring import score as score_log

    file = verdict_file(out)  # refused before the work, not after it
    moments = {
        "as_of": _moment(as_of, "--as-of"),
        "since": _moment(since, "--since"),
        "until": _moment(until, "--until"),
    }
    with _working("Scoring"):
        events = read_events(log)
        verdicts = score_log(
            events, model, horizon=horizon, preset=preset, reasons=reasons, memory=memory, **moments
        )
        path = write_verdicts(verdicts, file, log=log)
        # Of a part of the log no rate is said: its deliveries would be those of the whole.
        whole = all(moment is None for moment in moments.values())
        report = headline_report(headline(verdicts, events if whole else None))
    console = _out()
    console.print(report)
    _say(f"{len(verdicts):,} verdict{'' if len(verdicts) == 1 else 's'}: {path}")


@app.command()
def evaluate(
    verdicts: Annotated[
        Path, typer.Argument(metavar="VERDICTS", help="Verdicts that 'paperknife score' wrote.")
    ],
    truth: Annotated[Path, Flag(help="The truth: a .parquet or .csv file with event_id and label.")],
    log: Annotated[
        str | None,
        Flag(help="The log, for the published rules. Default: the one the verdicts were made from."),
    ] = None,
    since: Annotated[
        str | None,
        Flag(help="Judge opens from this time on; those before teach the rules what they are worth."),
    ] = None,
    report: Annotated[Path | None, Flag(help="Also write a page with pictures: a .html file.")] = None,
) -> None:
    """Compare verdicts with the truth, beside the published rules in their strongest reading."""
    from paperknife.evaluation.evaluate import evaluate as compare
    from paperknife.evaluation.files import read_table
    from paperknife.evaluation.opens import open_delays
    from paperknife.evaluation.tables import evaluation_report
    from paperknife.events.log import read_events
    from paperknife.verdicts.files import log_of

    with _working("Comparing"):
        said = read_table(verdicts, "The verdict file")
        known = read_table(truth, "The truth")
        source = log or log_of(verdicts)
        events = None if source is None else read_events(source)
        evaluation = compare(said, known, events, _moment(since, "--since"))
    console = _out()
    console.print(evaluation_report(evaluation))
    if source is None:
        _say("Without the log the published rules are left out: name it with --log LOG.")
    if report is not None:
        _needs_training("A page with pictures")
        from paperknife.evaluation.headline import headline
        from paperknife.evaluation.page import write_page

        page = write_page(
            report,
            title=verdicts.name,
            headline=headline(said, events),
            verdicts=said,
            evaluation=evaluation,
            delays_s=None if events is None else open_delays(events, said["event_id"]),
            notes=evaluation.notes,
        )
        _say(f"Page: {page}")


@app.command()
def serve(
    model: ModelOption = None,
    host: Annotated[str, Flag(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Flag(help="The port to listen on.")] = 8000,
    no_auth: Annotated[  # noqa: FBT002  a command line's flag
        bool, Flag("--no-auth", help="Ask for no key; accepted on a loopback address only.")
    ] = False,
) -> None:
    """Answer over HTTP: POST /v1/score, POST /v1/score/batch, GET /v1/model, /healthz, /docs."""
    from paperknife.service.run import serve as serve_http

    serve_http(model, host, port, no_auth=no_auth)


@app.command()
def demo(
    out: Annotated[Path, Flag(help="The folder for everything the demo makes.")] = Path("demo"),
    messages: Annotated[int, Flag(help="About how many messages the simulated sender sends.")] = 50_000,
    seed: Annotated[int, Flag(help="Another seed, another sender.")] = 0,
) -> None:
    """Do the whole way once on a simulated sender: log, training without truth, verdicts, figures, a page."""
    _needs_training("paperknife demo")
    from paperknife.demo.demo import run_demo

    with _working("Beginning") as tell:
        story = run_demo(out, messages=messages, seed=seed, tell=tell)
    console = _out()
    for part in story:
        console.print(part)


@networks_app.command("show")
def networks_show(ip: Annotated[str, typer.Argument(metavar="IP", help="An IPv4 or IPv6 address.")]) -> None:
    """Say what is known of an address, and from which list."""
    from paperknife.evidence.networks import NetworkTable
    from paperknife.terminal import networks_report

    _out().print(networks_report(NetworkTable.load().explain(ip)))


@networks_app.command("import")
def networks_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Apple's CSV, or a plain list of prefixes.")],
    network_class: Annotated[str, Flag("--class", help="What these networks are.")] = "apple_relay",
) -> None:
    """Take in an exact list of networks; it replaces the coarse rows of its class."""
    from paperknife.evidence.network_lists import import_list
    from paperknife.terminal import list_report

    _out().print(list_report(import_list(file, network_class=network_class)), soft_wrap=True)


@networks_app.command("update")
def networks_update(
    url: Annotated[str | None, Flag(help="Where to fetch it from. Default: Apple's own address.")] = None,
) -> None:
    """Fetch Apple's list of relay networks from Apple."""
    from paperknife.evidence.network_update import update
    from paperknife.terminal import list_report

    with _working("Fetching Apple's list"):
        kept = update(url)
    _out().print(list_report(kept), soft_wrap=True)


@model_app.command("show")
def model_show(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="A folder or MLflow URI; default: the shipped model."),
    ] = None,
) -> None:
    """Print a model's card."""
    from rich.markdown import Markdown

    from paperknife.model.bundle import load_model

    _out().print(Markdown(load_model(model).card))


@model_app.command("default")
def model_default() -> None:
    """Print where the shipped model lies, and its id."""
    from paperknife.model.bundle import default_model_folder, load_model

    typer.echo(f"{load_model().model_id}  {default_model_folder()}")


@model_app.command("reasons")
def model_reasons() -> None:
    """List the reason codes with their sentences."""
    from paperknife.model.explain import reason_sentences

    for code, sentence in reason_sentences().items():
        typer.echo(f"{code:20} {sentence}")


def _needs_training(what: str) -> None:
    if any(find_spec(name) is None for name in ("matplotlib", "mlflow", "sklearn")):
        raise MissingExtraError(what, "train")
