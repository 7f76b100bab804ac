"""Which part of a log, and of its truth, each rung of a trial is shown; which worlds taught whom. Nothing is trained."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.model.bundle import load_model
from paperknife.trials import oracles, rungs
from paperknife.trials import trial as trial_module
from paperknife.trials.cases import JUDGED_SEEDS, ORACLE_SEEDS, Case, find_case, parted
from paperknife.trials.oracles import OracleSize
from paperknife.trials.shelf import Shelf
from paperknife.trials.trial import TrialSize, run_trial

FEW = OracleSize(100, 100)
SIZE = TrialSize(1_500, FEW, FEW, with_gaps=False)


@pytest.fixture
def seeds(monkeypatch):
    """Seeds of the worlds that are made."""
    seeds, real = [], Case.world

    def world(self, seed, messages, laws=None):
        seeds.append(seed)
        return real(self, seed, messages, laws)

    monkeypatch.setattr(Case, "world", world)
    return seeds


@pytest.fixture(params=["plain", "plain, new networks midway"])
def seen(request, monkeypatch):
    """A trial whose models are all the default one, and what each was to learn from."""
    case, default = find_case(request.param), load_model()
    seen = {"logs": [], "panels": []}
    real_rules, real_panel = rungs.rule_rungs, rungs.draw_panel

    def trained(log, model, panel=None, **_):
        seen["logs"].append(log.to_pandas())
        seen["panels"].append(panel)
        return model, []

    def rules(opens, judged_ids, lessons):
        seen["rules"] = lessons
        return real_rules(opens, judged_ids, lessons)

    def rule_labels(tables, opens, learn_ids, **_):
        seen["rule_labels"] = learn_ids
        return {name: np.full((len(rows), 3), 1 / 3) for name, rows in tables.items()}

    monkeypatch.setattr(rungs, "trained_model", trained)
    monkeypatch.setattr(rungs, "rule_rungs", rules)
    monkeypatch.setattr(rungs, "rule_label_rung", rule_labels)
    # Everybody who may be asked is.
    monkeypatch.setattr(rungs, "draw_panel", lambda opens, n, **_: real_panel(opens, 10**6))
    monkeypatch.setattr(trial_module, "oracle_of", lambda *_, **__: default)
    seen["trial"] = run_trial(case, 3, default, SIZE, Shelf(), threads=1)
    seen["parts"] = parted(case, case.world(JUDGED_SEEDS + 3, SIZE.messages))
    return seen


def test_no_rung_learns_from_what_is_judged(seen):
    judged = seen["trial"].judged["instant"]
    ids, messages = set(judged["event_id"]), set(judged["message_id"])
    assert len(ids) > 50
    assert ids == set(seen["parts"].judged_ids())
    panels = [panel for panel in seen["panels"] if panel is not None]
    assert len(panels) == 2
    for panel in panels:
        assert not set(panel["event_id"]) & ids
    assert not set(seen["rule_labels"]) & ids
    assert not set(seen["rules"]["event_id"]) & ids
    assert len(seen["logs"]) >= 3
    for log in seen["logs"]:
        assert (log["occurred_at"] < seen["parts"].until).all()
        if seen["trial"].case == "plain":  # after a change, all is seen but its truth
            assert not set(log["message_id"]) & messages


def test_a_judged_world_is_numbered_as_judged_ones_are(seeds, seen):
    assert set(seeds) == {JUDGED_SEEDS + 3}
    assert seen["trial"].seed == JUDGED_SEEDS + 3


def test_oracles_learn_from_worlds_of_their_own(seeds):
    oracles._lessons(Case("plain"), OracleSize(100, 200), threads=1)
    assert seeds == list(range(ORACLE_SEEDS, ORACLE_SEEDS + 5))
