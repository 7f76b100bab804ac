"""Decisions by cost."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.errors import RequestError
from paperknife.verdicts.presets import decide

ROWS = np.array([[0.97, 0.02, 0.01], [0.6, 0.3, 0.1], [0.34, 0.33, 0.33], [0.2, 0.7, 0.1], [0.01, 0.09, 0.9]])


@pytest.mark.parametrize(
    ("preset", "verdicts"),
    [
        ("report", ["human", "human", "uncertain", "prefetch", "machine"]),
        ("notify", ["human", "uncertain", "uncertain", "uncertain", "machine"]),
        ("suppress", ["human", "human", "uncertain", "uncertain", "machine"]),
    ],
)
def test_each_preset_draws_its_own_lines(preset, verdicts):
    assert decide(ROWS, preset).tolist() == verdicts


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(RequestError, match=r"Preset 'notfy' is unknown.*Did you mean 'notify'"):
        decide(ROWS, "notfy")
