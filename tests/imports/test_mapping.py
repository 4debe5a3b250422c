"""Maps: what a person writes, and how a wrong one is told."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import stammgast.imports
from stammgast.imports.contracts import UnreadableMap, WrongMap
from stammgast.imports.mapping import build_map, load_map, parse_map

SMALL = {
    "name": "orders",
    "timestamp": "date",
    "identifiers": {"user_id": "customer"},
    "events": [{"event": "Order Completed", "properties": {"order_id": "number"}}],
}


def test_the_ready_maps_are_right():
    folder = Path(stammgast.imports.__file__).parent / "maps"
    names = {load_map(path).name for path in folder.glob("*.yaml")}
    assert "online_retail" in names


def test_a_small_map_takes_a_few_lines():
    rule = build_map(SMALL).events[0]
    assert rule.timestamp.column == "date"
    assert rule.timestamp.kind == "time"
    assert rule.subject == "required"


def test_an_event_inherits_what_the_map_says_for_all_and_may_say_otherwise():
    plan = build_map(
        {
            **SMALL,
            "properties": {"shop": {"value": "north"}},
            "events": [{"event": "A"}, {"event": "B", "timestamp": "other"}],
        }
    )
    assert [rule.timestamp.column for rule in plan.events] == ["date", "other"]
    assert all(rule.properties.get("shop") for rule in plan.events)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": None}, "The map's name"),
        ({"name": "a b"}, "The map's name"),
        ({"events": []}, "The map's events"),
        ({"event": []}, "Did you mean events"),
        ({"events": [{"event": "A", "propertys": {}}]}, "events[0].propertys"),
        ({"events": [{"type": "buy"}]}, "events[0].type"),
        ({"events": [{}]}, "events[0].event"),
        ({"events": [{"event": "A", "properties": {"x": {"column": "a", "value": 1}}}]}, "events[0].properties.x"),
        (
            {"events": [{"event": "A", "properties": {"x": {"column": "a", "as": "integer"}}}]},
            "events[0].properties.x.as",
        ),
        ({"events": [{"event": "A", "properties": {"x": {"multiply": ["a"]}}}]}, "events[0].properties.x.multiply"),
        ({"events": [{"event": "A", "properties": {"x": {"sum": {"sum": "a"}}}}]}, "events[0].properties.x.sum"),
        ({"events": [{"event": "A", "when": [{"column": "a", "starts": "C"}]}]}, "events[0].when[0].starts"),
        ({"events": [{"event": "A", "when": [{"column": "a", "matches": "("}]}]}, "events[0].when[0].matches"),
        ({"events": [{"event": "A", "amount": "x"}]}, "events[0].currency"),
        ({"timestamp": {"column": "date", "zone": "Europe/Bonn"}}, "events[0].timestamp.zone"),
        ({"identifiers": {}}, "events[0].identifiers"),
        ({"identifiers": {"user_id": {"value": "x"}}}, "events[0].identifiers.user_id"),
        ({"subject": "maybe"}, "events[0].subject"),
        ({"file": {"delimiter": ";;"}}, "file.delimiter"),
        ({"file": {"encoding": "utf-88"}}, "file.encoding"),
        ({"file": {"colums": ["a"]}}, "Did you mean columns"),
        ({"timestamp": 5}, "events[0].timestamp"),
    ],
)
def test_a_wrong_map_is_told_by_its_key_and_how_to_mend_it(change, told):
    with pytest.raises(WrongMap) as refusal:
        build_map({**SMALL, **change})
    assert told in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_text_that_is_no_yaml_is_refused():
    with pytest.raises(UnreadableMap):
        parse_map("name: [")


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["column", "lines", "as"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "events", "event", "column", "sum", "lines", "value", "properties", "when", "file", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*SMALL, "file", "group", "skip", "properties", "subject"]), trees))
def test_whatever_is_written_as_a_map_is_taken_or_refused_in_words(change):
    with suppress(WrongMap):
        assert build_map({**SMALL, **change}).events


@pytest.mark.parametrize("page", ["how-to/import.md", "reference/import-map.md"])
def test_maps_shown_in_the_documentation_are_right(page):
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    shown = [part.split("```")[0] for part in text.split("```yaml\n")[1:]]
    assert shown
    for one in shown:
        assert parse_map(one).events


def test_the_reference_names_every_key_and_reason():
    from stammgast.imports import mapping
    from stammgast.imports.pages import REASON_WORDS

    text = (Path(__file__).parents[2] / "docs" / "reference" / "import-map.md").read_text(encoding="utf-8")
    keys = (*mapping.MAP_KEYS, *mapping.RULE_KEYS, *mapping.VALUE_KEYS, *mapping.FILE_KEYS, *mapping.OPERATORS)
    absent = [key for key in (*keys, *REASON_WORDS) if f"`{key}" not in text]
    assert absent == []
