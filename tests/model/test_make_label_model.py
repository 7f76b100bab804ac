"""What label models learn from: beside which model, and that kept lessons are those of the same default model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from paperknife.labels.label_model import CLUES_TO
from paperknife.model.bundle import default_model_folder


def test_people_are_learned_beside_narrow_models_and_beside_the_default_where_no_source_speaks(scripts):
    lessons = pd.DataFrame(
        {"is_narrow": [True, True, False, False], "label": [0.3, np.nan, 0.3, np.nan], "n": range(4)}
    )
    taught = scripts["make_label_model"].taught
    assert list(taught(lessons, "people")["n"]) == [0, 3]
    assert list(taught(lessons, "machines")["n"]) == [0, 1]


def test_lessons_are_kept_and_not_taken_for_another_default_model(scripts, tmp_path, monkeypatch):
    script, asked = scripts["make_label_model"], []

    def lesson_of(seed, default, narrow, missing):
        asked.append((seed, missing))
        return {question: pd.DataFrame({"world": [seed]}) for question in CLUES_TO}

    monkeypatch.setattr(script, "lesson_of", lesson_of)
    gather = lambda default: script.gathered(3, 1, default, tmp_path / "narrow", tmp_path)  # noqa: E731
    first = gather(default_model_folder())
    assert len(asked) == 6
    assert [missing for _, missing in asked[::2]] == [()] * 3
    assert {missing for _, missing in asked[1::2]} == set(scripts["make_default"].WITHOUT)
    assert all(len(first[question]) == 6 for question in CLUES_TO)
    gather(default_model_folder())
    assert len(asked) == 6
    monkeypatch.setattr(script, "load_model", lambda _: type("Model", (), {"model_id": "another"}))
    gather(tmp_path)
    assert len(asked) == 12
    assert not list(tmp_path.glob("*.part"))


def test_narrow_models_learn_from_whole_kept_files_and_leave_judged_folds_out(scripts):
    default, narrow, label = scripts.values()
    assert narrow.WORLDS % default.WORLDS_PER_FILE == 0
    assert narrow.CALIBRATE % default.WORLDS_PER_FILE == 0
    assert narrow.NARROW_N % label.FOLDS == 0
