"""Only what is safe to say beforehand is fixed."""

from __future__ import annotations

from paperknife.evidence.features import catalogue, feature_names
from paperknife.model.constraints import SAFE_SIGNS, catalogue_signs


def test_only_click_and_scanner_evidence_is_bound():
    views = {feature.name: feature.view for feature in catalogue()}
    assert set(SAFE_SIGNS) <= set(feature_names())
    assert {views[name] for name in SAFE_SIGNS} <= {"network", "client", "clicks"}
    assert not [name for name in SAFE_SIGNS if "apple" in name or "delay" in name or name.startswith("later")]


def test_signs_stand_at_the_features_places():
    machine, human = catalogue_signs()
    assert len(machine) == len(human) == len(feature_names())
    place = feature_names().index("clean_clicks_before")
    assert (machine[place], human[place]) == (-1, 1)
    assert (machine[0], human[0]) == (0, 0)
