"""How logs, ingests and networks look on a terminal: tables that a tired person understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from paperknife.events.check import Finding
    from paperknife.events.ingest import IngestReport
    from paperknife.events.summary import LogSummary
    from paperknife.evidence.network_lists import NetworkList
    from paperknife.evidence.networks import NetworkRow

_LEVELS: Final = {"good": ("ok", "green"), "note": ("note", "cyan"), "warning": ("WARNING", "bold yellow")}
_MOST_TYPES: Final = 10
_MOST_DAYS: Final = 31
_BAR_CHARACTERS: Final = 20


def ingest_report(report: IngestReport) -> RenderableType:
    """Return what an ingest did: new events by type, duplicates, what was left out and why."""
    table = _counts("New in the log", report.events)
    nothing = "Nothing new: " + (
        "the log held all of these events." if report.duplicates_n else "there were no events in it."
    )
    lines: list[RenderableType] = [table if report.events else Text(nothing)]
    for name, files_n in report.providers.items():
        lines.append(Text(f"Taken for {name}: {files_n:,} {'file' if files_n == 1 else 'files'}."))
    if report.duplicates_n:
        lines.append(Text(f"{report.duplicates_n:,} duplicates were dropped."))
    if report.pings_n:
        lines.append(Text(f"{report.pings_n:,} pings and confirmations hold no event."))
    if report.unknown_types:
        lines.append(
            Text(f"Left out, since they are no opens, clicks or deliveries: {_listed(report.unknown_types)}.")
        )
    if report.quarantined:
        lines.append(
            Text(f"Unusable: {_listed(report.quarantined)}. Kept in {report.quarantine}.", style="yellow")
        )
    if report.passed_over:
        named = ", ".join(report.passed_over[:_MOST_TYPES])
        more = len(report.passed_over) - _MOST_TYPES
        lines.append(
            Text(f"Passed over, since they are no payloads: {named}" + (f" and {more:,} more" if more > 0 else "") + ".",
                 style="yellow")
        )  # fmt: skip
    lines += [Text(f"Look at this: {note}", style="yellow") for note in report.notes]
    kept_in = f", in {report.key_kept_in}" if report.key_kept_in else ""
    lines += [
        Text(
            f"Addresses are hashed with a key (fingerprint {report.key_fingerprint}{kept_in}). Keep it: without it "
            "nobody can add to this log, and the same recipients in a new one could not be joined to these."
        ),
        Text(f"Log: {report.out}"),
    ]
    return Group(*lines)


def summary_report(summary: LogSummary, findings: Sequence[Finding] = ()) -> RenderableType:
    """Return what is in a log, and the findings of `check` that are given."""
    facts = _plain_table()
    for name, value in (
        ("from", f"{summary.first_at:%Y-%m-%d %H:%M} UTC"),
        ("to", f"{summary.last_at:%Y-%m-%d %H:%M} UTC"),
        ("messages", f"{summary.messages_n:,}"),
        ("recipients", f"{summary.recipients_n:,}"),
        ("campaigns", f"{summary.campaigns_n:,}"),
        ("opened messages with a delivery", _share(summary.delivered_share)),
        ("opened messages with a delivery or send", _share(summary.clocked_share)),
        *((f"opens with {name}", _share(share)) for name, share in summary.opens_with.items()),
        ("duplicates dropped", f"{summary.duplicates_n:,} ({_share(summary.duplicate_share)})"),
    ):
        facts.add_row(name, value)
    parts: list[RenderableType] = [
        _by_source(summary),
        Text(),
        _by_day(summary),
        Text(),
        Text("What the log holds", style="bold"),
        facts,
    ]
    if summary.unknown_types:
        parts.append(Text(f"Of unknown type, left out: {_listed(summary.unknown_types)}."))
    if summary.quarantined:
        parts.append(Text(f"Unusable rows: {_listed(summary.quarantined)}. Kept in {summary.quarantine}."))
    if findings:
        parts += [Text(), check_report(findings)]
    return Group(*parts)


def _by_source(summary: LogSummary) -> RenderableType:
    """Return events by type: a row for each provider, and one for all."""
    table = Table(box=None, pad_edge=False)
    table.add_column("Events", style="bold")
    kinds = [kind for kind, count in summary.events_by_type.items() if count]
    for kind in [*kinds, "all"]:
        table.add_column(kind, justify="right")
    rows = [(source or "(no source)", counts) for source, counts in summary.events_by_source.items()]
    if len(rows) != 1:
        rows.append(("all", summary.events_by_type))
    for name, counts in rows:
        table.add_row(name, *(f"{counts.get(kind, 0):,}" for kind in kinds), f"{sum(counts.values()):,}")
    return table


def _by_day(summary: LogSummary) -> RenderableType:
    """Return events by type for the last days, with a bar of how many there were."""
    days = summary.events_by_day
    left_out = max(0, len(days) - _MOST_DAYS)
    title = "Days" + (f" (the last {_MOST_DAYS} of {len(days):,})" if left_out else "")
    table = Table(box=None, pad_edge=False)
    kinds = [kind for kind, count in summary.events_by_type.items() if count]
    table.add_column("UTC")
    for kind in kinds:
        table.add_column(kind, justify="right")
    table.add_column("", no_wrap=True)
    shown = list(days.items())[left_out:]
    most = max((sum(counts.values()) for _, counts in shown), default=1)
    for day, counts in shown:
        bar = "█" * round(_BAR_CHARACTERS * sum(counts.values()) / most)
        table.add_row(
            f"{day:%Y-%m-%d %a}", *(f"{counts.get(kind, 0):,}" for kind in kinds), Text(bar, style="cyan")
        )
    return Group(Text(title, style="bold"), table)


def check_report(findings: Sequence[Finding]) -> RenderableType:
    """Return what a log's evidence is good for, the warnings first."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 1, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    order = list(reversed(_LEVELS))
    for finding in sorted(findings, key=lambda found: order.index(found.level)):
        word, style = _LEVELS[finding.level]
        said = Text(finding.said)
        for more in (finding.cost, finding.advice):
            if more:
                said.append(f" {more}", style="dim" if more is finding.cost else "")
        table.add_row(Text(word, style=style), said)
    return table


