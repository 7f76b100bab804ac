"""What speaks for a machine: the open's company. Gateways that look like readers are given away by theirs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.events.log import read_events
from paperknife.evidence.history import gather_evidence
from paperknife.evidence.open_networks import open_networks
from paperknife.hazards.messages import message_table
from paperknife.labels.label_model import LabelModel
from paperknife.labels.machine_clues import MACHINE_CLUES, _best_other, _strangers
from paperknife.labels.soft_labels import soft_labels
from paperknife.model.bundle import load_model
from paperknife.worlds.world import make_world


@pytest.fixture(scope="module")
def sender():
    """Companies behind gateways, with what the default model and the labels say of their opens."""
    world = make_world("varied", 4_000, 8006)
    log = read_events(world.events)
    evidence = gather_evidence(log)
    said = pd.DataFrame(load_model().predict(evidence), columns=["p_human", "p_prefetch", "p_machine"])
    labels = soft_labels(
        evidence, message_table(log, evidence), prior=said, networks=open_networks(log, evidence)
    )
    truth = world.truth_opens.set_index("event_id")["label"].reindex(evidence["event_id"])
    return evidence, labels, said, (truth == "machine").to_numpy()


def test_every_open_but_known_machines_is_asked_about(sender):
    evidence, labels, _, _ = sender
    clues = labels.machine_clues
    assert list(clues.columns) == list(MACHINE_CLUES)
    assert (clues.dtypes == np.float32).all()
    assert not np.isinf(clues.to_numpy()).any()
    assert 0.5 < len(clues) / len(evidence) < 1
    assert clues["network_n"].notna().mean() > 0.5


def test_the_company_an_open_keeps_tells_machines_better_than_the_starting_model_alone(sender):
    """A development world, and a real one as far as the label model goes: it was fitted to others."""
    _, labels, said, is_machine = sender
    clues = labels.machine_clues
    truth = is_machine[clues.index]
    assert truth.sum() > 100

    def loss(p):
        p = np.clip(p, 1e-4, 1 - 1e-4)
        return -np.where(truth, np.log(p), np.log(1 - p)).mean()

    ours = loss(LabelModel.load("machines").probability(clues))
    assert ours < 0.9 * loss(said["p_machine"].to_numpy()[clues.index])


def test_of_times_alone_nothing_is_asked(sender):
    evidence, _, said, _ = sender
    blind = evidence.assign(client_family=None, network_class=None).astype(
        {"client_family": "str", "network_class": "str"}
    )
    world = make_world("varied", 4_000, 8006)
    labels = soft_labels(blind, message_table(read_events(world.events), blind), prior=said)
    assert labels.machine_clues.empty


def test_the_best_of_a_messages_other_opens():
    human = np.array([0.9, 0.2, 0.5, 0.7, 0.1])
    message = np.array([0, 0, 0, 1, 2])
    assert _best_other(human, message).tolist() == [0.5, 0.9, 0.9, 0.0, 0.0]
    assert len(_best_other(np.zeros(0), np.zeros(0, dtype=np.int64))) == 0


def test_a_network_that_serves_many_domains_is_told_from_an_office():
    network = np.array([0, 0, 0, 1, 1, -1, 0])
    domain = np.array([5, 6, 5, 7, 7, 5, -1])
    assert np.exp(_strangers(network, domain)) == pytest.approx([2, 2, 2, 1, 1, np.nan, np.nan], nan_ok=True)
    assert _strangers(np.array([-1]), np.array([0])) == pytest.approx([np.nan], nan_ok=True)
