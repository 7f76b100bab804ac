"""Rows of CSV: what is no row costs only itself."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paperknife.events import delimited
from paperknife.events.delimited import delimited_rows, delimiter_of

FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)


def read(text, delimiter=","):
    return list(delimited_rows(io.BytesIO(text.encode()), delimiter))


@given(st.lists(st.lists(FIELD, min_size=3, max_size=3), max_size=8), st.sampled_from(",;\t|"))
def test_what_a_csv_writer_writes_is_read_back(rows, delimiter):
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter)
    writer.writerow("abc")
    writer.writerows(rows)
    assert read(target.getvalue(), delimiter) == [
        dict(zip("abc", [field or None for field in row], strict=True)) for row in rows
    ]


def test_a_quotation_mark_that_never_closes_costs_one_line():
    assert read('a,b,c\n1,2,3\n"x,2,3\n4,5,6\n7,"mul\nti",9\n') == [
        {"a": "1", "b": "2", "c": "3"}, '"x,2,3', {"a": "4", "b": "5", "c": "6"}, {"a": "7", "b": "mul\nti", "c": "9"},
    ]  # fmt: skip


def test_a_quotation_mark_that_closes_far_below_costs_its_line_only():
    assert read('a,b,c\n"1,2,3\n4,5,6\n7,8,"9"\n') == [
        '"1,2,3', {"a": "4", "b": "5", "c": "6"}, {"a": "7", "b": "8", "c": "9"}]  # fmt: skip


def test_too_few_and_too_many_fields_and_blank_lines():
    assert read("a,b,c\n1,2\n\n1,2,3,4\n1,2,3\n") == ["1,2", "1,2,3,4", {"a": "1", "b": "2", "c": "3"}]


def test_a_row_without_an_end_is_given_up_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(delimited, "_RECORD_CHARACTERS", 100)
    found = read('a,b,c\n"open,2,3\n' + "4,5,6\n" * 50)
    assert found[0] == '"open,2,3'
    assert found[1:] == [{"a": "4", "b": "5", "c": "6"}] * 50


@given(st.text(max_size=200))
def test_no_line_is_lost_and_nothing_raises(text):
    found = read("a,b,c\n" + text)
    lines = io.StringIO(text, newline="").read().count("\n") + 1
    assert len(found) <= lines + text.count("\r")


@pytest.mark.parametrize(
    ("head", "delimiter"),
    [(b"id,event,time\n", ","), (b"id;event;time", ";"), (b'\n"id"\t"ev,ent"\ttime\r\n', "\t"), (b"id,event\n", None),
     (b"1,2,3\n", None), (b"a,a,b\n", None), (b"a,,b\n", None), (b"<a,b,c>", None), (b"", None), (b"\xff,b,c", ",")],
)  # fmt: skip
def test_what_is_a_header(head, delimiter):
    assert delimiter_of(head) == delimiter
