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


def ingest_report(report: IngestReport) -> RenderableType:
    """Return what an ingest did: new events by type, duplicates, what was left out and why."""
    table = _counts("New in the log", report.events)
    lines: list[RenderableType] = [
        table if report.events else Text("Nothing new: the log held all of these events.")
    ]
    if report.duplicates_n:
        lines.append(Text(f"{report.duplicates_n:,} duplicates were dropped."))
    if report.unknown_types:
        lines.append(
            Text(f"Left out, since they are no opens, clicks or deliveries: {_listed(report.unknown_types)}.")
        )
    if report.quarantined:
        lines.append(
            Text(f"Unusable: {_listed(report.quarantined)}. Kept in {report.quarantine}.", style="yellow")
        )
    lines += [
        Text(
            f"Recipients are hashed with the key {report.key_fingerprint}: without that key nobody can add to this log."
        ),
        Text(f"Log: {report.out}"),
    ]
    return Group(*lines)


def summary_report(summary: LogSummary) -> RenderableType:
    """Return what is in a log."""
    facts = _plain_table("What the log holds")
    for name, value in (
        ("from", f"{summary.first_at:%Y-%m-%d %H:%M} UTC"),
        ("to", f"{summary.last_at:%Y-%m-%d %H:%M} UTC"),
        ("messages", f"{summary.messages_n:,}"),
        ("recipients", f"{summary.recipients_n:,}"),
        ("campaigns", f"{summary.campaigns_n:,}"),
        ("opened messages with a delivery", _share(summary.delivered_share)),
        ("opened messages with a delivery or send", _share(summary.clocked_share)),
        *((f"opens with {name}", _share(share)) for name, share in summary.opens_with.items()),
        ("duplicates dropped", f"{summary.duplicates_n:,}"),
    ):
        facts.add_row(name, value)
    parts: list[RenderableType] = [_counts("Events", summary.events_by_type), Text(), facts]
    if summary.unknown_types:
        parts.append(Text(f"Of unknown type, left out: {_listed(summary.unknown_types)}."))
    if summary.quarantined:
        parts.append(Text(f"Unusable rows: {_listed(summary.quarantined)}. Kept in {summary.quarantine}."))
    return Group(*parts)


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


def _plain_table(title: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, show_header=False
    )
    table.add_column()
    table.add_column(justify="right")
    return table


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    table = _plain_table(title)
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    return table


def _listed(counts: Mapping[Any, int]) -> str:
    shown = ", ".join(f"{name} ({count:,})" for name, count in list(counts.items())[:_MOST_TYPES])
    return shown + (f" and {len(counts) - _MOST_TYPES} more" if len(counts) > _MOST_TYPES else "")


def _share(share: float) -> str:
    return "-" if share != share else f"{share:.1%}"  # noqa: PLR0124  NaN: there are no opens
