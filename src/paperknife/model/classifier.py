"""The model of opens as a scikit-learn estimator, for notebooks, pipelines and cross-validation."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from paperknife.evidence.features import encode, feature_names, is_evidence
from paperknife.model.bundle import Model
from paperknife.model.calibration import expit, fit_calibration
from paperknife.model.constraints import catalogue_signs
from paperknife.model.masking import MASKED_SHARE, catalogue_blocks, hide
from paperknife.model.stages import fit_stages, stage_targets, three_probabilities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Matrix = NDArray[Any]
    Table = pd.DataFrame | NDArray[Any]
    Column = int | str

CLASSES: Final = np.array(["human", "prefetch", "machine"], dtype=object)


class OpenClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A classifier of opens as human, prefetch or machine: two binary LightGBM stages that take soft labels.

    It takes evidence, the features that `EvidenceEncoder` makes of it, or any numeric matrix. One model answers at
    every horizon: fit it on evidence of several (`pd.concat`), how much has been seen is one of the features.

    Parameters
    ----------
    rounds : int
        Trees per stage.
    num_leaves : int
    learning_rate : float
    min_data_in_leaf : int
    blocks : "auto", None or sequence of sequences of int or str
        Columns that a log may lack together. In training each row may lose one block (see `masked_share`), so that
        the model learns to do without each. "auto": those of the catalogue (user agent, IP, both, history, time zone
        and others) where the columns are the catalogue's, else none.
    masked_share : float
        Share of training rows that lose a block.
    monotone : "auto", None or mapping of int or str to pair of int
        Column to the sign of its effect on the log-odds of a machine, and of a person among the rest: 1 never down,
        -1 never up, 0 free. "auto": scanner and click evidence where the columns are the catalogue's, else none.
    random_state : int, numpy.random.RandomState or None
        The same seed gives the same model at any number of threads.
    n_jobs : int
        Threads; 0 for LightGBM's default.

    Attributes
    ----------
    classes_ : numpy.ndarray, shape (classes,)
        human, prefetch, machine: the order of the columns of `predict_proba`, and of soft labels. Of labels that
        are none of these names (as when scikit-learn has numbered them), the sorted ones.
    stages_ : Stages
        The two fitted boosters. Of other labels, the last of three is the first stage's.
    n_features_in_ : int
    feature_names_in_ : numpy.ndarray of str
        Where X had names.

    Notes
    -----
    scikit-learn's own `neg_log_loss` scorer expects columns in the alphabet's order and gives wrong figures for these;
    use ``scoring=open_log_loss``, which takes soft labels too.

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
        blocks: Literal["auto"] | Sequence[Iterable[Column]] | None = "auto",
        masked_share: float = MASKED_SHARE,
        monotone: Literal["auto"] | Mapping[Column, tuple[int, int]] | None = "auto",
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int = 0,
    ) -> None:
        self.rounds = rounds
        self.num_leaves = num_leaves
        self.learning_rate = learning_rate
        self.min_data_in_leaf = min_data_in_leaf
        self.blocks = blocks
        self.masked_share = masked_share
        self.monotone = monotone
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Table, y: Any, sample_weight: Any = None) -> Self:
        """Fit both stages.

        Parameters
        ----------
        X : pandas.DataFrame or array, shape (opens, features)
            Evidence from `gather_evidence`, or any numeric matrix; NaN is null.
        y : array, shape (opens,) or (opens, 3)
            Names (human, prefetch, machine), or soft labels in that order, rows summing to 1. Or at most three
            classes of other names.
        sample_weight : array, shape (opens,), optional

        Raises
        ------
        ValueError
            For unknown names, more than three classes, or soft labels that are no probabilities; for columns in
            `blocks` or `monotone` that X does not have.
        """
        shape = np.asarray(y).shape
        is_soft = len(shape) > 1 and shape[1] > 1
        matrix, targets = validate_data(self, _matrix_of(X), y, multi_output=is_soft, **_ACCEPTED)
        if not is_soft:
            check_classification_targets(targets)
        self.classes_ = _classes_of(targets)
        labels = _soft(targets, self.classes_)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, matrix)
        signs = self._signs()
        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = int(check_random_state(seed).randint(2**31 - 1))
        blocks = self._blocks()
        if blocks:
            matrix = matrix.copy()
            hide(matrix, np.random.default_rng(int(seed)), blocks=blocks, share=self.masked_share)
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
            signs=signs,
            random_state=int(seed),
            threads=self.n_jobs,
        )
        return self

    def predict_proba(self, X: Table) -> Matrix:
        """Return p_human, p_prefetch and p_machine, float64 of shape (opens, 3), as `classes_`; rows sum to 1."""
        check_is_fitted(self)
        table = _matrix_of(X)
        if is_evidence(X) and not hasattr(self, "feature_names_in_"):
            table = np.asarray(table)  # fitted on the same columns without their names
        log_odds = self.stages_.log_odds(
            validate_data(self, table, reset=False, **_ACCEPTED), threads=self.n_jobs
        )
        shares = three_probabilities(expit(log_odds[:, 0]), expit(log_odds[:, 1]))
        if len(self.classes_) < len(CLASSES):
            shares = shares[:, : len(self.classes_)]
            shares /= shares.sum(axis=1, keepdims=True)
        return shares

    def predict(self, X: Table) -> NDArray[Any]:
        """Return the likeliest class of each open."""
        probabilities = self.predict_proba(X)
        named: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return named

    def calibrated(self, evidence: pd.DataFrame, y: Any, sample_weight: Any = None) -> Model:
        """Return the fitted stages as a calibrated model, which `pk.score` takes and `save` keeps.

        Parameters
        ----------
        evidence : pandas.DataFrame
            Later opens than those of `fit`, at all horizons that will be asked about.
        y, sample_weight
            Their labels, as for `fit`.

        Raises
        ------
        TypeError
            When `evidence` is none, since calibration goes by its horizon and mechanism.
        ValueError
            When the classifier was fitted to other labels or columns than those of opens.
        """
        check_is_fitted(self)
        if not is_evidence(evidence):
            raise TypeError(
                "Calibration goes by horizon and mechanism, so it takes evidence from gather_evidence."
            )
        if self.classes_.tolist() != CLASSES.tolist() or self.n_features_in_ != len(feature_names()):
            raise ValueError(
                "Only a classifier that was fitted on evidence with human, prefetch and machine becomes a model of "
                f"opens; this one knows {len(self.classes_)} classes and {self.n_features_in_} columns."
            )
        labels = soft_matrix(y)
        weights = _check_sample_weight(sample_weight, labels)
        log_odds = self.stages_.log_odds(encode(evidence), threads=self.n_jobs)
        machine, human = (
            fit_calibration(
                log_odds[:, stage],
                target,
                weight,
                evidence["seen_s"].to_numpy(dtype=np.float64),
                evidence["mechanism"].to_numpy(dtype=object),
            )
            for stage, (target, weight) in enumerate(stage_targets(labels, weights))
        )
        return Model(self.stages_, machine, human, {"made_from": "labels given to OpenClassifier"})

    def _is_catalogue(self) -> bool:
        return tuple(getattr(self, "feature_names_in_", ())) == feature_names()

    def _blocks(self) -> list[list[int]]:
        if isinstance(self.blocks, str):
            return [list(block) for block in catalogue_blocks()] if self._is_catalogue() else []
        return [[self._place(column) for column in block] for block in self.blocks or ()]

    def _signs(self) -> tuple[Sequence[int], Sequence[int]] | None:
        if isinstance(self.monotone, str):
            return catalogue_signs() if self._is_catalogue() else None
        if not self.monotone:
            return None
        signs = np.zeros((2, self.n_features_in_), dtype=int)
        for column, pair in self.monotone.items():
            signs[:, self._place(column)] = pair
        return signs[0].tolist(), signs[1].tolist()

    def _place(self, column: Column) -> int:
        names = list(getattr(self, "feature_names_in_", ()))
        if column in names:
            return names.index(column)
        if isinstance(column, Integral) and 0 <= int(column) < self.n_features_in_:
            return int(column)
        raise ValueError(
            f"There is no column {column!r} in X, which has {self.n_features_in_} columns; `blocks` and `monotone` "
            "name columns, or count them from 0."
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


_ACCEPTED: Final[dict[str, Any]] = {
    "dtype": [np.float64, np.float32],
    "ensure_all_finite": "allow-nan",
}
"""What `validate_data` lets through: either width of float as it is, all else as float64."""


def open_log_loss(classifier: OpenClassifier, X: Table, y: Any) -> float:
    """Return minus the three-class log loss in nats, probabilities clipped at 1e-4: for `scoring` in searches.

    Parameters
    ----------
    classifier : OpenClassifier
        Fitted.
    X, y
        As for `OpenClassifier.fit`; soft labels too.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> X = np.repeat([[0.0], [1.0], [2.0]], 50, axis=0)
    >>> y = np.repeat(["human", "prefetch", "machine"], 50)
    >>> scores = cross_val_score(OpenClassifier(min_data_in_leaf=5), X, y, cv=2, scoring=open_log_loss)
    >>> bool((scores > -0.7).all())  # guessing would give -1.1
    True
    """
    said = np.log(np.clip(classifier.predict_proba(X), 1e-4, 1))
    return float((soft_matrix(y) * said).sum(axis=1).mean())


def soft_matrix(y: Any) -> Matrix:
    """Return labels as a float64 matrix of human, prefetch and machine, whose rows sum to 1.

    Raises
    ------
    ValueError
        For unknown names, or soft labels that are no probabilities.
    """
    return _soft(np.asarray(y), CLASSES)


def _matrix_of(X: Table) -> Table:
    """Return evidence as the catalogue's features under their names, anything else as it is."""
    if is_evidence(X):
        return pd.DataFrame(encode(X), columns=list(feature_names()), copy=False)  # type: ignore[arg-type]
    return X


