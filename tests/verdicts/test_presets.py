"""Decisions by cost."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.errors import RequestError
from paperknife.verdicts.presets import CLASSES, PRESETS, decide

ROWS = np.array(
    [
        [0.97, 0.02, 0.01],
        [0.6, 0.3, 0.1],
        [0.34, 0.33, 0.33],
        [0.2, 0.7, 0.1],
        [0.01, 0.09, 0.9],
        [0.005, 0.99, 0.005],
        [0.005, 0.005, 0.99],
    ]
)


@pytest.mark.parametrize(
    ("preset", "verdicts"),
    [
        ("report", ["human", "human", "uncertain", "prefetch", "machine", "prefetch", "machine"]),
        ("notify", ["human", "uncertain", "uncertain", "uncertain", "machine", "prefetch", "machine"]),
        ("suppress", ["human", "human", "uncertain", "uncertain", "uncertain", "uncertain", "machine"]),
    ],
)
def test_each_preset_draws_its_own_lines(preset, verdicts):
    assert decide(ROWS, preset).tolist() == verdicts


@pytest.fixture
def drawn():
    return np.random.default_rng(0).dirichlet([0.3, 0.3, 0.3], size=5_000)


@pytest.mark.parametrize("preset", list(PRESETS))
def test_no_other_answer_about_people_would_cost_less(preset, drawn):
    """Chow's rule: what is named costs no more than an open question; and what is left open, no less."""
    costs, verdicts = PRESETS[preset], decide(drawn, preset)
    human_costs = costs.false_human * (1 - drawn[:, 0])
    assert (human_costs[verdicts == "human"] <= 1 + 1e-9).all()
    assert (human_costs[verdicts != "human"] >= 1 - 1e-9).all()
    is_kind = np.isin(verdicts, ["prefetch", "machine"])
    assert (costs.missed_human * drawn[is_kind, 0] <= 1 + 1e-9).all()
    assert 0 < is_kind.mean() < 1


def test_report_names_whatever_is_likelier_than_not(drawn):
    names = np.array([*CLASSES, "uncertain"])[
        np.where(drawn.max(axis=1) >= 0.5, drawn.argmax(axis=1), len(CLASSES))
    ]
    assert decide(drawn, "report").tolist() == names.tolist()


def test_nobody_is_called_unread_on_prefetches_alone(drawn):
    only_prefetches = np.array([[0.0, 1.0, 0.0], [0.01, 0.98, 0.01], [0.0, 0.6, 0.4]])
    assert set(decide(only_prefetches, "suppress")) == {"uncertain"}
    assert "prefetch" not in set(decide(drawn, "suppress"))


def test_presets_are_as_careful_as_they_say(drawn):
    """Of what `notify` calls a person and of what `suppress` calls a machine, few are not, if p is honest."""
    alerted = drawn[decide(drawn, "notify") == "human"]
    removed = drawn[decide(drawn, "suppress") == "machine"]
    assert alerted[:, 0].min() >= 0.95
    assert removed[:, 2].min() >= 0.98
    assert len(alerted) > 100
    assert len(removed) > 100


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(RequestError, match=r"Preset 'notfy' is unknown.*Did you mean 'notify'"):
        decide(ROWS, "notfy")
