"""A run in MLflow, and a model out of it again, by version alias, without unpickling."""

from __future__ import annotations

import mlflow
import numpy as np
import pytest

from paperknife.errors import BundleError
from paperknife.events.log import read_events
from paperknife.evidence.history import gather_evidence
from paperknife.model.bundle import load_model
from paperknife.registry.tracking import Run, example_rows, log_run
from paperknife.worlds.world import make_world

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
)


@pytest.fixture(scope="module")
def evidence():
    return gather_evidence(read_events(make_world("plain", messages=200, seed=1).events))


@pytest.fixture(scope="module")
def logged(evidence, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlflow")
    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/runs.db")
    run = Run(params={"kept": "start"}, metrics={"start/all/bias": 0.1, "start/all/nan": float("nan")})
    yield log_run(run, load_model(), evidence.head(5), register="opens")
    patch.undo()


def test_a_registered_model_comes_back_the_same(logged, evidence):
    assert logged.registered == "models:/opens@champion"
    again = load_model("models:/opens@champion")
    assert again.model_id == load_model().model_id
    assert np.array_equal(again.predict(evidence), load_model().predict(evidence))


def test_the_run_holds_what_it_should(logged):
    run = mlflow.get_run(logged.run_id)
    assert run.data.params["kept"] == "start"
    assert run.data.metrics == {"start/all/bias": 0.1}
    info = mlflow.models.get_model_info("models:/opens@champion")
    assert {column.name for column in info.signature.outputs} == {"p_human", "p_prefetch", "p_machine"}
    assert info.flavors["python_function"].get("python_model") is None  # models from code: nothing pickled


def test_it_serves_as_a_pyfunc_too(logged, evidence):
    served = mlflow.pyfunc.load_model("models:/opens@champion").predict(example_rows(evidence.head(3)))
    np.testing.assert_allclose(served.to_numpy(), load_model().predict(evidence.head(3)))


def test_an_example_carries_no_ids(evidence):
    rows = example_rows(evidence.head(3))
    assert rows["recipient_id"].tolist() == ["example-0", "example-1", "example-2"]


def test_an_unknown_model_says_where_it_was_sought(logged):
    with pytest.raises(BundleError, match=r"gave no model for models:/nothing@champion.*MLFLOW_TRACKING_URI"):
        load_model("models:/nothing@champion")
