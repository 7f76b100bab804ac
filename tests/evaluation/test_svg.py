from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.evaluation.svg import Scale, element, picture, round_steps, text


def test_whatever_comes_from_data_is_escaped():
    nasty = "<script>\"&'</script>"
    drawn = picture("k", nasty, nasty, 10, 10, text(1, 2, nasty), element("rect", class_=nasty))
    root = ET.fromstring(drawn)  # noqa: S314 (our own text)
    assert [node.text for node in root][:3] == [nasty] * 3
    assert root[3].get("class") == nasty


def test_a_log_scale_is_straight_in_powers_and_keeps_within_its_ends():
    scale = Scale(1, 1000, 0, 300, is_log=True)
    assert [scale(v) for v in (0.1, 10, 100, 5000)] == pytest.approx([0, 100, 200, 300])


def test_a_straight_scale_may_run_downwards():
    assert Scale(0, 1, 100, 0)(0.25) == 75


@given(st.floats(1e-3, 1e3))
def test_steps_are_round_few_and_end_near_the_top(high):
    steps = round_steps(high)
    assert 3 <= len(steps) <= 11
    assert high / 2 < steps[-1] <= high * (1 + 1e-9)
