"""What the name of a file tells, and what it must not be taken to tell."""

from __future__ import annotations

import pytest

from paperknife.events.connectors.filenames import name_without_type, type_by_name


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("_Open.csv", "open"),
        ("Opens_2026-01.csv.gz", "open"),
        ("a/b/TrackingClicks.CSV", "click"),
        ("C:\\exports\\Unsubs.csv", "unsubscribe"),
        ("sent/part-0.csv", "sent"),
        ("NotSent.csv", "notsent"),
        ("opens/part-0.clicks.csv", "click"),
        ("presentation.csv", None),
        ("SendJobs.csv", None),
        ("opens_clicks.csv", None),
        ("opens/deep/folder/x.csv", None),
        ("", None),
    ],
)
def test_the_type(path, kind):
    assert type_by_name(path) == kind


def test_a_folder_may_count_for_more_than_a_campaigns_title():
    assert type_by_name("opens/12_click-here.csv", folder_first=True) == "open"
    assert type_by_name("exports/12_clicks.csv", folder_first=True) == "click"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("12_spring-sale.csv", "12_spring-sale"),
        ("12_v1.2 news.csv.gz", "12_v1.2 news"),
        ("mailchimp_opens.csv", "mailchimp"),
        ("spring/opens.csv", "spring"),
        ("opens.csv", None),
        ("", None),
    ],
)
def test_the_name_that_files_of_one_campaign_share(path, name):
    assert name_without_type(path) == name
