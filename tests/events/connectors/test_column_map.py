"""What a map may say, and what one that cannot be used is told: everything at once."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from paperknife.errors import PayloadError
from paperknife.events.connectors.column_map import SHIPPED, ColumnMap, load_map, map_of, shipped_maps
from paperknife.events.schema import EVENT_TYPES

COLUMNS = {"occurred_at": "time", "message_id": "mail", "event_type": "kind"}


def test_the_smallest_map_has_the_defaults():
    found = map_of({"columns": COLUMNS})
    assert found == ColumnMap(
        columns={"occurred_at": (("time",),), "message_id": (("mail",),), "event_type": (("kind",),)},
        event_types={kind: kind for kind in EVENT_TYPES},
        source="generic",
        per_second=1,
        zone=None,
        time_format=None,
        machine=frozenset({"machine", "true", "1"}),
        human=frozenset({"human"}),
    )


def test_everything_a_map_says_is_kept():
    found = map_of(
        {
            "source": "shop",
            "columns": {
                "occurred_at": ["time", "sent"],
                "message_id": ["mailing", ["user", "visitor"]],
                "event_type": "kind",
                "vendor_verdict": "bot",
            },
            "event_types": {"opened": "open", "clicked": "click"},
            "times": {"unit": "ms", "zone": "America/Chicago", "format": "%d.%m.%Y %H:%M"},
            "vendor_verdict": {"machine": ["Apple", 1, True], "human": []},
        }
    )
    assert found.source == "shop"
    assert found.columns["occurred_at"] == (("time", "sent"),)
    assert found.columns["message_id"] == (("mailing",), ("user", "visitor"))
    assert found.event_types == {"opened": "open", "clicked": "click"}
    assert found.per_second == 1000
    assert found.zone == ZoneInfo("America/Chicago")
    assert found.time_format == "%d.%m.%Y %H:%M"
    assert found.machine == {"apple", "1", "true"}
    assert found.human == frozenset()


def test_words_for_a_machine_leave_the_words_for_a_person_as_they_are():
    found = map_of(
        {"columns": {**COLUMNS, "vendor_verdict": "bot"}, "vendor_verdict": {"machine": ["apple"]}}
    )
    assert (found.machine, found.human) == ({"apple"}, {"human"})


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"colums": {}}, r"'colums' is unknown\. Did you mean 'columns'\?"),
        ({"columns": "time"}, r"'columns' must be a table: \[columns\]"),
        ({"times": []}, r"'times' must be a table: \[times\]"),
        ({"columns": {}}, r"\[columns\] lacks occurred_at, message_id, event_type\."),
        ({}, r"\[columns\] lacks occurred_at, message_id, event_type\."),
        (
            {"columns": {**COLUMNS, "recipient_id": "email"}},
            r"column 'recipient_id' is none of ours\. Did you mean 'recipient'\?",
        ),
        (
            {"columns": {**COLUMNS, "source": "shop"}},
            r"'source' must stand above the first table, not in \[columns\]",
        ),
        ({"columns": {**COLUMNS, "ip": 7}}, "column 'ip' must name a column of yours, or a list of them"),
        ({"columns": {**COLUMNS, "ip": []}}, "column 'ip' must name a column of yours, or a list of them"),
        ({"columns": {**COLUMNS, "ip": ""}}, "column 'ip' must name a column of yours, or a list of them"),
        ({"columns": {**COLUMNS, "ip": [["a"]]}}, "column 'ip' must name a column of yours"),
        (
            {"columns": {**COLUMNS, "message_id": [["a", []]]}},
            "column 'message_id' must name a column of yours",
        ),
        ({"columns": {**COLUMNS, "message_id": [[]]}}, "column 'message_id' must name a column of yours"),
        ({"columns": {**COLUMNS, "event_id": []}}, "column 'event_id' must name a column of yours"),
        (
            {"event_types": {"opened": "opens"}},
            r"event type 'opened' becomes 'opens', which is none of sent, .*unsubscribe\. Did you mean 'open'\?",
        ),
        (
            {"event_types": {"opened": ["open"]}},
            r"event type 'opened' becomes '\['open'\]', which is none of",
        ),
        ({"times": {"units": "s"}}, r"'units' under \[times\] is unknown\. Did you mean 'unit'\?"),
        ({"times": {"unit": "seconds"}}, "the unit 'seconds' is none of s, ms, us"),
        ({"times": {"unit": ["s"]}}, r"the unit '\['s'\]' is none of s, ms, us"),
        ({"times": {"zone": "Chicago"}}, "the zone 'Chicago' is unknown; write it as America/Chicago or UTC"),
        ({"times": {"zone": "../etc"}}, "the zone '../etc' is unknown"),
        ({"times": {"zone": "America"}}, "the zone 'America' is unknown"),
        (
            {"times": {"format": 7}},
            "the format of times '7' is none with an hour as strptime takes it, such as '%Y",
        ),
        ({"times": {"format": "%m/%d/%Y"}}, "the format of times '%m/%d/%Y' is none with an hour"),
        (
            {"times": {"format": "YYYY-MM-DD HH:mm"}},
            "the format of times 'YYYY-MM-DD HH:mm' is none with an hour",
        ),
        (
            {"times": {"format": "%Y-%m-%d %H:%Q"}},
            "the format of times '%Y-%m-%d %H:%Q' is none with an hour",
        ),
        (
            {"vendor_verdict": {"machines": ["x"]}},
            r"'machines' under \[vendor_verdict\] is unknown\. Did you mean 'machine'\?",
        ),
        (
            {"vendor_verdict": {"machine": "yes"}},
            r"'machine' under \[vendor_verdict\] must be a list of words",
        ),
        (
            {"vendor_verdict": {"machine": ["Yes"], "human": ["yes"]}},
            r"\[vendor_verdict\] takes 'yes' for a machine and for a person",
        ),
        (
            {"vendor_verdict": {"machine": ["yes"]}},
            r"\[vendor_verdict\] explains a column that \[columns\] does not name: vendor_verdict",
        ),
        ({"source": "my shop"}, "'source' must be one word of letters, digits and underscores"),
        ({"source": 7}, "'source' must be one word of letters, digits and underscores"),
    ],
)
def test_a_map_that_cannot_be_used_is_told_why(said, fault):
    with pytest.raises(PayloadError, match=f"The map cannot be used: .*{fault}"):
        map_of({"columns": COLUMNS, **said} if said else said)


def test_all_problems_are_told_at_once():
    with pytest.raises(PayloadError) as caught:
        map_of({"source": "", "columns": {"ips": "ip"}, "times": {"unit": "d", "zone": "Mars"}})
    text = str(caught.value)
    for fault in ("'ips' is none of ours", "[columns] lacks", "unit 'd'", "zone 'Mars'", "'source' must be"):
        assert fault in text
    assert ".;" not in text
    assert text.endswith("digits and underscores.")
    with pytest.raises(PayloadError, match=r"Did you mean 'unit'\?$"):
        map_of({"columns": COLUMNS, "times": {"units": "s"}})


def test_a_map_is_read_from_a_file_even_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "map.toml"
    text = '[columns]\nevent_type = "kind"\noccurred_at = "time"\nmessage_id = "mail"\n'
    path.write_text(text, encoding="utf-8-sig")
    assert load_map(path) == load_map(str(path)) == map_of({"columns": COLUMNS})


def test_a_file_that_is_no_toml_is_named_with_the_place(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text("[columns\n")
    with pytest.raises(PayloadError, match=r"The map .*map\.toml is no TOML: .*line 1"):
        load_map(path)
    path.write_bytes(b"source = '\xff'")
    with pytest.raises(PayloadError, match=r"The map .*map\.toml is no TOML: "):
        load_map(path)


def test_faults_name_the_file(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text("source = 'x'\n")
    with pytest.raises(PayloadError, match=r"The map .*map\.toml cannot be used: \[columns\] lacks"):
        load_map(path)


def test_a_missing_file_is_told_with_the_maps_that_ship():
    with pytest.raises(
        PayloadError,
        match=r"The map segmnt cannot be read \(No such file or directory\)\. Expected a TOML file, or the name of a map "
        r"that ships: airbyte_hubspot, .*segment\. Did you mean 'segment'\?",
    ):
        load_map("segmnt")


def test_a_folder_is_no_map(tmp_path):
    with pytest.raises(PayloadError, match=r"cannot be read \(Is a directory\)"):
        load_map(tmp_path)


@pytest.mark.parametrize("name", shipped_maps())
def test_shipped_maps_are_loaded_by_name_and_say_what_they_are_for(name):
    found = load_map(name)
    assert {"open", "click"} <= set(found.event_types.values())
    assert found.zone is not None
    head = (SHIPPED / f"{name}.toml").read_text().partition("source =")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    assert "To get the file" in head
    assert "Not confirmed" in head


def test_a_file_of_ones_own_goes_before_a_shipped_map_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "segment").write_text(
        'source = "mine"\n[columns]\nevent_type="a"\noccurred_at="b"\nmessage_id="c"\n'
    )
    assert load_map("segment").source == "segment"
    monkeypatch.chdir(tmp_path)
    assert load_map("segment").source == "mine"
