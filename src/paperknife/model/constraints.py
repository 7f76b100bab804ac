"""In which direction a feature may move an answer, where that is safe to say beforehand.

Only what a scanner's evidence means is fixed: a known gateway's network or a script's user agent never speaks against
a machine, and a clean click that came before never speaks for one. Nothing is fixed for delays, Apple's networks or
later clicks: half of Apple's fetches that a click follows were prefetches (LEARNING.md, "Shortcuts that fail").
"""

from __future__ import annotations

from typing import Final

from paperknife.evidence.features import feature_names

SAFE_SIGNS: Final[dict[str, tuple[int, int]]] = {
    "network_is_scanner": (1, 0),
    "client_is_script": (1, 0),
    "client_is_gmail_prefetch": (1, 0),
    "network_machine_share": (1, 0),
    "clean_clicks_before": (-1, 1),
}
"""Sign of each feature's effect on the log-odds of a machine, and of a person among the rest; 0 where it is free."""


def catalogue_signs() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the signs for every feature of the catalogue, in its order: of the machine stage, and of the human one."""
    pairs = [SAFE_SIGNS.get(name, (0, 0)) for name in feature_names()]
    machine, human = zip(*pairs, strict=True)
    return machine, human
