"""Three panels of one sender: people drawn by lot, keen readers, and devices that nobody picks up."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from paperknife.errors import TrainingError
from paperknife.labels.panel import PANEL_WEIGHT
from paperknife.labels.soft_labels import soft_labels


@pytest.fixture(scope="module")
def sender(make_sender):
    return make_sender(4_000)


@pytest.fixture(scope="module")
def unpanelled(sender):
    return soft_labels(sender.evidence, sender.messages).opens


@pytest.fixture(scope="module")
def people(sender):
    """Return, per recipient behind Apple, the share of their first fetches that they caused, in random order."""
    first = sender.is_first_apple
    shares = (
        pd.Series(sender.is_human[first]).groupby(sender.evidence["recipient_id"][first].to_numpy()).mean()
    )
    return shares.sample(frac=1, random_state=1)


def panel_of(sender, recipients):
    some = sender.evidence["recipient_id"].isin(recipients).to_numpy() & sender.is_first_apple
    words = np.where(sender.is_human[some], "human", "prefetch")
    return some, pd.DataFrame({"event_id": sender.evidence["event_id"][some], "label": words})


def gates(labels):
    return {gate.code for gate in labels.diagnostics.gates}


def test_people_drawn_by_lot_are_taken_at_their_word(sender, people):
    some, panel = panel_of(sender, people.index[:80])
    labels = soft_labels(sender.evidence, sender.messages, panel=panel)
    assert "panel" in gates(labels)
    assert (labels.opens["h_weight"][some] == PANEL_WEIGHT).all()
    assert (labels.opens["h"][some] == sender.is_human[some]).all()


def test_keen_readers_do_not_move_the_level(sender, people, unpanelled):
    some, panel = panel_of(sender, people.sort_values().index[-80:])
    assert sender.is_human[some].mean() > sender.is_human[sender.is_first_apple].mean() + 0.15
    labels = soft_labels(sender.evidence, sender.messages, panel=panel)
    assert "strange-panel" in gates(labels)
    told = labels.opens[some]
    assert np.average(told["h"], weights=told["h_weight"]) == pytest.approx(unpanelled["h"][some].mean())
    assert set(told["h"]) == {0.0, 1.0}


def test_devices_that_never_read_say_nothing_of_people(sender, people, unpanelled):
    some, panel = panel_of(sender, people.index[people == 0])
    assert some.sum() > 50
    labels = soft_labels(sender.evidence, sender.messages, panel=panel)
    assert "strange-panel" in gates(labels)
    for name in ("h", "h_weight"):
        pd.testing.assert_series_equal(labels.opens[name][some], unpanelled[name][some])
    assert (labels.opens["m"][some] == 0).all()


def test_a_panel_of_one_person_cannot_be_compared_and_does_not_move_the_level(sender, people):
    _, panel = panel_of(sender, people.index[:1])
    assert "strange-panel" in gates(soft_labels(sender.evidence, sender.messages, panel=panel))


def test_where_nothing_tells_of_apple_people_drawn_by_lot_are_still_taken_at_their_word(sender):
    recipients = sender.evidence["recipient_id"].drop_duplicates().sample(80, random_state=1)
    some = sender.evidence["recipient_id"].isin(recipients).to_numpy()
    words = np.where(sender.is_human[some], "human", "prefetch")
    panel = pd.DataFrame({"event_id": sender.evidence["event_id"][some], "label": words})
    nothing = pd.Series(None, index=sender.evidence.index, dtype="str")
    evidence = sender.evidence.assign(
        client_family=nothing, network_class=nothing, mechanism="unknown", evidence="time_only"
    )
    labels = soft_labels(evidence, sender.messages, panel=panel)
    assert "strange-panel" not in gates(labels)
    assert (labels.opens["h_weight"][some] == PANEL_WEIGHT).all()
    assert (labels.opens["h"][some] == sender.is_human[some]).all()


def test_a_panel_that_tells_of_machines_alone_is_none_of_strangers(sender):
    outside = sender.evidence[~sender.evidence["mechanism"].eq("apple_relay")].head(40)
    panel = pd.DataFrame({"event_id": outside["event_id"], "label": "machine"})
    labels = soft_labels(sender.evidence, sender.messages, panel=panel)
    assert "strange-panel" not in gates(labels)
    assert (labels.opens.loc[outside.index, "m"] == 1).all()


def test_people_drawn_by_lot_are_seldom_taken_for_strangers(sender, people):
    drawn = [people.sample(40, random_state=seed).index for seed in range(25)]
    told = [soft_labels(sender.evidence, sender.messages, panel=panel_of(sender, some)[1]) for some in drawn]
    assert sum("strange-panel" in gates(labels) for labels in told) <= 1


@pytest.fixture(scope="module")
def seldom_opened(make_sender):
    """Return a sender whose mails are opened half of the time, and half of those opens by people."""
    return make_sender(4_000, read_per_h=1 / 400, prefetch_per_h=1 / 400)


@pytest.fixture(scope="module")
def drawn(seldom_opened):
    apple = seldom_opened.evidence["recipient_id"][seldom_opened.is_first_apple]
    return apple.drop_duplicates().sample(100, random_state=3)


def few_expected(sender):
    """Return a starting model's word: one person in ten opens, by far too few."""
    return pd.DataFrame({"p_human": 0.1, "p_prefetch": 0.9, "p_machine": 0.0}, index=sender.evidence.index)


