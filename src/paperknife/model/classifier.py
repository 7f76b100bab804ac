"""The model of opens as a scikit-learn estimator, for notebooks, pipelines and cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from paperknife.evidence.features import encode, is_evidence
from paperknife.model.calibration import expit
from paperknife.model.stages import fit_stages, three_probabilities

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Matrix = NDArray[Any]

CLASSES = np.array(["human", "prefetch", "machine"], dtype=object)


class OpenClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A classifier of opens as human, prefetch or machine: two binary LightGBM stages that take soft labels.

    Parameters
    ----------
    rounds : int
        Trees per stage.
    num_leaves : int
    learning_rate : float
    min_data_in_leaf : int
    random_state : int
        The same seed gives the same model at any number of threads.
    n_jobs : int
        Threads; 0 for LightGBM's default.

    Attributes
    ----------
    classes_ : numpy.ndarray of object, shape (3,)
        human, prefetch, machine: the order of the columns of `predict_proba`.
    stages_ : Stages
        The two fitted boosters.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat([[0.0], [1.0], [2.0]], 50, axis=0)
    >>> y = np.repeat(["human", "prefetch", "machine"], 50)
    >>> OpenClassifier(min_data_in_leaf=5).fit(X, y).predict([[2.0]]).tolist()
    ['machine']
    """

    def __init__(
        self,
        *,
        rounds: int = 100,
        num_leaves: int = 31,
        learning_rate: float = 0.08,
        min_data_in_leaf: int = 20,
        random_state: int = 0,
        n_jobs: int = 0,
    ) -> None:
        self.rounds = rounds
        self.num_leaves = num_leaves
        self.learning_rate = learning_rate
        self.min_data_in_leaf = min_data_in_leaf
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: pd.DataFrame | Matrix, y: Any, sample_weight: Any = None) -> Self:
        """Fit both stages.

        Parameters
        ----------
        X : pandas.DataFrame or array, shape (opens, features)
            Evidence from `gather_evidence`, or any numeric matrix; NaN is null.
        y : array, shape (opens,) or (opens, 3)
            Names (human, prefetch, machine), or soft labels in that order, rows summing to 1.
        sample_weight : array, shape (opens,), optional

        Raises
        ------
        ValueError
            For unknown names, or soft labels that are no probabilities.
        """
        matrix = self._matrix(X, reset=True)
        labels = soft_matrix(y)
        if len(labels) != len(matrix):
            raise ValueError(f"X has {len(matrix)} rows and y {len(labels)}; they must be as many.")
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        self.classes_ = CLASSES.copy()
        self.stages_ = fit_stages(
            matrix,
            labels,
            weights,
            rounds=self.rounds,
            params={
                "num_leaves": self.num_leaves,
                "learning_rate": self.learning_rate,
                "min_data_in_leaf": self.min_data_in_leaf,
            },
            random_state=self.random_state,
            threads=self.n_jobs,
        )
        return self

    def predict_proba(self, X: pd.DataFrame | Matrix) -> Matrix:
        """Return p_human, p_prefetch and p_machine, float64 of shape (opens, 3); rows sum to 1."""
        check_is_fitted(self)
        log_odds = self.stages_.log_odds(self._matrix(X, reset=False), threads=self.n_jobs)
        return three_probabilities(expit(log_odds[:, 0]), expit(log_odds[:, 1]))

    def predict(self, X: pd.DataFrame | Matrix) -> NDArray[np.object_]:
        """Return the likeliest class of each open."""
        named: NDArray[np.object_] = CLASSES[self.predict_proba(X).argmax(axis=1)]
        return named

    def _matrix(self, X: pd.DataFrame | Matrix, *, reset: bool) -> Matrix:
        values = encode(X) if is_evidence(X) else X  # type: ignore[arg-type]  # is_evidence is a DataFrame
        matrix: Matrix = validate_data(
            self, values, reset=reset, dtype=np.float32, ensure_all_finite="allow-nan"
        )
        return matrix


def soft_matrix(y: Any) -> Matrix:
    """Return labels as a float64 matrix of human, prefetch and machine, whose rows sum to 1.

    Raises
    ------
    ValueError
        For unknown names, or soft labels that are no probabilities.
    """
    labels = np.asarray(y)
    if labels.ndim == 1:
        unknown = sorted({str(name) for name in np.unique(labels.astype(str))} - set(CLASSES))
        if unknown:
            raise ValueError(f"Unknown labels {', '.join(unknown[:3])}: expected human, prefetch or machine.")
        named: Matrix = (labels.astype(str)[:, None] == CLASSES.astype(str)[None, :]).astype(np.float64)
        return named
    soft: Matrix = labels.astype(np.float64)
    if soft.shape[1] != len(CLASSES) or (soft < 0).any() or not np.allclose(soft.sum(axis=1), 1):
        raise ValueError(
            "Soft labels need three columns (human, prefetch, machine) of probabilities that sum to 1."
        )
    return soft