def networks_report(ip_rows: Sequence[NetworkRow]) -> RenderableType:
    """Return the rows that hold an address, the deciding one first."""
    if not ip_rows:
        return Text("In no known network: a home, an office or a mobile operator ('other').")
    table = Table(box=None, pad_edge=False)
    for name in ("network", "class", "owner", "precision", "source"):
        table.add_column(name)
    for row in ip_rows:
        table.add_row(row.prefix, row.network_class, row.owner, row.precision, row.source)
    return table


def list_report(kept: NetworkList) -> RenderableType:
    """Return what an imported list holds."""
    lines = [
        f"{len(kept.prefixes):,} networks of class {kept.network_class} from {kept.source}, kept as '{kept.name}'.",
        f"They take the place of the coarse {kept.network_class} rows that paperknife ships with.",
    ]
    if kept.bad_lines_n:
        lines.append(f"{kept.bad_lines_n:,} lines were left out: {'; '.join(kept.bad_lines)}.")
    return Text("\n".join(lines))


def _plain_table() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    return table


def _counts(title: str, counts: Mapping[str, int]) -> RenderableType:
    table = _plain_table()
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    return Group(Text(title, style="bold"), table)


def _listed(counts: Mapping[Any, int]) -> str:
    shown = ", ".join(f"{name} ({count:,})" for name, count in list(counts.items())[:_MOST_TYPES])
    return shown + (f" and {len(counts) - _MOST_TYPES} more" if len(counts) > _MOST_TYPES else "")


def _share(share: float) -> str:
    return "-" if share != share else f"{share:.1%}"  # noqa: PLR0124  NaN: there are no opens