def labelled(sender, panel, messages=None):
    messages = sender.messages if messages is None else messages
    return soft_labels(sender.evidence, messages, prior=few_expected(sender), panel=panel)


def test_a_panel_whose_prefetches_are_few_too_is_believed_of_more_people_than_expected(seldom_opened, drawn):
    some, panel = panel_of(seldom_opened, drawn)
    labels = labelled(seldom_opened, panel)
    assert "strange-panel" not in gates(labels)
    assert (labels.opens["h"][some] == seldom_opened.is_human[some]).all()


def test_so_is_one_that_ran_for_a_part_of_the_time(seldom_opened, drawn):
    _, panel = panel_of(seldom_opened, drawn)
    sent = seldom_opened.messages.set_index("message_id")["clock_us"]
    evidence = seldom_opened.evidence.set_index("event_id")
    sent_at = sent.loc[evidence.loc[panel["event_id"], "message_id"]].to_numpy()
    early = panel[sent_at < sent.quantile(0.6)]
    assert len(early) < 0.8 * len(panel)
    assert "strange-panel" not in gates(labelled(seldom_opened, early))


def test_where_the_log_does_not_say_what_was_not_opened_the_same_panel_is_one_of_strangers(
    seldom_opened, drawn
):
    _, panel = panel_of(seldom_opened, drawn)
    opened = seldom_opened.messages[seldom_opened.messages["opens_n"] > 0].reset_index(drop=True)
    assert "strange-panel" in gates(labelled(seldom_opened, panel, opened))


@pytest.mark.parametrize("kept", [0.0, 0.4])
def test_a_list_that_leaves_out_prefetches_is_not_believed(seldom_opened, drawn, kept):
    _, panel = panel_of(seldom_opened, drawn)
    is_kept = (panel["label"] == "human") | (np.random.default_rng(4).random(len(panel)) < kept)
    assert "strange-panel" in gates(labelled(seldom_opened, panel[is_kept]))


def test_eight_people_without_a_prefetch_may_be_chance(seldom_opened):
    """The starting model is right here; eight who never let a device prefetch before they read can be found."""
    first = seldom_opened.is_first_apple
    reads = pd.Series(seldom_opened.is_human[first]).groupby(
        seldom_opened.evidence["recipient_id"][first].to_numpy()
    )
    sent_n = seldom_opened.messages.groupby("recipient_id").size().reindex(reads.mean().index)
    opened = reads.size() / sent_n
    lucky = opened.index[(reads.mean() == 1) & opened.between(0.3, 0.7) & (reads.size() >= 2)][:8]
    assert len(lucky) == 8
    _, panel = panel_of(seldom_opened, lucky)
    prior = few_expected(seldom_opened).assign(p_human=0.4, p_prefetch=0.6)
    labels = soft_labels(seldom_opened.evidence, seldom_opened.messages, prior=prior, panel=panel)
    assert "strange-panel" in gates(labels)


def test_readers_who_are_keen_are_not_believed_where_what_they_prefetch_is_as_expected(seldom_opened):
    """Their reads are their own; what their devices prefetch is what the others' do."""
    first = seldom_opened.is_first_apple
    reads = pd.Series(seldom_opened.is_human[first]).groupby(
        seldom_opened.evidence["recipient_id"][first].to_numpy()
    )
    keen = reads.mean()[reads.sum() >= 2].sort_values().index[-100:]
    _, panel = panel_of(seldom_opened, keen)
    assert "strange-panel" in gates(labelled(seldom_opened, panel))


def test_people_who_read_little_are_not_believed_for_what_their_devices_prefetch(seldom_opened):
    """They are mailed and open like the others, so all that can tell is how few of their opens are readings."""
    first = seldom_opened.is_first_apple
    reads = pd.Series(seldom_opened.is_human[first]).groupby(
        seldom_opened.evidence["recipient_id"][first].to_numpy()
    )
    sent_n = seldom_opened.messages.groupby("recipient_id").size().reindex(reads.mean().index)
    is_usual = (reads.size() / sent_n).between(0.45, 0.7)
    _, panel = panel_of(seldom_opened, is_usual.index[is_usual & (reads.mean() > 0) & (reads.mean() < 0.4)])
    assert panel["label"].value_counts().min() > 20
    prior = few_expected(seldom_opened).assign(p_human=0.9, p_prefetch=0.1)
    labels = soft_labels(seldom_opened.evidence, seldom_opened.messages, prior=prior, panel=panel)
    assert "strange-panel" in gates(labels)


