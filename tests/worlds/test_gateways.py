"""Gateways: bursts over links, whole domains at once, before the delivery or long after; and nobody else's label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paperknife.worlds.delays import Delay, Mixture
from paperknife.worlds.laws import Gateway
from paperknife.worlds.plain import plain_laws
from paperknife.worlds.world import make_world

from .conftest import opens_with_truth

BURSTER = Gateway(
    weight=1.0,
    network="cloud",
    addresses_n=6,
    agent="human_like",
    agents_n=1,
    acts_share=1.0,
    pixel_share=1.0,
    delay=Mixture((Delay(9.0, 0.3),), (1.0,)),
    queue_sd=0.0,
    clicks="all",
    click_share=1.0,
    click_lag=Delay(10.0, 0.2),
    rescan_share=0.0,
    rescan=Delay(60.0, 0.1),
    follows_clicks=0.0,
)


def guarded(gateway, share=1.0, **more):
    laws = plain_laws()
    machines = replace(laws.machines, gateways=(gateway,), company_share=share, stray_share=0.0, **more)
    people = replace(laws.people, company_share=1.0)
    return make_world("plain", 3_000, 8, laws=replace(laws, machines=machines, people=people))


@pytest.fixture(scope="module")
def burst():
    return guarded(BURSTER)


def test_a_gateway_fetches_every_message_from_few_addresses(burst):
    fetched = opens_with_truth(burst).query("cause == 'gateway'")
    delivered = burst.events.query("event_type == 'delivered'")["message_id"].nunique()
    assert fetched["message_id"].nunique() > 0.97 * delivered
    assert fetched["ip"].nunique() <= 6
    assert set(fetched["label"]) == {"machine"}
    assert fetched["delay_s"].median() == pytest.approx(5, abs=5)


def test_a_gateway_clicks_every_link_in_a_burst(burst):
    clicks = burst.events.query("event_type == 'click'").merge(
        opens_with_truth(burst).query("cause == 'gateway'")[["ip"]].drop_duplicates()
    )
    by_message = clicks.groupby("message_id")["occurred_at"].agg(["count", np.ptp])
    several = by_message[by_message["count"] > 2]
    assert len(several) > 300
    assert several["ptp"].dt.total_seconds().median() < 20


def test_a_gateway_may_act_before_the_delivery_is_logged():
    early = guarded(
        replace(BURSTER, delay=Mixture((Delay(0.5, 0.1),), (1.0,))), before_delivery_s=Delay(20.0, 0.1)
    )
    assert (opens_with_truth(early).query("cause == 'gateway'")["delay_s"] < 0).mean() > 0.5


def test_a_gateway_may_check_the_links_that_people_click():
    world = guarded(replace(BURSTER, pixel_share=0.0, click_share=0.0, follows_clicks=1.0))
    opens = opens_with_truth(world)
    assert "gateway" not in set(opens["cause"])
    assert (opens["cause"] == "gateway_rescan").sum() > 10


def test_without_gateways_and_strays_only_gmails_machine_is_left():
    opens = opens_with_truth(guarded(BURSTER, share=0.0))
    assert set(opens.query("label == 'machine'")["client"]) <= {"gmail_prefetch"}


def test_no_gateways_at_all_is_a_world_too():
    laws = plain_laws()
    world = make_world("plain", 800, 1, laws=replace(laws, machines=replace(laws.machines, gateways=())))
    assert "gateway" not in set(world.truth_opens["client"])


def test_a_gateway_keeps_a_domain_to_a_few_addresses_or_roams():
    def most_of_a_domain(gateway):
        fetched = opens_with_truth(guarded(gateway)).query("cause == 'gateway'")
        return fetched.groupby("recipient_domain")["ip"].nunique().max()

    many = replace(BURSTER, addresses_n=60)
    assert most_of_a_domain(many) <= 4
    assert most_of_a_domain(replace(many, roams=True)) > 10
