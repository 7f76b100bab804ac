"""The models that ship saw no family that is held out, and are judged on worlds that they did not learn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.worlds.families import FAMILIES


class CaughtError(Exception):
    """What was to be seen was seen; the rest would take hours."""


@pytest.mark.parametrize(("name", "rest"), [("make_default", ()), ("make_label_model", (None, None, ()))])
def test_models_that_ship_learn_from_varied_worlds_only(scripts, name, rest, monkeypatch):
    script, asked = scripts[name], []

    def catch(family, *_, seed, **__):
        asked.append((family, seed))
        raise CaughtError

    monkeypatch.setattr(script, "make_world", catch)
    seeds = [*range(3_200), *range(100_000, 100_160), *range(200_000, 200_800)]
    for seed in seeds:
        with pytest.raises(CaughtError):
            script.lesson_of(seed, *rest)
    assert asked == [("varied", seed) for seed in seeds]
    assert not FAMILIES["varied"].is_held_out


def test_a_label_model_is_judged_on_worlds_that_it_did_not_learn_from(scripts, monkeypatch, tmp_path):
    script, judged = scripts["make_label_model"], []
    world = np.repeat(np.arange(2 * script.FOLDS), 6)
    place = np.arange(len(world))
    lessons = pd.DataFrame(0.0, index=place, columns=list(script.CLUES_TO["machines"])).assign(
        world=world, truth=world % 2, is_narrow=place % 2 == 0, is_without=place % 3 == 0
    )

    class Spy:
        def __init__(self, learned):
            self.worlds = set(learned["world"])
            self.booster = self

        def model_to_string(self):
            return ""

        def probability(self, clues):
            judged.append((self.worlds, set(lessons.loc[clues.index, "world"])))
            return np.full(len(clues), 0.5)

    monkeypatch.setattr(script, "fit", lambda learned, _: Spy(learned))
    monkeypatch.setattr(script, "label_model_file", lambda _: tmp_path / "model.txt")
    script.make(lessons, "machines")
    assert len(judged) == script.FOLDS
    assert set.union(*(asked for _, asked in judged)) == set(world)
    for learned, asked in judged:
        assert learned
        assert not learned & asked
