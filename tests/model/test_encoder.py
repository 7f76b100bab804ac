"""Evidence becomes features as a step of a pipeline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from paperknife.evidence.features import encode, feature_names, probe
from paperknife.model.encoder import EvidenceEncoder


def test_it_gives_the_catalogues_features_under_their_names():
    evidence = probe().assign(mechanism="unknown").set_index(pd.Index(range(100, 140)))
    encoder = clone(EvidenceEncoder()).fit(evidence)
    features = encoder.transform(evidence)
    np.testing.assert_array_equal(features.to_numpy(), encode(evidence))
    assert features.columns.tolist() == list(feature_names())
    assert encoder.get_feature_names_out().tolist() == list(feature_names())
    assert features.index.equals(evidence.index)
    assert set(features.dtypes) == {np.dtype("float32")}


def test_it_learns_nothing_so_it_needs_no_fit():
    check_is_fitted(EvidenceEncoder())
    assert len(EvidenceEncoder().transform(probe().assign(mechanism="unknown"))) == 40


@pytest.mark.parametrize(
    ("table", "found"), [(np.zeros((2, 3)), "found: ndarray"), (pd.DataFrame({"ip": ["x"]}), "found: ip")]
)
def test_what_is_no_evidence_is_refused(table, found):
    with pytest.raises(TypeError, match=f"takes evidence, the table that gather_evidence returns; {found}"):
        EvidenceEncoder().fit(table)
