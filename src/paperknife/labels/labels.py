"""What labelling leaves: a soft label for every open, what it rests on, and what each source said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from paperknife.hazards.sender import SenderHazards
    from paperknife.labels.click_dating import ClickDates
    from paperknife.labels.gates import Gate


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What the labels rest on.

    Attributes
    ----------
    votes : pandas.DataFrame
        Coverage, overlap and conflict, from `votes_report`.
    hazards : SenderHazards
        With kappa and the curves.
    dates : ClickDates
    scale : float
        Factor on the read hazard in the labels of first Apple fetches: kappa, moved by what clicks date and
        bounded by the fetches there are. Below kappa where devices fetch just ahead of readings.
    gates : tuple of Gate
    """

    votes: pd.DataFrame
    hazards: SenderHazards
    dates: ClickDates
    scale: float
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """Soft labels and how they came about.

    Attributes
    ----------
    opens : pandas.DataFrame
        One row per open, in the evidence's order: `event_id`; `h` = P(person | no other machine), null where nothing
        speaks; `h_weight`; `m` = P(machine other than Apple's prefetch); `m_weight`; `source` of `h`: panel,
        visible_client, excess_hazard, click, repeat, mixture, other_client, machine_vote or none.
    diagnostics : Diagnostics
    clues : pandas.DataFrame
        What each source says of the opens that the label model may weigh (`paperknife.labels.label_model`), indexed by
        their place in `opens`: in Apple's traffic, or in traffic that tells nothing, and no machine's by the votes. Empty
        without a prior.
    machine_clues : pandas.DataFrame
        The same for the question whether it was another machine, of all opens but known machines' and those of which only
        the time is known.
    """

    opens: pd.DataFrame
    diagnostics: Diagnostics
    clues: pd.DataFrame = field(repr=False, default_factory=pd.DataFrame)
    machine_clues: pd.DataFrame = field(repr=False, default_factory=pd.DataFrame)

    @property
    def probabilities(self) -> pd.DataFrame:
        """What the labels say, as a model would: `event_id`, `p_human`, `p_prefetch`, `p_machine`.

        Opens without a label are left out. Where only votes speak, as for a gateway's fetch, what is no machine's is
        divided evenly.
        """
        some = self.opens[self.opens["m"].notna() & (self.opens[["h_weight", "m_weight"]] > 0).any(axis=1)]
        other, human = 1 - some["m"], some["h"].fillna(0.5)
        return pd.DataFrame(
            {
                "event_id": some["event_id"],
                "p_human": other * human,
                "p_prefetch": other * (1 - human),
                "p_machine": some["m"],
            }
        )
