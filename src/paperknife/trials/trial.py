"""One trial: all methods on one simulated log, at both horizons."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from paperknife.evaluation.metrics import auc
from paperknife.evaluation.opens import describe_opens
from paperknife.evaluation.regret import losses
from paperknife.events.log import read_events
from paperknife.evidence.history import gather_horizons
from paperknife.evidence.networks import NetworkTable
from paperknife.training.oracle import CLASSES
from paperknife.trials import rungs
from paperknife.trials.cases import DAYS, JUDGED_SEEDS, parted, without
from paperknife.trials.oracles import HORIZONS, OracleSize, labels_of, oracle_of
from paperknife.trials.shelf import source_digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from paperknife.evaluation.regret import Losses
    from paperknife.model.bundle import Model
    from paperknife.trials.cases import Case, Parted
    from paperknife.trials.shelf import Shelf

    Floats = NDArray[np.float64]

POSTERIOR: Final = "p_human_posterior"
"""Column of the truth of opens, where worlds have it: P(human) by the simulator's own laws, at the instant."""

GAPS: Final[dict[str, tuple[str, ...]]] = {
    "no user agent": ("user_agent",),
    "no IP": ("ip",),
    "neither": ("user_agent", "ip"),
}
"""What a log may lack, and the columns to take from it."""


@dataclass(frozen=True, slots=True)
class TrialSize:
    """How much a trial takes.

    Attributes
    ----------
    messages : int
        Of each judged log.
    oracle, base : OracleSize
        Of each sender's own oracle, and of the base they all grow from.
    with_gaps : bool
        Whether to take fields away from each case's first log, and look what ranking is lost.
    """

    messages: int
    oracle: OracleSize
    base: OracleSize
    with_gaps: bool = True


