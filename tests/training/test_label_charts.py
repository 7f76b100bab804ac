"""The pictures of labels state the figures they are drawn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.hazards.kappa import Kappa, no_kappa
from paperknife.labels.click_dating import GAP_EDGES_S, GAPS_N, ClickDates
from paperknife.training.label_charts import gap_chart, hazard_chart, kappa_chart, people_chart, within


@pytest.fixture
def curves():
    low, high = np.array([0.0, 60.0, 3600.0]), np.array([60.0, 3600.0, 86_400.0])
    return pd.DataFrame(
        {
            "delay_low_s": low,
            "delay_high_s": high,
            "read_per_hour": [0.1, 0.1, 0.01],
            "total_per_hour": [0.4, 0.4, 0.02],
        }
    )


class Fitted:
    """Hazards of which only the curves are drawn."""

    def __init__(self, curves):
        self.curves = curves


def test_expected_events_are_rates_times_the_time_spent(curves):
    rates = curves["read_per_hour"].to_numpy()
    assert within(rates, curves, 3600) == pytest.approx(0.1)
    assert within(rates, curves, 2 * 3600) == pytest.approx(0.11)


def test_the_hazards_say_how_much_faster_fetches_are(curves):
    figure = hazard_chart(Fitted(curves))
    assert "fetched 4.0 times as fast as visible people read" in figure.get_suptitle()
    assert {words.get_text() for words in figure.axes[0].texts} == {
        "first fetch behind Apple, by anyone",
        "reading, where it can be seen",
    }


def test_people_by_delay_are_the_means_of_labels_and_truth(curves):
    delay_s = np.r_[np.full(50, 10.0), np.full(50, 7200.0), np.nan]
    label, is_human = np.r_[np.full(50, 0.1), np.full(50, 0.7), 0.5], np.arange(101) >= 80
    figure = people_chart(delay_s, label, curves, is_human)
    assert figure.get_suptitle().endswith("people caused 40 % of these Apple fetches (in truth 20 %)")
    assert figure.axes[0].lines[0].get_ydata() == pytest.approx([0.1, 0.7])


def test_kappa_shows_its_interval_and_what_the_labels_used():
    kappa = Kappa(1.3, 1.1, 1.6, 1.35, 900.0, 1200.0)
    figure = kappa_chart(kappa, 0.9)
    assert "1.30 times as much as others (1.10 to 1.60)" in figure.get_suptitle()
    assert [words.get_text() for words in figure.axes[0].get_yticklabels()] == [
        "used in the labels of first fetches",
        "both: kappa (900 clicks)",
        "what the clicks say alone",
        "believed before any click",
    ]


def test_kappa_without_clicks_does_not_say_what_they_say():
    assert len(kappa_chart(no_kappa()).axes[0].get_yticklabels()) == 2


def test_gaps_say_how_many_clicks_come_within_a_minute():
    short = GAP_EDGES_S[1:] <= 60
    human = np.where(short, 0.8 / short.sum(), 0.2 / (~short).sum())
    stale = np.full(GAPS_N, 1 / GAPS_N)
    figure = gap_chart(ClickDates(np.array([]), human, stale, np.zeros(5), np.zeros(5)))
    said = f"80 % of the clicks come within a minute; after a prefetch, {100 * short.mean():.0f} %"
    assert said in figure.get_suptitle()
