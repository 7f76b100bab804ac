"""A bundle is whole, checked to the byte, and holds no pickle."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from paperknife.errors import BundleError
from paperknife.events.log import read_events
from paperknife.evidence.history import gather_evidence
from paperknife.model.bundle import default_model_folder, load_model
from paperknife.model.explain import reason_sentences

BARE = {"ip": "172.225.10.20", "user_agent": "Mozilla/5.0"}


@pytest.fixture(scope="module")
def evidence():
    at = pd.to_datetime(["2026-03-02T09:00:00Z", "2026-03-02T09:00:20Z", "2026-03-02T15:00:00Z"])
    rows = [
        {"event_id": n, "event_type": t, "message_id": "m", **more}
        for n, t, more in [("d", "delivered", {}), ("o1", "open", BARE), ("o2", "open", BARE)]
    ]
    return gather_evidence(read_events(pd.DataFrame(rows).assign(occurred_at=at)))


@pytest.fixture
def copied(tmp_path):
    return shutil.copytree(default_model_folder(), tmp_path / "model")


def test_the_default_model_answers_with_probabilities(evidence):
    answers = load_model().predict(evidence)
    assert answers.shape == (2, 3)
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    assert ((answers > 0) & (answers < 1)).all()


def test_the_default_model_is_what_its_manifest_says_it_is():
    stored = json.loads((default_model_folder() / "manifest.json").read_text())
    assert load_model().model_id == stored["model_id"]
    assert load_model().manifest["digests"] == stored["digests"]


def test_the_default_model_is_small_and_holds_no_pickle():
    files = list(default_model_folder().iterdir())
    assert sum(file.stat().st_size for file in files) < 2_000_000
    assert {file.suffix for file in files} == {".txt", ".json", ".md"}


def test_saving_and_loading_changes_nothing(evidence, tmp_path):
    model = load_model()
    again = load_model(model.save(tmp_path / "kept"))
    assert (
        again.model_id
        == model.model_id
        == json.loads((tmp_path / "kept/manifest.json").read_text())["model_id"]
    )
    assert np.array_equal(again.predict(evidence), model.predict(evidence))


def test_saving_replaces_a_bundle_and_nothing_else(tmp_path):
    model = load_model()
    model.save(tmp_path / "kept")
    model.save(tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(BundleError, match="is not empty and holds no model"):
        model.save(tmp_path / "mine")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize("name", ["machine.txt", "human.txt", "calibration.json", "card.md"])
def test_a_changed_byte_is_noticed(copied, name):
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(bytes(content))
    with pytest.raises(BundleError, match=rf"{name} of the model in .* is not what was saved"):
        load_model(copied)


def rewrite(copied, **changes):
    path = copied / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_model_of_another_catalogue_is_refused(copied):
    rewrite(copied, catalogue="0" * 64)
    with pytest.raises(BundleError, match="made for another feature catalogue .* Train it again"):
        load_model(copied)


def test_a_model_of_another_format_is_refused(copied):
    rewrite(copied, format=99)
    with pytest.raises(BundleError, match="has format 99, this paperknife reads format 1"):
        load_model(copied)


def test_folders_that_are_no_models_say_what_to_do(copied, tmp_path):
    with pytest.raises(BundleError, match="There is no model at .* leave --model out for the default"):
        load_model(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleError, match=r"holds no manifest\.json"):
        load_model(tmp_path / "empty")
    (copied / "human.txt").unlink()
    with pytest.raises(BundleError, match=r"has no human\.txt"):
        load_model(copied)
    (copied / "manifest.json").write_text("{")
    with pytest.raises(BundleError, match="is not JSON"):
        load_model(copied)
    (copied / "manifest.json").write_text("[]")
    with pytest.raises(BundleError, match="is no manifest of a model"):
        load_model(copied)


def test_reasons_are_known_codes_strongest_first(evidence):
    reasons = load_model().reasons(evidence)
    assert len(reasons) == 2
    assert all(0 < len(codes) <= 3 for codes in reasons)
    assert {code for codes in reasons for code in codes} <= set(reason_sentences())
