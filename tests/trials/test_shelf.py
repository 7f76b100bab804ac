"""What takes long is made once per key; another key, another source or a broken run makes it again."""

from __future__ import annotations

import pandas as pd
import pytest

from paperknife.model.bundle import load_model
from paperknife.trials.shelf import Shelf, source_digest


class Maker:
    def __init__(self, made):
        self.made, self.times = made, 0

    def __call__(self):
        self.times += 1
        return self.made


@pytest.mark.parametrize("kind", ["table", "model"])
def test_a_key_is_made_once(kind, tmp_path):
    make = Maker(pd.DataFrame({"a": [1, 2]}) if kind == "table" else load_model())
    shelf = Shelf(tmp_path / "new folder")
    key = {"what": "it", "case": "plain", "n": 1}
    get = getattr(shelf, kind)
    first, again = get(key, make), get(key, make)
    assert make.times == 1
    assert first.equals(again) if kind == "table" else first.model_id == again.model_id
    get({**key, "n": 2}, make)
    assert make.times == 2


def test_without_a_folder_nothing_is_kept():
    make = Maker(pd.DataFrame({"a": [1]}))
    Shelf().table({"what": "it", "case": "plain"}, make)
    Shelf().table({"what": "it", "case": "plain"}, make)
    model = Maker(load_model())
    Shelf().model({"what": "it", "case": "plain"}, model)
    assert (make.times, model.times) == (2, 1)


def test_what_breaks_off_leaves_nothing_behind(tmp_path):
    def broken():
        raise KeyboardInterrupt

    key = {"what": "it", "case": "plain"}
    with pytest.raises(KeyboardInterrupt):
        Shelf(tmp_path).table(key, broken)
    make = Maker(pd.DataFrame({"a": [1]}))
    assert Shelf(tmp_path).table(key, make).equals(make.made)


def test_sources_have_digests_of_their_own():
    digests = {source_digest("worlds"), source_digest("evidence"), source_digest("training/oracle.py")}
    assert len(digests) == 3
    assert source_digest("worlds") == source_digest("worlds")
