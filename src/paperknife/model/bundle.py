"""A saved model: a folder of LightGBM's text and JSON, with digests of every file. Nothing in it is pickled.

machine.txt, human.txt   the two boosters        calibration.json   the monotone lookups
manifest.json            digests, versions, data window, the feature catalogue's fingerprint
card.md                  how it was made and how it does, for people
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from paperknife.errors import BundleError, MissingExtraError
from paperknife.evidence.features import encode, feature_names
from paperknife.evidence.fingerprint import fingerprint
from paperknife.model.calibration import Calibration, expit
from paperknife.model.explain import Explanation, composed, views_of_features
from paperknife.model.paths import Paths, paths_of
from paperknife.model.stages import Stages, three_probabilities

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Matrix = NDArray[Any]

FORMAT: Final = 1
_BOOSTERS: Final = ("machine.txt", "human.txt")
_FILES: Final = (*_BOOSTERS, "calibration.json", "card.md")
_BLOCK_ROWS: Final = 200_000
"""Rows encoded at a time: about 100 MB of features, whatever the size of the log."""


@dataclass(frozen=True)
class Model:
    """A fitted, calibrated model of opens.

    Attributes
    ----------
    stages : Stages
        The two boosters.
    machine_calibration, human_calibration : Calibration
    about : dict
        What the manifest says besides digests: when and from what the model was made.
    card : str
        The model card, Markdown.
    """

    stages: Stages
    machine_calibration: Calibration
    human_calibration: Calibration
    about: Mapping[str, Any] = field(default_factory=dict)
    card: str = ""

    @cached_property
    def model_id(self) -> str:
        """A short digest of everything that decides an answer: the same answers, the same id."""
        # LightGBM's text ends with the settings it was trained with, the number of threads among them.
        texts = [text.split("\nparameters:")[0] for text in self._texts().values()]
        text = "\n".join([*texts, fingerprint()])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def manifest(self) -> dict[str, Any]:
        """What stands in manifest.json."""
        texts = {**self._texts(), "card.md": self.card}
        return {
            "format": FORMAT,
            "model_id": self.model_id,
            "paperknife": version("paperknife"),
            "lightgbm": version("lightgbm"),
            "catalogue": fingerprint(),
            "features": list(feature_names()),
            "digests": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
            "about": dict(self.about),
        }

    def _texts(self) -> dict[str, str]:
        calibration = {
            "machine": self.machine_calibration.to_dict(),
            "human": self.human_calibration.to_dict(),
        }
        return {
            "machine.txt": self.stages.machine.model_to_string(),
            "human.txt": self.stages.human.model_to_string(),
            "calibration.json": json.dumps(calibration, indent=1, sort_keys=True),
        }

    def predict(self, evidence: pd.DataFrame, *, threads: int = 0) -> Matrix:
        """Return the three probabilities of each open.

        Parameters
        ----------
        evidence : pandas.DataFrame
            From `gather_evidence`.
        threads : int
            0 for LightGBM's default.

        Returns
        -------
        numpy.ndarray of float64, shape (opens, 3)
            Human, prefetch, machine; rows sum to 1.
        """
        blocks = [
            self.probabilities(encode(block), block["seen_s"], block["mechanism"], threads=threads)
            for block in _blocks(evidence)
        ]
        return np.concatenate(blocks) if blocks else np.empty((0, 3))

    def probabilities(
        self, matrix: Matrix, seen_s: ArrayLike, mechanisms: ArrayLike, *, threads: int = 0
    ) -> Matrix:
        """Return the three probabilities from features already encoded; see `predict`."""
        raw = self.stages.log_odds(matrix, threads=threads)
        return three_probabilities(*map(expit, self._calibrated(raw[:, 0], raw[:, 1], seen_s, mechanisms)))

    def explain(self, evidence: pd.DataFrame, *, threads: int = 0) -> Explanation:
        """Return each open's probabilities, and what each view adds to them, exactly; see `predict`."""
        parts = [
            self.explained(encode(block), block["seen_s"], block["mechanism"], threads=threads)
            for block in _blocks(evidence) or [evidence]
        ]
        return Explanation(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in Explanation.__slots__)
        )

    def explained(
        self, matrix: Matrix, seen_s: ArrayLike, mechanisms: ArrayLike, *, threads: int = 0
    ) -> Explanation:
        """Return probabilities and what they are made of, from features already encoded; see `explain`."""
        stages = self._paths
        (machine, machine_shares), (human, human_shares) = (
            (np.empty(len(matrix)), np.empty((len(matrix), paths.table.shape[1] - 1))) for paths in stages
        )
        for places, rows in self.stages.alike(matrix, threads=threads):
            machine[places], machine_shares[places] = stages[0].shares(rows, threads=threads)
            human[places], human_shares[places] = stages[1].shares(rows, threads=threads)
        calibrated = self._calibrated(machine, human, seen_s, mechanisms)
        return Explanation(
            three_probabilities(*map(expit, calibrated)),
            composed(machine_shares, stages[0].prior, machine, calibrated[0]),
            composed(human_shares, stages[1].prior, human, calibrated[1]),
        )

    def predict_with_reasons(
        self, evidence: pd.DataFrame, *, threads: int = 0
    ) -> tuple[Matrix, list[list[str]]]:
        """Return what `predict` says, and each open's reasons: stable codes, strongest first, at most three.

        The trees are walked once for both, so that it costs little more than `predict`.
        """
        answers, found = [np.empty((0, 3))], []
        for block in _blocks(evidence):
            explanation = self.explain(block, threads=threads)
            answers.append(explanation.probabilities)
            found += explanation.reasons()
        return np.concatenate(answers), found

    def reasons(self, evidence: pd.DataFrame, *, threads: int = 0) -> list[list[str]]:
        """Return each open's reasons as stable codes, strongest first, at most three (see `reason_sentences`)."""
        return self.predict_with_reasons(evidence, threads=threads)[1]

    @cached_property
    def _paths(self) -> tuple[Paths, Paths]:
        views = views_of_features()
        return paths_of(self.stages.machine, views), paths_of(self.stages.human, views)

    def _calibrated(
        self, machine: Matrix, human: Matrix, seen_s: ArrayLike, mechanisms: ArrayLike
    ) -> tuple[Matrix, Matrix]:
        """Return both stages' calibrated log-odds."""
        seen = np.asarray(seen_s, dtype=np.float64)
        roads = np.asarray(mechanisms, dtype=object)
        return (
            self.machine_calibration.log_odds(machine, seen, roads),
            self.human_calibration.log_odds(human, seen, roads),
        )

    def save(self, folder: str | Path) -> Path:
        """Write the bundle into a folder, whole or not at all, and return the folder.

        Parameters
        ----------
        folder : str or Path
            Made if need be; a bundle that stands there is replaced.

        Raises
        ------
        BundleError
            When the folder holds something that is no bundle.
        """
        target = Path(folder).resolve()
        require_place(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        texts = {**self._texts(), "card.md": self.card, "manifest.json": json.dumps(self.manifest, indent=1)}
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as aside:
            made = Path(aside) / "new"
            made.mkdir()
            for name, text in texts.items():
                (made / name).write_bytes(text.encode())
            if target.exists():
                target.rename(Path(aside) / "old")
            made.rename(target)
        return target


def require_place(folder: str | Path) -> None:
    """Refuse a folder that a bundle could not be written to without harm.

    Raises
    ------
    BundleError
        When it is a file, or holds anything but a bundle.
    """
    target = Path(folder).resolve()
    if not target.exists():
        return
    if not target.is_dir():
        raise BundleError(f"{folder} is a file; a model is a folder. Name an empty or a new one.")
    found = {path.name for path in target.iterdir()}
    if found and not ("manifest.json" in found and found <= {*_FILES, "manifest.json"}):
        raise BundleError(f"{folder} is not empty and holds no model. Name an empty or a new folder.")


def _blocks(evidence: pd.DataFrame) -> list[pd.DataFrame]:
    return [evidence.iloc[start : start + _BLOCK_ROWS] for start in range(0, len(evidence), _BLOCK_ROWS)]


def default_model_folder() -> Path:
    """Return where the model that ships with paperknife lies: in the package, or at the top of a checkout."""
    packed = Path(__file__).resolve().parents[1] / "models" / "default"
    return packed if packed.exists() else Path(__file__).resolve().parents[3] / "models" / "default"


def load_model(source: str | Path | None = None) -> Model:
    """Return a saved model, after checking every byte of it.

    Parameters
    ----------
    source : str or Path, optional
        A bundle's folder, or an MLflow URI such as "models:/open-authenticity@champion" (needs the `train` extra).
        Default: the model that ships with paperknife.

    Raises
    ------
    BundleError
        When there is no bundle, a file of it was changed, or it was made for another feature catalogue or by a newer
        paperknife.

    Examples
    --------
    >>> import paperknife as pk
    >>> pk.load_model().manifest["format"]
    1
    """
    if source is None:
        return _open_bundle(default_model_folder())
    if str(source).startswith(("models:/", "runs:/")):
        try:
            from paperknife.registry.download import downloaded_bundle
        except ImportError as absent:
            raise MissingExtraError("Loading a model from MLflow", "train") from absent
        with downloaded_bundle(str(source)) as folder:
            return _open_bundle(folder)
    return _open_bundle(Path(source))


def _open_bundle(folder: Path) -> Model:
    manifest = _read_manifest(folder)
    texts = _read_files(folder, manifest)
    if manifest.get("catalogue") != fingerprint():
        raise BundleError(
            f"The model in {folder} was made for another feature catalogue than this paperknife's "
            f"({version('paperknife')}; the model's: {manifest.get('paperknife')}). "
            "Train it again, or install the paperknife it was made with."
        )
    import lightgbm as lgb

    try:
        machine, human = (lgb.Booster(model_str=texts[name]) for name in _BOOSTERS)
        calibration = json.loads(texts["calibration.json"])
        return Model(
            stages=Stages(machine, human),
            machine_calibration=Calibration.from_dict(calibration["machine"]),
            human_calibration=Calibration.from_dict(calibration["human"]),
            about=manifest.get("about", {}),
            card=texts["card.md"],
        )
    except (lgb.basic.LightGBMError, KeyError, TypeError, ValueError) as broken:
        raise BundleError(
            f"The model in {folder} cannot be read, though its digests agree. Make it again."
        ) from broken


def _read_manifest(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise BundleError(
            f"There is no model at {folder}. Name a folder that 'paperknife train' wrote, or an MLflow URI such as "
            "models:/NAME@champion; leave --model out for the default model."
        )
    path = folder / "manifest.json"
    if not path.exists():
        raise BundleError(f"{folder} holds no manifest.json, so it is no model folder.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as broken:
        raise BundleError(f"{path} is not JSON. The model was damaged: train or copy it again.") from broken
    if not isinstance(manifest, dict) or not isinstance(manifest.get("digests"), dict):
        raise BundleError(f"{path} is no manifest of a model. The model was damaged: train or copy it again.")
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"The model in {folder} has format {manifest.get('format')}, this paperknife reads format {FORMAT}. "
            "Install a newer paperknife, or train the model again."
        )
    return manifest


def _read_files(folder: Path, manifest: Mapping[str, Any]) -> dict[str, str]:
    texts = {}
    for name in _FILES:
        path = folder / name
        if not path.exists():
            raise BundleError(f"The model in {folder} has no {name}. Copy the whole folder, or train again.")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != manifest["digests"].get(name):
            raise BundleError(
                f"{name} of the model in {folder} is not what was saved (its digest differs). "
                "The model was changed or damaged: train or copy it again."
            )
        texts[name] = content.decode("utf-8")
    return texts
