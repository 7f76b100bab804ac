from __future__ import annotations

import string

from paperknife.labels.gates import GATES, check_dates


def test_gates_have_stable_codes_levels_and_whole_sentences():
    for code, (level, sentence) in GATES.items():
        assert set(code) <= {*string.ascii_lowercase, "-"}
        assert level in {"note", "warn", "refuse"}
        assert sentence.endswith((".", "{assumption}"))


def test_clicks_and_hazards_may_disagree_only_so_far():
    assert check_dates(1.1, 500, 500) == []
    assert [gate.code for gate in check_dates(0.5, 500, 500)] == ["far-from-kappa"]
    assert "0.50 times what kappa says" in check_dates(0.5, 500, 500)[0].sentence
    assert [gate.code for gate in check_dates(0.5, 3, 500)] == ["few-dates"]
