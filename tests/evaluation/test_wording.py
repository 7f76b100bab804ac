from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.evaluation.ladder import MODEL, PRIOR
from paperknife.evaluation.rules import RULES
from paperknife.evaluation.wording import METHOD_WORDS, percent, percentages, slice_words


@given(st.lists(st.floats(0.001, 1), min_size=3, max_size=3))
def test_percentages_sum_to_100_and_stay_within_one_of_the_truth(weights):
    shares = [w / sum(weights) for w in weights]
    numbers = [0 if "under" in words else int(words.split()[0]) for words in percentages(shares)]
    assert sum(numbers) == 100
    assert all(abs(n - 100 * share) < 1.01 for n, share in zip(numbers, shares, strict=True))


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0 %"), (0.004, "under 1 %"), (0.006, "1 %"), (1.0, "100 %"), (float("nan"), "-")],
)
def test_percent_never_calls_something_nothing(share, words):
    assert percent(share) == words


def test_every_method_of_the_ladder_has_a_name():
    assert {rule.name for rule in RULES} | {MODEL, PRIOR} == set(METHOD_WORDS)


def test_unknown_slices_keep_their_own_name():
    assert slice_words("mechanism", "pigeon") == "pigeon"
