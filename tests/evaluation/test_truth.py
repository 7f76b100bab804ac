from __future__ import annotations

import pandas as pd
import pytest

from paperknife.errors import EvaluationError
from paperknife.evaluation.truth import check_verdicts, join_truth, read_truth


def truth(**columns):
    return pd.DataFrame({"event_id": ["a", "b"], "label": ["human", "machine"], **columns})


def verdicts(**columns):
    base = {"event_id": ["a", "b"], "p_human": [0.8, 0.1], "p_prefetch": [0.1, 0.1], "p_machine": [0.1, 0.8]}
    return pd.DataFrame({**base, **columns})


def test_all_label_names_are_understood_whatever_their_case():
    names = ["human", "Prefetch", "mpp_prefetch", "machine", " other_machine"]
    read = read_truth(pd.DataFrame({"event_id": list("abcde"), "label": names}))
    assert read["label"].tolist() == [0, 1, 1, 2, 2]


def test_rows_without_a_label_are_left_out():
    assert read_truth(truth(label=["human", None]))["event_id"].tolist() == ["a"]


@pytest.mark.parametrize("column", ["is_apple", "client_is_apple"])
def test_the_truths_own_word_on_apple_is_kept(column):
    assert read_truth(truth(**{column: [True, False]}))["is_apple"].tolist() == [True, False]


def test_numbers_as_ids_join_text_ids():
    joined = join_truth(check_verdicts(verdicts(event_id=[1, 2])), read_truth(truth(event_id=["2", "3"])))
    assert joined["event_id"].tolist() == ["2"]


def test_missing_columns_are_named_with_the_nearest():
    with pytest.raises(
        EvaluationError,
        match=r"The truth lacks the column label\. Found: event_id, labels\. Did you mean 'labels'\?",
    ):
        read_truth(truth().rename(columns={"label": "labels"}))
    with pytest.raises(EvaluationError, match=r"The verdicts lack the columns event_id, p_human\. Found: "):
        check_verdicts(verdicts().drop(columns=["event_id", "p_human"]))


def test_unknown_labels_are_shown_and_a_near_one_is_offered():
    with pytest.raises(
        EvaluationError, match=r"1 rows .* unknown label, such as 'humn'\. .* Did you mean 'human'\?"
    ):
        read_truth(truth(label=["humn", "machine"]))


def test_one_open_with_two_labels_is_refused_but_a_repeated_row_is_not():
    twice = pd.concat([truth(), truth()])
    assert len(read_truth(twice)) == 2
    with pytest.raises(EvaluationError, match="2 opens of the truth are labelled in two ways"):
        read_truth(pd.concat([truth(), truth(label=["prefetch", "human"])]))


@pytest.mark.parametrize("p_human", [[0.9, 0.1], [None, 0.1], [-0.8, 0.1]])
def test_probabilities_that_are_none_are_refused(p_human):
    with pytest.raises(
        EvaluationError, match="1 verdicts have probabilities that are missing, negative or do not sum"
    ):
        check_verdicts(verdicts(p_human=p_human))


def test_two_verdicts_on_one_open_are_refused_at_one_horizon_only():
    instant, settled = verdicts(horizon="instant"), verdicts(horizon="settled")
    assert len(check_verdicts(pd.concat([instant, settled]))) == 4
    with pytest.raises(EvaluationError, match="2 opens have two verdicts at one horizon"):
        check_verdicts(pd.concat([instant, instant]))


def test_nothing_in_common_is_an_error():
    with pytest.raises(EvaluationError, match=r"None of the 2 verdicts is among the 2 labelled opens"):
        join_truth(check_verdicts(verdicts()), read_truth(truth(event_id=["x", "y"])))
