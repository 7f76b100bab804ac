from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paperknife.errors import TrainingError
from paperknife.labels.soft_labels import PANEL_WEIGHT, REPEAT_PRIOR, soft_labels


@pytest.fixture(scope="module")
def plain_labels(plain_sender):
    return soft_labels(plain_sender.evidence, plain_sender.messages)


def codes(labels):
    return {gate.code: gate.level for gate in labels.diagnostics.gates}


def test_every_open_gets_one_row_in_order(plain_sender, plain_labels):
    opens = plain_labels.opens
    assert opens["event_id"].tolist() == plain_sender.evidence["event_id"].tolist()
    assert opens["h"].dropna().between(0, 1).all()
    assert opens["m"].between(0, 1).all()
    assert (opens.loc[opens["h"].isna(), "h_weight"] == 0).all()


def test_the_mean_label_of_apple_fetches_is_their_share_of_people(plain_sender, plain_labels):
    undated = (plain_labels.opens["source"] == "excess_hazard").to_numpy()
    assert undated.sum() > 2_000
    dated = (plain_labels.opens["source"] == "click").to_numpy()
    for some, tolerance in ((undated, 0.05), (dated, 0.05), (plain_sender.is_first_apple, 0.03)):
        share = plain_sender.is_human[some].mean()
        assert plain_labels.opens["h"][some].mean() == pytest.approx(share, abs=tolerance)


def test_the_closed_form_comes_back_at_every_delay(plain_sender, plain_labels):
    # read / (read + prefetch) = (1/60) / (1/60 + 1/20) = 1/4, early or late; clicked ones know more and stand apart
    hazards = plain_labels.diagnostics.hazards
    first = np.flatnonzero(plain_sender.is_first_apple)
    rows = pd.Index(plain_sender.messages["message_id"]).get_indexer(plain_sender.evidence["message_id"])[
        first
    ]
    delay_s = plain_sender.evidence["delay_us"].to_numpy(dtype=float)[first] / 1e6
    p = hazards.rates_at(rows, delay_s).p_human(plain_labels.diagnostics.scale)
    for low, high in ((0, 3), (3, 12), (12, 48)):
        some = (delay_s >= low * 3600) & (delay_s < high * 3600)
        assert p[some].mean() == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("kappa", [0.5, 1.9])
def test_apple_users_who_read_more_or_less_are_found_from_their_clicks(make_sender, kappa):
    sender = make_sender(
        10_000, read_per_h=1 / 300, prefetch_per_h=1 / 60, kappa=kappa, click_share=0.6, seed=5
    )
    labels = soft_labels(sender.evidence, sender.messages)
    found = labels.diagnostics.hazards.kappa
    assert found.low < kappa < found.high
    assert labels.opens["h"][sender.is_first_apple].mean() == pytest.approx(
        sender.is_human[sender.is_first_apple].mean(), abs=0.04
    )


def test_clicks_sharpen_the_labels_they_date(plain_sender, plain_labels):
    dated = (plain_labels.opens["source"] == "click").to_numpy()
    h, is_human = plain_labels.opens["h"].to_numpy()[dated], plain_sender.is_human[dated]
    assert dated.sum() > 200
    assert h[is_human].mean() > 0.85
    assert h[~is_human].mean() < 0.15


def test_visible_readers_are_people(plain_sender, plain_labels):
    visible = ~plain_sender.is_first_apple
    assert (plain_labels.opens["source"][visible] == "visible_client").all()
    assert (plain_labels.opens["h"][visible] > 0.95).all()


def test_without_clocks_hazards_abstain_and_say_so(small_sender):
    evidence = small_sender.evidence.assign(
        delay_us=pd.array([pd.NA] * len(small_sender.evidence), dtype="Int64")
    )
    messages = small_sender.messages.assign(
        clock_us=pd.array([pd.NA] * len(small_sender.messages), dtype="Int64")
    )
    labels = soft_labels(evidence, messages)
    assert codes(labels)["no-clock"] == "refuse"
    assert "excess_hazard" not in set(labels.opens["source"])


def test_without_agents_and_addresses_everything_abstains(small_sender):
    none = pd.Series(None, index=small_sender.evidence.index, dtype="str")
    evidence = small_sender.evidence.assign(client_family=none, network_class=none, mechanism="unknown")
    labels = soft_labels(evidence, small_sender.messages)
    assert codes(labels)["no-kinds"] == "refuse"
    assert (labels.opens["h_weight"] == 0).all()
    assert (labels.opens["m_weight"] == 0).all()


def test_opens_without_agent_and_address_rest_on_the_recipients_others(plain_sender):
    rng = np.random.default_rng(2)
    lost = pd.Series(rng.random(len(plain_sender.evidence)) < 0.2, index=plain_sender.evidence.index)
    evidence = plain_sender.evidence.copy()
    for name in ("client_family", "network_class"):
        evidence[name] = evidence[name].mask(lost)
    labels = soft_labels(evidence, plain_sender.messages)
    some = (labels.opens["source"] == "mixture").to_numpy()
    apple = plain_sender.is_first_apple
    assert labels.opens["h"][some & ~apple].mean() > labels.opens["h"][some & apple].mean() + 0.4


