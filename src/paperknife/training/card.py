"""The card of a model trained on a sender's log: how it was made, what it rests on, how it agrees with later labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paperknife.training.click_check import CAVEAT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from paperknife.training.click_check import ClickCheck

_ASSUMPTION = (
    "Apple readers are taken to click as often per reading as others do: kappa and clicks per reading cannot both be "
    "learned from clicks, and only a panel separates them."
)


def card_of(
    about: Mapping[str, Any], agreement: pd.DataFrame, notes: Sequence[str], check: ClickCheck
) -> str:
    """Return a model card in Markdown.

    Parameters
    ----------
    about : mapping
        What the manifest says of the making.
    agreement : pandas.DataFrame
        From `paperknife.training.checks.agreement`.
    notes : sequence of str
        What a person should know before using the model.
    check : ClickCheck
        What clicks in later messages say of it.
    """
    facts = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in about.items())
    said = "\n".join(f"- {note}" for note in [*notes, _ASSUMPTION])
    rows = "\n".join(
        f"| {row.model} | {row.slice} | {row.opens_n:,} | {row.label_loss:.3f} | {row.bias:+.3f} |"
        for row in agreement.itertuples()
    )
    clicks = "\n".join(f"- {sentence}" for sentence in check.sentences)
    left_out = ", ".join(f"{reason.replace('_', ' ')} {n:,}" for reason, n in check.left_out.items())
    return f"""# A model of opens, trained without truth

| | |
|---|---|
{facts}

## What to know

{said}

## Agreement with the labels of later messages

Not an accuracy: nobody knows the truth of this log. Label loss is the mean cross-entropy (nats) against the soft labels
of later messages; bias is the mean of p_human less that of the labels. What is called retrained learned from earlier
messages only, to be chosen or not; where it is kept, its trees are grown once more, from all messages.

| model | slice | opens | label loss | bias |
|---|---|---|---|---|
{rows}

## Checked by clicks

The one check that needs nobody's word: what the model said of Apple's opens the moment they came, against what a later
click says of them. Later messages only; asked are models made as this one, but neither taught nor calibrated by the
message. (Whether to retrain was decided on half of these messages.)

{clicks}
- {CAVEAT}
- Clicked messages left out: {left_out}.
"""
