"""What this product's history leans on: JSON columns, dictionaries of profiles, funnels, merges of small parts."""

from __future__ import annotations

import time

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

ANCHORS = 300_000


@pytest.fixture(scope="module")
def profiles(warehouse):
    """Anchor -> profile as a flat dictionary over a table of exceptions in the same process."""
    client = warehouse.client()
    client.command(
        "CREATE TABLE anchor_profiles (anchor UInt64, profile UInt64, version UInt64)"
        " ENGINE = ReplacingMergeTree(version) ORDER BY anchor"
    )
    client.command(f"INSERT INTO anchor_profiles SELECT number, intDiv(number, 10), 1 FROM numbers({ANCHORS})")
    client.command(
        "CREATE DICTIONARY profile_of (anchor UInt64, profile UInt64) PRIMARY KEY anchor"
        " SOURCE(CLICKHOUSE(QUERY 'SELECT anchor, profile FROM stammgast.anchor_profiles FINAL'))"
        " LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 100000000)) LIFETIME(0)"
    )
    return client


def profile_of(client, anchor):
    sql = "SELECT dictGetOrDefault('profile_of', 'profile', {a:UInt64}, {a:UInt64})"
    return client.query(sql, parameters={"a": anchor}).first_row[0]


def test_a_flat_dictionary_maps_anchors_to_profiles_and_the_rest_to_themselves(profiles):
    assert (profile_of(profiles, 25), profile_of(profiles, 10_000_000)) == (2, 10_000_000)
    sql = "SELECT uniqExact(dictGetOrDefault('profile_of', 'profile', number, number)) FROM numbers({n:UInt64})"
    # Source: ten anchors make a profile, so 300,000 make 30,000; ten more anchors are their own profiles.
    assert profiles.query(sql, parameters={"n": ANCHORS}).first_row == (30_000,)


def test_a_reload_shows_a_merge_and_a_split(profiles):
    profiles.command("INSERT INTO anchor_profiles VALUES (25, 7, 2)")
    assert profile_of(profiles, 25) == 2
    profiles.command("SYSTEM RELOAD DICTIONARY profile_of")
    assert profile_of(profiles, 25) == 7
    profiles.command("INSERT INTO anchor_profiles VALUES (25, 2, 3)")
    profiles.command("SYSTEM RELOAD DICTIONARY profile_of")
    assert profile_of(profiles, 25) == 2


def test_a_flat_dictionary_past_its_array_fails_and_says_so(profiles):
    profiles.command(
        "CREATE DICTIONARY tight (anchor UInt64, profile UInt64) PRIMARY KEY anchor"
        " SOURCE(CLICKHOUSE(TABLE 'anchor_profiles' DB 'stammgast')) LAYOUT(FLAT(MAX_ARRAY_SIZE 1000)) LIFETIME(0)"
    )
    with pytest.raises(DatabaseError, match="ARGUMENT_OUT_OF_BOUND"):
        profiles.command("SELECT dictGet('tight', 'profile', toUInt64(1))")


def test_a_json_column_keeps_its_paths_bounded_and_its_strings_strings(warehouse):
    history = warehouse.history()
    history.command("CREATE TABLE docs (n UInt32, p JSON(max_dynamic_paths = 4)) ENGINE = MergeTree ORDER BY n")
    lines = b"".join(
        b'{"n":%d,"p":{"price":%d.5,"day":"2024-01-01","code":"12","k%d":1.0}}\n' % (n, n, n) for n in range(50)
    )
    assert history.insert_json_lines("docs", lines, query_id="docs-1") == 50
    ((paths, shared),) = history.query(
        "SELECT arraySort(groupUniqArrayArray(JSONDynamicPaths(p))), uniqArray(JSONSharedDataPaths(p)) FROM docs"
    )
    assert len(paths) == 4
    assert shared == 53 - 4
    kinds = history.query("SELECT DISTINCT dynamicType(p.day), dynamicType(p.code), dynamicType(p.price) FROM docs")
    assert kinds == [("String", "String", "Float64")]
    # Source: fifty prices from 0.5 to 49.5, on average 25.
    assert history.query("SELECT sum(p.price.:Float64) FROM docs") == [(1250.0,)]


def test_a_path_that_is_both_a_value_and_an_object_keeps_the_first(warehouse):
    history = warehouse.history()
    history.command("CREATE TABLE both (p JSON) ENGINE = MergeTree ORDER BY tuple()")
    assert history.insert_json_lines("both", b'{"p":{"a":{"b":1.0},"a.b":2.0}}\n', query_id="both-1") == 1
    assert history.query("SELECT p.a.b.:Float64 FROM both") == [(1.0,)]


def test_a_number_written_without_a_point_is_missed_by_the_float_reading(warehouse):
    """The trap that whoever encodes rows has to avoid by writing 2.0."""
    history = warehouse.history()
    history.command("CREATE TABLE whole_numbers (p JSON) ENGINE = MergeTree ORDER BY tuple()")
    history.insert_json_lines("whole_numbers", b'{"p":{"x":2}}\n{"p":{"x":2.0}}\n', query_id="whole-1")
    assert history.query("SELECT sum(p.x.:Float64), count(p.x.:Float64) FROM whole_numbers") == [(2.0, 1)]


def test_funnels_and_retention_are_there(client):
    client.command(
        "CREATE TABLE steps (who UInt32, at DateTime64(3, 'UTC'), name String) ENGINE = MergeTree ORDER BY (who, at)"
    )
    client.command(
        "INSERT INTO steps VALUES (1, 1, 'view'), (1, 2, 'cart'), (1, 3, 'buy'), (2, 1, 'cart'), (2, 2, 'view')"
    )
    reached = "windowFunnel(3600)(toDateTime(at), name = 'view', name = 'cart', name = 'buy')"
    rows = client.query(f"SELECT who, {reached} FROM steps GROUP BY who ORDER BY who").result_rows
    assert rows == [(1, 3), (2, 1)]


def test_small_parts_are_merged_in_the_background(client):
    client.command("CREATE TABLE parts (a UInt32) ENGINE = MergeTree ORDER BY a")
    for number in range(40):
        client.insert("parts", [[number]], column_names=["a"])
    until = time.monotonic() + 60
    sql = "SELECT count() FROM system.parts WHERE table = 'parts' AND active"
    while client.command(sql) > 20:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert client.command("SELECT count() FROM parts") == 40


def test_a_column_with_a_zone_in_its_seconds_comes_without_it(client):
    """A limit of chDB's Native format: the moment is right, the zone is UTC. DateTime64 keeps its zone."""
    with_zone = client.query("SELECT toDateTime(0, 'Europe/Berlin'), toDateTime64(0, 3, 'Europe/Berlin')")
    assert [kind.name for kind in with_zone.column_types] == ["DateTime", "DateTime64(3, 'Europe/Berlin')"]
    assert with_zone.first_row[1].utcoffset().total_seconds() == 3600
