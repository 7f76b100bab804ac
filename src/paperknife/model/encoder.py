"""From evidence to the catalogue's features as a step of a scikit-learn pipeline."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from paperknife.evidence.features import encode, feature_names, is_evidence


class EvidenceEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A transformer of evidence into a matrix of named features. It learns nothing, so it can leak nothing.

    Examples
    --------
    >>> from paperknife.evidence.features import probe
    >>> EvidenceEncoder().transform(probe().assign(mechanism="unknown")).shape
    (40, 143)
    """

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002  the manner of scikit-learn
        """Check that X is evidence, and return the encoder.

        Raises
        ------
        TypeError
            When X is no evidence.
        """
        _require_evidence(X)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return what a model sees of each open.

        Parameters
        ----------
        X : pandas.DataFrame
            Evidence from `gather_evidence`, one row an open.

        Returns
        -------
        pandas.DataFrame of float32, shape (opens, features)
            With X's index; NaN where a feature is null. `paperknife.evidence.features.describe()` says what each is.

        Raises
        ------
        TypeError
            When X is no evidence.
        """
        _require_evidence(X)
        return pd.DataFrame(encode(X), columns=list(feature_names()), index=X.index, copy=False)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:  # noqa: ARG002
        """Return the features' names, in the order of the columns."""
        return np.array(feature_names(), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags


def _require_evidence(X: object) -> None:
    if not is_evidence(X):
        found = ", ".join(map(str, list(X.columns)[:3])) if isinstance(X, pd.DataFrame) else type(X).__name__
        raise TypeError(
            f"EvidenceEncoder takes evidence, the table that gather_evidence returns; found: {found}. "
            "A matrix of features needs no encoder: give it to OpenClassifier."
        )
