from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from paperknife.evaluation.evaluate import evaluate
from paperknife.evaluation.headline import headline
from paperknife.evaluation.opens import describe_opens
from paperknife.evaluation.page import write_page

NASTY = "<img src=x onerror=alert(1)>"
VOID = {"meta", "img", "br", "link"}


class Reading(HTMLParser):
    """Collects what matters of a page and insists that every element is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.names, self.words = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(path):
    reading = Reading()
    reading.feed(path.read_text(encoding="utf-8"))
    assert reading.open == []
    return reading


@pytest.fixture(scope="module")
def delays(sender):
    return sender.verdicts["event_id"].map(describe_opens(sender.log).set_index("event_id")["delay_s"])


@pytest.fixture(scope="module")
def page(sender, delays, tmp_path_factory):
    """A page with everything, whose every text from outside is nasty."""
    verdicts = sender.verdicts.assign(model_id=NASTY)
    verdicts.loc[0, "mechanism"] = NASTY
    return write_page(
        tmp_path_factory.mktemp("page") / "new" / "report.html",
        title=NASTY,
        headline=headline(verdicts, sender.log),
        verdicts=verdicts,
        evaluation=evaluate(verdicts, sender.truth, sender.log, resamples=50),
        delays_s=delays,
        notes=[NASTY],
        next_steps=[NASTY],
    )


def test_page_asks_nothing_of_anybody(page):
    reading = read(page)
    assert not {"script", "link", "img", "iframe", "object"} & set(reading.names)
    assert not {"src", "href", "onerror", "onclick"} & {name for name, _ in reading.attributes}
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"https?:|//|url\(|@import", text)
    assert "default-src 'none'" in text


def test_data_cannot_become_markup(page):
    text = page.read_text(encoding="utf-8")
    assert NASTY not in text
    assert text.count("&lt;img src=x") >= 5


def test_page_begins_with_the_headline_and_holds_four_pictures(page):
    reading = read(page)
    assert reading.names.index("h1") < reading.names.index("section")
    assert reading.names.count("svg") == 5
    text = " ".join(reading.words)
    for words in (
        "of 400 delivered messages were opened",
        "When they came",
        "By which road",
        "published rules",
        "honest",
    ):
        assert words in text


def test_every_picture_has_a_title_and_ids_are_unique(page):
    reading = read(page)
    ids = [value for name, value in reading.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    named = [value.split() for name, value in reading.attributes if name == "aria-labelledby"]
    assert len(named) == 5
    assert {key for keys in named for key in keys} <= set(ids)


def test_tables_are_tables(page):
    reading = read(page)
    scopes = [value for name, value in reading.attributes if name == "scope"]
    assert reading.names.count("caption") == reading.names.count("table") == 2
    assert {"row", "col"} == set(scopes)


def test_page_does_without_truth_times_or_deliveries(sender, tmp_path):
    path = write_page(
        tmp_path / "p.html", title="t", headline=headline(sender.verdicts), verdicts=sender.verdicts
    )
    reading = read(path)
    assert reading.names.count("svg") == 2
    text = " ".join(reading.words)
    assert "Against the truth" not in text
    assert "400 messages were opened, by the log" in text


def test_times_may_be_text_as_in_a_csv(sender, tmp_path):
    verdicts = sender.verdicts.assign(occurred_at=sender.verdicts["occurred_at"].astype("str"))
    path = write_page(tmp_path / "p.html", title="t", headline=headline(verdicts), verdicts=verdicts)
    assert "opens from 2 March 2026 to" in path.read_text(encoding="utf-8")


def test_page_does_with_no_opens_at_all(sender, tmp_path):
    none = sender.verdicts.head(0)
    path = write_page(
        tmp_path / "p.html", title="t", headline=headline(none, sender.log), verdicts=none, delays_s=[]
    )
    assert "0\u00a0% of 400 delivered messages" in path.read_text(encoding="utf-8")


def test_the_log_tells_the_delays_as_well_as_an_array_does(sender, delays, tmp_path):
    common = {"title": "t", "headline": headline(sender.verdicts), "verdicts": sender.verdicts}
    by_array = write_page(tmp_path / "a.html", delays_s=delays, **common).read_text(encoding="utf-8")
    by_log = write_page(tmp_path / "l.html", log=sender.log, **common).read_text(encoding="utf-8")
    assert "When they came" in by_log
    assert by_log == by_array


def test_page_does_where_no_delay_is_known(sender, tmp_path):
    path = write_page(
        tmp_path / "p.html",
        title="t",
        headline=headline(sender.verdicts),
        verdicts=sender.verdicts,
        evaluation=evaluate(sender.verdicts, sender.truth, resamples=0),
        delays_s=np.full(400, np.nan),
    )
    assert "none" in " ".join(read(path).words)