def _classes_of(targets: NDArray[Any]) -> NDArray[Any]:
    """Return the house's classes where labels are soft or carry any of their names, else the sorted labels.

    Raises
    ------
    ValueError
        For more than three classes.
    """
    if targets.ndim > 1:
        return CLASSES.copy()
    found: NDArray[Any] = np.unique(targets)
    if set(found.tolist()) & set(CLASSES):
        return CLASSES.copy()
    if len(found) > len(CLASSES):
        raise ValueError(f"OpenClassifier tells at most three classes apart, and y has {len(found)}.")
    return found


def _soft(labels: NDArray[Any], classes: NDArray[Any]) -> Matrix:
    if labels.ndim == 1:
        unknown = [str(name) for name in np.unique(labels) if name not in classes]
        if unknown:
            raise ValueError(f"Unknown labels {', '.join(unknown[:3])}: expected human, prefetch or machine.")
        named = np.zeros((len(labels), len(CLASSES)))
        named[:, : len(classes)] = labels[:, None] == classes[None, :]
        return named
    soft: Matrix = labels.astype(np.float64)
    if soft.shape[1] != len(CLASSES) or (soft < 0).any() or not np.allclose(soft.sum(axis=1), 1):
        raise ValueError(
            "Soft labels need three columns (human, prefetch, machine) of probabilities that sum to 1."
        )
    return soft
