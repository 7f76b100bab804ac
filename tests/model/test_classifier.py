"""OpenClassifier in a data scientist's hands."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from paperknife.model.classifier import OpenClassifier

X = np.repeat([[0.0, 1.0], [1.0, 0.0], [2.0, np.nan]], 60, axis=0)
Y = np.repeat(["human", "prefetch", "machine"], 60)


def test_it_learns_names_and_soft_labels_alike():
    named = OpenClassifier(rounds=20, min_data_in_leaf=5).fit(X, Y)
    soft = OpenClassifier(rounds=20, min_data_in_leaf=5).fit(X, np.repeat(np.eye(3), 60, axis=0))
    assert named.predict(X).tolist() == Y.tolist()
    np.testing.assert_array_equal(named.predict_proba(X), soft.predict_proba(X))
    np.testing.assert_allclose(named.predict_proba(X).sum(axis=1), 1)


def test_it_can_be_cloned_and_keeps_its_settings():
    assert clone(OpenClassifier(rounds=7)).get_params()["rounds"] == 7


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            np.repeat(["human", "bot", "machine"], 60),
            "Unknown labels bot: expected human, prefetch or machine",
        ),
        (np.full((180, 3), 0.5), "probabilities that sum to 1"),
        (np.full((180, 2), 0.5), "need three columns"),
        (Y[:10], "X has 180 rows and y 10"),
    ],
)
def test_labels_that_are_none_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        OpenClassifier().fit(X, labels)
