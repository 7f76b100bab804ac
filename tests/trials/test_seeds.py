"""Worlds that judge are none that anything learned from: by their numbers."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from paperknife.trials.cases import JUDGED_SEEDS, ORACLE_SEEDS

MODELS = Path(__file__).parents[2] / "models"


def number(script, pattern):
    return int(re.search(pattern, (MODELS / script).read_text(), re.MULTILINE).group(1).replace("_", ""))


def test_no_judged_world_taught_or_calibrated_a_model():
    train = range(number("make_default.py", r'"--worlds", type=int, default=([\d_]+)'))
    first = number("make_default.py", r"range\(([\d_]+), [\d_]+ \+ asked\.calibrate\)")
    calibrate = range(first, first + number("make_default.py", r'"--calibrate", type=int, default=([\d_]+)'))
    first = number("make_label_model.py", r"FIRST_SEED = ([\d_]+)")
    labels = range(first, first + number("make_label_model.py", r'"--worlds", type=int, default=([\d_]+)'))
    narrow = [number("narrow_models.py", rf"^{name} = (\d+)") for name in ("NARROW_N", "WORLDS", "CALIBRATE")]
    # Narrow models learn where the default does, and see no world that calibrates it or teaches label models.
    assert narrow[0] * (narrow[1] + narrow[2]) <= train.stop
    judged = range(JUDGED_SEEDS, JUDGED_SEEDS + 1_000)
    oracles = range(ORACLE_SEEDS, ORACLE_SEEDS + 1_000)
    ranges = sorted([train, calibrate, labels, judged, oracles], key=lambda one: one.start)
    assert all(len(one) >= 100 for one in ranges)
    assert all(one.stop <= later.start for one, later in itertools.pairwise(ranges))
