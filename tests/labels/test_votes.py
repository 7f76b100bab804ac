from __future__ import annotations

import numpy as np
import pytest

from paperknife.labels.votes import VOTES, cast_votes, combine_votes, votes_report

SECOND_US = 1_000_000


START_US = 1_767_225_600_000_000


@pytest.fixture
def votes_on(evidence_frame, message_frame):
    """Return the votes that speak on one open, and what they come to."""

    def votes(known, **message):
        row = {
            "event_id": "e",
            "message_id": "m",
            "at_us": START_US,
            "mechanism": "direct",
            "recipient_domain": "acme.test",
        }
        evidence = evidence_frame({name: [value] for name, value in (row | known).items()})
        ballots = cast_votes(
            evidence, message_frame({"message_id": ["m"]} | {k: [v] for k, v in message.items()})
        )
        return {vote.name for vote, said in zip(VOTES, ballots[0], strict=True) if said}, combine_votes(
            ballots
        )

    return votes


OFFICE = {"client_family": "outlook_desktop", "network_class": "other"}
RELAY = {"client_family": "apple_mail", "network_class": "apple_relay", "mechanism": "apple_relay"}
PROXY = {"client_family": "gmail_proxy", "network_class": "google_proxy", "mechanism": "google_proxy"}


@pytest.mark.parametrize(
    ("known", "message", "expected", "is_machine"),
    [
        (
            {"client_family": "script", "network_class": "cloud", "mechanism": "scanner"},
            {},
            "named_gateway",
            True,
        ),
        ({"client_family": "gmail_prefetch", "mechanism": "gmail_prefetch"}, {}, "gmail_prefetch", True),
        (OFFICE | {"delivered_after_us": 30 * SECOND_US}, {}, "before_delivery", True),
        (
            OFFICE | {"delay_us": 9 * SECOND_US, "network_opens_60s_n": 2, "network_later_60s_n": 5},
            {},
            "network_burst",
            True,
        ),
        (OFFICE | {"delay_us": 40 * SECOND_US, "domain_opens_60s_n": 6}, {}, "domain_burst", True),
        (OFFICE, {"machine_click_us": START_US + 40 * SECOND_US}, "beside_click_burst", True),
        (
            {"client_family": "browser_desktop", "network_class": "cloud", "mechanism": "cloud"},
            {},
            "cloud_network",
            None,
        ),
        (PROXY, {}, "proxy_of_reader", False),
        (
            RELAY | {"delay_us": 2 * SECOND_US, "network_opens_60s_n": 50, "domain_opens_60s_n": 50},
            {},
            "apple_relay",
            False,
        ),
        (OFFICE | {"delay_us": 3_600 * SECOND_US}, {}, "visible_client", False),
        (
            OFFICE | {"delay_us": 3_600 * SECOND_US, "next_clean_us": 20 * SECOND_US},
            {},
            "clean_click_follows",
            False,
        ),
    ],
)
def test_each_vote_speaks_where_it_should(votes_on, known, message, expected, is_machine):
    spoken, (m, weight) = votes_on(known, **message)
    assert expected in spoken
    assert weight[0] == 1
    if is_machine is not None:
        assert (m[0] > 0.5) == is_machine


def test_people_of_a_freemail_domain_may_open_in_step(votes_on):
    spoken, _ = votes_on(
        OFFICE | {"recipient_domain": "gmail.com", "delay_us": 40 * SECOND_US, "domain_opens_60s_n": 60}
    )
    assert "domain_burst" not in spoken


def test_an_open_with_nothing_known_gets_no_vote_and_a_light_label(votes_on):
    spoken, (m, weight) = votes_on({"mechanism": "unknown", "recipient_domain": None})
    assert spoken == set()
    assert weight[0] == 0.25
    assert m[0] < 0.1


def test_the_prior_stands_in_where_votes_are_silent():
    ballots = np.zeros((3, len(VOTES)), dtype=np.int8)
    m, weight = combine_votes(ballots, np.array([0.7, 0.02, np.nan]))
    assert m[:2] == pytest.approx([0.7, 0.02])
    assert weight.tolist() == [0.5, 0.5, 0.25]


def test_the_report_counts_coverage_overlap_and_conflict():
    names = [vote.name for vote in VOTES]
    ballots = np.zeros((4, len(VOTES)), dtype=np.int8)
    ballots[0, names.index("named_gateway")] = 1
    ballots[1, names.index("named_gateway")] = 1
    ballots[1, names.index("apple_relay")] = -1
    report = votes_report(ballots, np.full(4, 0.5)).set_index("vote")
    assert report.loc["named_gateway", ["opens_n", "coverage", "overlap", "conflict"]].tolist() == [
        2,
        0.5,
        0.5,
        0.5,
    ]
    assert report.loc["apple_relay", "conflict"] == 1.0
    assert np.isnan(report.loc["gmail_prefetch", "overlap"])
    assert report["says"].isin(["machine", "not machine"]).all()


def test_every_vote_is_named_once_and_says_why():
    assert len({vote.name for vote in VOTES}) == len(VOTES)
    assert all(vote.why and vote.side in {-1, 1} and vote.strength > 0 for vote in VOTES)
