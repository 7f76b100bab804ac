"""A training result for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paperknife.training.click_check import CAVEAT

if TYPE_CHECKING:
    from rich.console import RenderableType

    from paperknife.training.train import TrainingResult


def result_report(result: TrainingResult) -> RenderableType:
    """Return what was learned, from what, and how it agrees with later labels, to be printed with rich."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title="Agreement with the labels of later messages (no accuracy: nobody knows the truth)",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for name in ("model", "slice", "opens", "label loss", "bias"):
        table.add_column(name, justify="left" if name in {"model", "slice"} else "right")
    shown = result.agreement[result.agreement["slice"].isin(["all", "instant", "settled", "apple_relay"])]
    for row in shown.itertuples():
        style = "bold" if row.model == result.params["kept"] else ""
        table.add_row(
            str(row.model),
            str(row.slice),
            f"{row.opens_n:,}",
            f"{row.label_loss:.3f}",
            f"{row.bias:+.3f}",
            style=style,
        )
    check = Text("\n".join(["By clicks, later messages", *result.click_check.sentences, CAVEAT]))
    notes = Text("\n".join(f"- {note}" for note in result.notes))
    return Group(table, Text(), check, Text(), notes, Text())