@dataclass(frozen=True)
class Trial:
    """What came of it.

    Attributes
    ----------
    case : str
        Its name.
    seed : int
        Of the judged log.
    judged : dict of str to pandas.DataFrame
        By horizon: the judged opens, with `label`, what slices need, and `p_human_posterior` where worlds have it.
    said : dict of str to dict of str to numpy.ndarray
        By horizon and method, the probabilities of the judged opens.
    gaps : list of dict
        `horizon`, `gap`, `method`, `auc`, `auc_full`: how well opens are ranked when a field is taken from the log.
    notes : list of str
        What `train` said.
    """

    case: str
    seed: int
    judged: dict[str, pd.DataFrame] = field(repr=False)
    said: dict[str, dict[str, Floats]] = field(repr=False)
    gaps: list[dict[str, Any]] = field(repr=False)
    notes: list[str] = field(repr=False)

    def losses(self, horizon: str, *, resamples: int = 200) -> Losses:
        """Return what every method loses at a horizon; rules on all opens and inside Apple's traffic only."""
        said = self.said[horizon]
        rules = [name for name in said if name.startswith(rungs.RULE)]
        return losses(self.judged[horizon], said, only_main=rules, resamples=resamples)

    def save(self, folder: Path) -> None:
        """Write the trial into a folder, as one table of answers and one file of what else there is."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = [
            pd.concat(
                [
                    self.judged[horizon].assign(horizon=horizon),
                    *(pd.DataFrame(p, columns=_columns(name)) for name, p in said.items()),
                ],
                axis=1,
            )
            for horizon, said in self.said.items()
        ]
        name = f"{name_in_files(self.case)}-{self.seed}"
        pd.concat(tables, ignore_index=True).to_parquet(folder / f"{name}.parquet", index=False)
        rest = {"case": self.case, "seed": self.seed, "gaps": self.gaps, "notes": self.notes}
        (folder / f"{name}.json").write_text(json.dumps(rest, indent=1) + "\n")

    @classmethod
    def load(cls, file: Path) -> Trial:
        """Return the trial whose `.json` this is."""
        rest = json.loads(file.read_text())
        together = pd.read_parquet(file.with_suffix(".parquet"))
        methods = [name.removesuffix(_HUMAN) for name in together.columns if name.endswith(_HUMAN)]
        columns = [column for method in methods for column in _columns(method)]
        judged, said = {}, {}
        for horizon, rows in together.groupby("horizon", sort=False):
            judged[str(horizon)] = rows.drop(columns=["horizon", *columns]).reset_index(drop=True)
            said[str(horizon)] = {name: rows[_columns(name)].to_numpy() for name in methods}
        return cls(rest["case"], rest["seed"], judged, said, rest["gaps"], rest["notes"])


_HUMAN: Final = " | human"


def _columns(method: str) -> list[str]:
    return [f"{method} | {name}" for name in CLASSES]


def name_in_files(case: str) -> str:
    """Return the name of a case as a file may have it."""
    return case.replace(",", "").replace(" ", "-")


def run_trial(
    case: Case, number: int, default: Model, size: TrialSize, shelf: Shelf, *, threads: int = 0
) -> Trial:
    """Return what all methods say of one log of a case, and how well.

    Parameters
    ----------
    case : Case
    number : int
        Which of the case's judged logs.
    default : Model
    size : TrialSize
    shelf : Shelf
        Where evidence and oracles are kept.
    threads : int
    """
    seed = JUDGED_SEEDS + number
    parts = parted(case, case.world(seed, size.messages))
    label = labels_of(parts.world)
    tables = _evidence(case, parts, seed, size.messages, shelf, threads)
    opens = describe_opens(read_events(parts.world.events), networks=NetworkTable.built_in())
    apple = parts.world.truth_opens.set_index("event_id")["client_is_apple"]
    ceiling = _posterior(parts)
    opens = opens.assign(
        label=opens["event_id"].map(label),
        is_apple=opens["event_id"].map(apple),
        **({} if ceiling is None else {POSTERIOR: opens["event_id"].map(ceiling)}),
    )
    ids = parts.judged_ids()
    before = opens[opens["occurred_at"] < min(parts.until, parts.since)]
    learned = opens[opens["event_id"].isin(parts.learned_ids())]
    judged = {horizon: _judged(table, ids, opens) for horizon, table in tables.items()}

    models, notes = _models(case, parts, learned, default, size, shelf, threads)
    by_rule = rungs.rule_label_rung(tables, opens, pd.Index(learned["event_id"]), threads=threads)
    said: dict[str, dict[str, Floats]] = {}
    for horizon, rows in judged.items():
        kept = tables[horizon]["event_id"].isin(ids).to_numpy()
        rules = rungs.rule_rungs(opens, rows["event_id"], before)
        answers = {
            name: model.predict(tables[horizon][kept], threads=threads) for name, model in models.items()
        }
        said[horizon] = {
            **rules,
            rungs.RULE_LABELS: by_rule[horizon][kept],
            **answers,
        }
    wants_gaps = size.with_gaps and number == 0 and {"user_agent", "ip"} <= set(parts.world.events.columns)
    tried = {rungs.DEFAULT: default, rungs.TRAINED: models[rungs.TRAINED]}
    gaps = _gaps(parts, tried, judged, said, threads) if wants_gaps else []
    return Trial(case.name, seed, judged, said, gaps, notes)


def _evidence(
    case: Case, parts: Parted, seed: int, messages: int, shelf: Shelf, threads: int
) -> dict[str, pd.DataFrame]:
    def gathered() -> pd.DataFrame:
        tables = gather_horizons(
            read_events(parts.world.events),
            HORIZONS,
            networks=NetworkTable.built_in(),
            threads=threads or None,
        )
        return pd.concat(list(tables.values()), ignore_index=True)

    key = {
        "what": "evidence",
        "case": f"{name_in_files(case.name)}-{seed}",
        "messages": messages,
        "days": DAYS,
        "source": source_digest("worlds", "evidence"),
    }
    together = shelf.table(key, gathered)
    return {horizon: together[together["horizon"] == horizon].reset_index(drop=True) for horizon in HORIZONS}


def _judged(table: pd.DataFrame, ids: pd.Index[str], opens: pd.DataFrame) -> pd.DataFrame:
    """Return the judged opens of one horizon, in the order of the evidence, with what slices need."""
    rows = table.loc[table["event_id"].isin(ids), ["event_id", "message_id", "recipient_id", "campaign_id"]]
    rows = rows.assign(mechanism=table["mechanism"], evidence=table["evidence"]).reset_index(drop=True)
    wanted = ["label", "is_apple", "is_known", "recipient_domain", POSTERIOR]
    facts = opens.set_index("event_id").loc[rows["event_id"], [name for name in wanted if name in opens]]
    return rows.join(facts.reset_index(drop=True)).assign(
        group=rows["recipient_id"].fillna(rows["message_id"])
    )


def _posterior(parts: Parted) -> pd.Series | None:
    """Return what the simulator itself makes of each open when it comes, null where it cannot say."""
    truth = parts.world.truth_opens
    return truth.set_index("event_id")[POSTERIOR] if POSTERIOR in truth else None


def _models(
    case: Case,
    parts: Parted,
    learned: pd.DataFrame,
    default: Model,
    size: TrialSize,
    shelf: Shelf,
    threads: int,
) -> tuple[dict[str, Model], list[str]]:
    log = read_events(parts.to_learn)
    trained, notes = rungs.trained_model(log, default, threads=threads)
    (with_few, few_notes), (with_panel, panel_notes) = (
        rungs.trained_model(log, default, rungs.draw_panel(learned, recipients_n), threads=threads)
        for recipients_n in (rungs.FEW_RECIPIENTS, rungs.PANEL_RECIPIENTS)
    )
    notes += [
        f"With a panel: {note}"
        for note in dict.fromkeys(few_notes + panel_notes)
        if note.startswith("Refused")
    ]
    oracle = oracle_of(case, parts.world.laws, size.oracle, size.base, shelf, threads=threads)
    models = {
        rungs.DEFAULT: default,
        rungs.TRAINED: trained,
        rungs.WITH_FEW: with_few,
        rungs.WITH_PANEL: with_panel,
        rungs.ORACLE: oracle,
    }
    return models, notes


def _gaps(
    parts: Parted,
    models: Mapping[str, Model],
    judged: Mapping[str, pd.DataFrame],
    said: Mapping[str, Mapping[str, Floats]],
    threads: int,
) -> list[dict[str, Any]]:
    """Return how well the models rank when fields are missing from the log, beside how well with all of them."""
    rows = []
    for gap, columns in GAPS.items():
        log = read_events(without(parts.world, *columns).events)
        tables = gather_horizons(log, HORIZONS, networks=NetworkTable.built_in(), threads=threads or None)
        for horizon, table in tables.items():
            here = table[table["event_id"].isin(judged[horizon]["event_id"])]
            human = judged[horizon]["label"].to_numpy() == 0
            rows += [
                {
                    "horizon": horizon,
                    "gap": gap,
                    "method": name,
                    "auc": auc(human, model.predict(here, threads=threads)[:, 0]),
                    "auc_full": auc(human, said[horizon][name][:, 0]),
                }
                for name, model in models.items()
            ]
    return rows