def test_a_panel_of_people_alone_explains_nothing_where_every_mail_was_opened(seldom_opened, drawn):
    _, panel = panel_of(seldom_opened, drawn)
    opened = seldom_opened.messages[seldom_opened.messages["opens_n"] > 0].reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nor divides by the mails they left unread
        assert "strange-panel" in gates(labelled(seldom_opened, panel.assign(label="human"), opened))


def test_ids_that_are_numbers_in_one_place_and_text_in_another_are_one(sender):
    first = sender.evidence["event_id"].iloc[0]
    numbers = sender.evidence.assign(event_id=["1", *sender.evidence["event_id"].iloc[1:]])
    panel = pd.DataFrame({"event_id": [1, "1"], "label": ["human", "prefetch"]})
    labels = soft_labels(numbers, sender.messages, panel=panel)
    assert labels.opens["source"].iloc[0] == "panel"
    assert first != "1"


def test_idle_devices_beside_people_show_prefetches_and_do_not_count_them(sender, people):
    some, panel = panel_of(sender, people.index[:80])
    idle_some, idle = panel_of(sender, people.index[80:][people.iloc[80:] == 0][:60])
    both = pd.concat([panel.assign(attended="yes"), idle.assign(attended="no")])
    labels = soft_labels(sender.evidence, sender.messages, panel=both)
    assert "strange-panel" not in gates(labels)
    told = labels.opens[some | idle_some]
    assert np.average(told["h"], weights=told["h_weight"]) == pytest.approx(sender.is_human[some].mean())
    assert (labels.opens["h_weight"][idle_some] > 0).all()
    # Not told apart from people they would have passed for such, and lowered the share.
    plain = soft_labels(sender.evidence, sender.messages, panel=both.drop(columns="attended")).opens[
        some | idle_some
    ]
    assert np.average(plain["h"], weights=plain["h_weight"]) < sender.is_human[some].mean() - 0.02


@pytest.mark.parametrize("word", [False, "no", " False", 0, 0.0])
def test_idle_devices_alone_say_nothing_of_people(sender, people, unpanelled, word):
    some, panel = panel_of(sender, people.index[people == 0][:5])
    labels = soft_labels(sender.evidence, sender.messages, panel=panel.assign(attended=word))
    assert "strange-panel" in gates(labels)
    for name in ("h", "h_weight"):
        pd.testing.assert_series_equal(labels.opens[name][some], unpanelled[name][some])


def test_a_panel_row_that_does_not_say_whether_it_was_attended_is_a_persons(sender, people):
    some, panel = panel_of(sender, people.index[:80])
    labels = soft_labels(sender.evidence, sender.messages, panel=panel.assign(attended=None))
    assert (labels.opens["h_weight"][some] == PANEL_WEIGHT).all()


def test_an_unknown_word_under_attended_is_refused(sender):
    panel = pd.DataFrame(
        {"event_id": sender.evidence["event_id"].head(2), "label": "human", "attended": ["yes", "perhaps"]}
    )
    with pytest.raises(TrainingError, match="'perhaps'. Say yes, or no for a device that nobody picks up"):
        soft_labels(sender.evidence, sender.messages, panel=panel)


def test_an_idle_device_that_read_is_refused_and_blanks_are_peoples(sender, people):
    some, panel = panel_of(sender, people.index[:80])
    with pytest.raises(TrainingError, match="A device that nobody picks up only prefetches"):
        soft_labels(sender.evidence, sender.messages, panel=panel.assign(attended="no"))
    labels = soft_labels(sender.evidence, sender.messages, panel=panel.assign(attended=" "))
    assert (labels.opens["h_weight"][some] == PANEL_WEIGHT).all()
    # Said twice, once without a word: it is an idle device's.
    first = panel[panel["label"] == "prefetch"].head(1)
    twice = pd.concat([panel.assign(attended=None), first.assign(attended="no")])
    sources = soft_labels(sender.evidence, sender.messages, panel=twice).opens.set_index("event_id")["source"]
    assert sources[first["event_id"].iloc[0]] == "idle panel"


def test_a_panels_words_are_no_clue(sender, people):
    """Label models learned to weigh sources that do not know the truth: a panel overrules them, and comes after."""
    prior = pd.DataFrame({"p_human": 0.3, "p_prefetch": 0.69, "p_machine": 0.01}, index=sender.evidence.index)
    _, panel = panel_of(sender, people.index[:80])
    turned = panel.assign(label=panel["label"].map({"human": "prefetch", "prefetch": "human"}))
    without, told, told_lies = (
        soft_labels(sender.evidence, sender.messages, prior=prior, panel=words)
        for words in (None, panel, turned)
    )
    for labels in (told, told_lies):
        pd.testing.assert_frame_equal(labels.clues, without.clues)
        pd.testing.assert_frame_equal(labels.machine_clues, without.machine_clues)
    assert not told.opens.equals(told_lies.opens)
