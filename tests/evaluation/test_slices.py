from __future__ import annotations

import pandas as pd

from paperknife.evaluation.domains import domain_kinds
from paperknife.evaluation.slices import slices_of


def test_slices_cover_apple_and_every_column_there_is_and_skip_nulls():
    opens = pd.DataFrame(
        {
            "is_apple": pd.array([True, False, False], "boolean"),
            "mechanism": ["apple_relay", "direct", "direct"],
            "horizon": ["settled"] * 3,
            "is_known": pd.array([True, None, False], "boolean"),
            "recipient_domain": ["gmail.com", "acme.com", None],
        }
    )
    sizes = {(part.name, part.value): int(part.mask.sum()) for part in slices_of(opens)}
    assert sizes == {
        ("all", "all opens"): 3,
        ("apple traffic", "outside"): 2,
        ("apple traffic", "inside"): 1,
        ("mechanism", "direct"): 2,
        ("mechanism", "apple_relay"): 1,
        ("recipient", "known"): 1,
        ("recipient", "new"): 1,
        ("domain", "freemail"): 1,
        ("domain", "corporate"): 1,
    }


def test_a_value_that_all_opens_share_is_no_slice_of_its_own():
    opens = pd.DataFrame({"is_apple": pd.array([False, False], "boolean"), "evidence": ["full", "full"]})
    assert [part.name for part in slices_of(opens)] == ["all"]


def test_domain_kinds_follow_a_provider_over_countries_but_not_its_namesakes():
    domains = pd.Series(["yahoo.co.uk", "gmx.de", "me.com", "me.example.com", "gmail.acme.org", None])
    kinds = domain_kinds(domains)
    assert kinds[:5].tolist() == ["freemail", "freemail", "freemail", "corporate", "corporate"]
    assert pd.isna(kinds[5])
