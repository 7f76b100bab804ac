from __future__ import annotations

import string

from paperknife.labels.gates import GATES, Gate, check_dates, without_consequences


def test_gates_have_stable_codes_levels_and_whole_sentences():
    for code, (level, sentence) in GATES.items():
        assert set(code) <= {*string.ascii_lowercase, "-"}
        assert level in {"note", "warn", "refuse"}
        assert sentence.endswith((".", "{assumption}"))


def test_clicks_and_hazards_may_disagree_only_so_far():
    assert check_dates(1.1, 500, 500) == []
    assert [gate.code for gate in check_dates(0.5, 500, 500)] == ["far-from-kappa"]
    assert "0.50 times as many as kappa lets expect" in check_dates(0.5, 500, 500)[0].sentence
    assert [gate.code for gate in check_dates(0.5, 3, 500)] == ["few-dates"]


def test_a_consequence_is_not_told_as_one_more_thing_to_mend():
    clock, few = (Gate(code, *GATES[code]) for code in ("no-clock", "few-events"))
    assert without_consequences([clock, few]) == [clock]
    assert without_consequences([few]) == [few]
