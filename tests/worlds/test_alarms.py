"""Alarms of a simulator that is too easy: Apple's traffic must not be settled by a shallow tree or one feature."""

from __future__ import annotations

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier

from paperknife.events.log import read_events
from paperknife.evidence.features import encode, feature_names
from paperknife.evidence.history import gather_evidence
from paperknife.worlds.world import make_world

WORLDS = [("plain", 11), ("varied", 900), ("varied", 910), ("varied", 917)]
"""With 5,000 Apple opens or more each, so that 500 of either kind stand on either side of the split."""


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: f"{world[0]}-{world[1]}")
def inside(request):
    """Apple's opens of one world: features, whether human, and which half learns."""
    family, seed = request.param
    world = make_world(family, 16_000, seed)
    evidence = gather_evidence(read_events(world.events), horizon="instant")
    truth = world.truth_opens.set_index("event_id").loc[evidence["event_id"]]
    chosen = (truth["client"] == "apple_mail").to_numpy()
    is_human = (truth["label"] == "human").to_numpy()[chosen]
    learns = (evidence["message_id"].str[0] < "8").to_numpy()[chosen]
    assert min(is_human[learns].sum(), (~is_human)[learns].sum()) > 400
    return encode(evidence[chosen]), is_human, learns


def test_a_shallow_tree_stays_behind_a_full_model(inside):
    matrix, is_human, learns = inside
    full = LGBMClassifier(
        n_estimators=100,
        learning_rate=0.08,
        num_leaves=15,
        min_child_samples=40,
        reg_lambda=10,
        colsample_bytree=0.5,
        n_jobs=1,
        random_state=0,
        verbose=-1,
    )
    shallow = DecisionTreeClassifier(max_depth=3, min_samples_leaf=50, random_state=0)
    skill = [
        roc_auc_score(
            is_human[~learns],
            model.fit(matrix[learns], is_human[learns]).predict_proba(matrix[~learns])[:, 1],
        )
        for model in (full, shallow)
    ]
    assert skill[0] > 0.6
    assert skill[0] - skill[1] > 0.02


def test_no_feature_settles_it_alone(inside):
    matrix, is_human, _ = inside
    skill = {
        name: roc_auc_score(is_human, np.nan_to_num(column, nan=-1e9))
        for name, column in zip(feature_names(), matrix.T, strict=True)
    }
    assert max(max(value, 1 - value) for value in skill.values()) < 0.9
