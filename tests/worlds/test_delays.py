"""Waiting times keep their median whatever their shape."""

from __future__ import annotations

import numpy as np
import pytest

from paperknife.worlds.delays import Delay, Mixture
from paperknife.worlds.held_out import reshape

SHAPES = ("lognormal", "weibull", "loglogistic", "loguniform", "frechet")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_delay_has_its_median(shape):
    drawn = Delay(40.0, 0.8, shape).draw(np.random.default_rng(0), 20_000)
    assert np.median(drawn) == pytest.approx(40.0, rel=0.05)
    assert drawn.min() > 0


def test_a_mixture_takes_its_parts_in_proportion():
    law = Mixture((Delay(1.0, 0.01), Delay(1000.0, 0.01)), (3.0, 1.0))
    assert (law.draw(np.random.default_rng(0), 20_000) > 30).mean() == pytest.approx(0.25, abs=0.02)


def test_reshaping_keeps_medians_and_widths_and_leaves_no_lognormal():
    chance = np.random.default_rng(0)
    law = (Delay(5.0, 1.0), Mixture((Delay(60.0, 0.5), Delay(600.0, 2.0)), (1.0, 1.0)), 7, "text")
    single, mixed, number, text = reshape(chance, law)
    assert (number, text) == (7, "text")
    for old, new in [(law[0], single), *zip(law[1].parts, mixed.parts, strict=True)]:
        assert new.shape != "lognormal"
        assert new.median_s == old.median_s
        assert np.log(new.draw(chance, 40_000)).std() == pytest.approx(old.spread, rel=0.05)