def test_an_all_apple_list_is_refused(make_sender):
    sender = make_sender(4_000, apple_share=1.0)
    labels = soft_labels(sender.evidence, sender.messages)
    assert codes(labels)["all-apple"] == "refuse"
    assert "excess_hazard" not in set(labels.opens["source"])


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ({"n": 300}, "few-opens"),
        ({"n": 3_000, "click_share": 0.0}, "hardly-any-clicks"),
        ({"n": 3_000, "apple_share": 0.0}, "no-apple"),
        ({"n": 3_000}, "first-opens-only"),
    ],
)
def test_gates_name_what_a_log_lacks(make_sender, sender, code):
    made = make_sender(**sender)
    assert code in codes(soft_labels(made.evidence, made.messages))


def test_an_empty_log_has_no_labels(evidence_frame, message_frame):
    labels = soft_labels(
        evidence_frame({"event_id": [], "message_id": [], "at_us": []}), message_frame({"message_id": []})
    )
    assert len(labels.opens) == 0
    assert "few-opens" in codes(labels)


def test_repeat_fetches_lean_on_the_prior_and_weigh_less(make_sender):
    sender = make_sender(4_000)
    again = sender.evidence.iloc[[0, 1]].copy()
    again["event_id"] = ["again0", "again1"]
    again["occurred_at"] += pd.Timedelta(hours=5)
    evidence = pd.concat([sender.evidence, again], ignore_index=True)
    evidence.loc[evidence.index[-2:], ["client_family", "network_class", "mechanism"]] = (
        "apple_mail",
        "apple_relay",
        "apple_relay",
    )
    evidence.loc[evidence.index[:2], ["client_family", "network_class", "mechanism"]] = (
        "apple_mail",
        "apple_relay",
        "apple_relay",
    )
    messages = sender.messages.assign(clean_us=pd.array([pd.NA] * len(sender.messages), dtype="Int64"))
    prior = pd.DataFrame({"event_id": ["again0"], "p_human": [0.6], "p_prefetch": [0.2], "p_machine": [0.2]})
    opens = soft_labels(evidence, messages, prior).opens.set_index("event_id")
    assert opens.loc["again0", "source"] == "repeat"
    assert opens.loc["again0", "h"] == pytest.approx(0.75, abs=0.02)
    assert opens.loc["again1", "h"] == pytest.approx(REPEAT_PRIOR)
    assert opens.loc["again0", "h_weight"] < 0.5


def test_ambiguous_opens_teach_nothing(small_sender):
    evidence = small_sender.evidence.assign(is_ambiguous=True)
    opens = soft_labels(evidence, small_sender.messages).opens
    assert (opens[["h_weight", "m_weight"]] == 0).all().all()


def test_the_panel_overrides_every_source(small_sender):
    ids = small_sender.evidence["event_id"].iloc[:4].tolist()
    panel = pd.DataFrame(
        {"event_id": [*ids, "elsewhere"], "label": ["human", "mpp_prefetch", "machine", None, "human"]}
    )
    opens = soft_labels(small_sender.evidence, small_sender.messages, panel=panel).opens.iloc[:4]
    assert opens["h"].iloc[:2].tolist() == [1, 0]
    assert np.isnan(opens["h"].iloc[2])
    assert opens["m"].iloc[:3].tolist() == [0, 0, 1]
    assert opens["h_weight"].iloc[:3].tolist() == [PANEL_WEIGHT, PANEL_WEIGHT, 0]
    assert (opens["source"] == "panel").tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("panel", "text"),
    [
        (
            pd.DataFrame({"event_id": ["e1"], "verdict": ["human"]}),
            "The panel lacks label. Found: event_id, verdict",
        ),
        (
            pd.DataFrame({"event_id": ["e1"], "label": ["bot"]}),
            "The panel holds the label 'bot'. Expected one of: human",
        ),
        (
            pd.DataFrame({"event_id": [1.0, None], "label": ["human", "human"]}),
            "It was read as numbers, as a column with gaps is",
        ),
    ],
)
def test_a_wrong_panel_is_refused(small_sender, panel, text):
    with pytest.raises(TrainingError, match=text):
        soft_labels(small_sender.evidence, small_sender.messages, panel=panel)


def test_labels_as_probabilities_sum_to_one_and_leave_out_what_has_none(plain_sender, plain_labels):
    table = plain_labels.probabilities
    assert table[["p_human", "p_prefetch", "p_machine"]].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert set(table["event_id"]) <= set(plain_sender.evidence["event_id"])
    by_id = plain_labels.opens.set_index("event_id").loc[table["event_id"]]
    known = by_id["h"].notna().to_numpy()
    assert (table["p_human"] / (1 - table["p_machine"])).to_numpy()[known] == pytest.approx(by_id["h"][known])
    times_only = plain_sender.evidence.assign(client_family=None, network_class=None, mechanism="unknown")
    assert soft_labels(times_only, plain_sender.messages).probabilities.empty
