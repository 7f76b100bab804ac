"""What an open's kin say: others of its group, never its own message, and nothing where there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.labels.kin import codes_of, kin_clues, kin_names

rows = st.lists(
    st.tuples(
        st.integers(-1, 3),
        st.integers(0, 5),
        st.floats(0, 5) | st.just(float("nan")),
        st.booleans(),
    ),
    max_size=30,
)


@given(rows)
def test_kin_are_the_groups_other_messages(drawn):
    group, message = (np.array([row[place] for row in drawn], dtype=np.int64) for place in (0, 1))
    delay = np.array([row[2] for row in drawn], dtype=np.float64)
    counts = np.array([row[3] for row in drawn], dtype=bool)
    clues = kin_clues({"network": group}, {"delay": delay}, message, counts)
    assert list(clues.columns) == list(kin_names(("network",), ("delay",)))
    for i in range(len(drawn)):
        if not counts[i] or group[i] < 0:
            assert clues.iloc[i].isna().all()
            continue
        kin = counts & (group == group[i]) & (message != message[i])
        assert clues["network_n"][i] == pytest.approx(np.log1p(kin.sum()), abs=1e-5)
        known = delay[kin & ~np.isnan(delay)]
        if not len(known):
            assert np.isnan(clues["network_delay"][i])
            continue
        assert clues["network_delay"][i] == pytest.approx(known.mean(), abs=1e-5)
        assert clues["network_delay_sd"][i] == pytest.approx(known.std(), abs=1e-3)


def test_nobody_is_kin_by_what_is_not_known():
    assert codes_of(pd.Series(["a", None, "b", "a"], dtype="str")).tolist() == [0, -1, 1, 0]
