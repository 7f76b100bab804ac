"""Starting models that know as little of simulated senders as the default model knows of real ones.

How far a starting model may be believed beside the sources of labels cannot be learned beside the default model: it
learned from senders drawn from the same laws as those the label models learn on, and is right there more often than on
any sender whose mail we did not simulate. So the label models learn beside narrow ones, that saw some dozens of senders.

Measured on 122 logs of three generators that were written apart, by who had read the same facts and none of this code;
they are not in the repository. The default model's log loss about people in Apple's traffic was .421 there; a label model
made beside the default left .391, one made beside narrow models .385; on our own worlds, beside the default, .419 and
.421 of .441. This, the label models' size and the clues about kin were chosen on those logs, so the figures are not
those of an untouched test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from make_default import fit, lessons

if TYPE_CHECKING:
    from pathlib import Path

NARROW_N = 20
WORLDS = 60
CALIBRATE = 40
"""Models, and the worlds that each learns from and is calibrated on: the first of those that train the default model,
in whole files of kept lessons. On worlds that calibrate the default model its log loss inside Apple's traffic is .442;
that of models of 40 worlds is .490, of 60 .473, of 100 .468. Set once and not tuned: label models beside models of
other sizes were not tried."""
ROUNDS = (80, 100)


def make_narrow_models(folder: Path, jobs: int, kept: Path | None) -> None:
    """Make those that the folder does not hold yet.

    Parameters
    ----------
    folder : Path
        Where `narrow_model` finds them.
    jobs : int
    kept : Path, optional
        A folder that keeps the default model's lessons.
    """
    for number in range(NARROW_N):
        if (folder / str(number)).exists():
            continue
        first, last = number * (WORLDS + CALIBRATE), (number + 1) * (WORLDS + CALIBRATE)
        train = lessons(range(first, first + WORLDS), jobs, "train", kept)
        calibrate = lessons(range(first + WORLDS, last), jobs, "train", kept)
        fit(train, calibrate, ROUNDS).save(folder / str(number))


def narrow_model(folder: Path, seed: int) -> Path:
    """Return where the model for a world's number lies."""
    return folder / str(seed % NARROW_N)
