"""The tables of the customers database that tell who is who. Only the worker writes them; times are ms UTC."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table
from sqlalchemy import Text as LongText

from stammgast.kernel.customers_tables import Big, Text, metadata

anchors = Table(
    "anchors",
    metadata,
    Column("anchor", Big, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("identifiers", LargeBinary, nullable=False),
    comment="Sets of raw identifiers seen on one event, interned. identifiers: msgpack [[namespace, value], ...].",
)

anchor_profiles = Table(
    "anchor_profiles",
    metadata,
    Column("anchor", Big, primary_key=True, autoincrement=False),
    Column("profile", Big, nullable=False),
    Index("anchor_profiles_by_profile", "profile"),
    comment="Exceptions: an anchor that is not listed is its own profile. Profile 0 is nobody.",
)

identifiers = Table(
    "identifiers",
    metadata,
    Column("identifier", Big, primary_key=True, autoincrement=False),
    Column("namespace", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("profile", Big, nullable=False),
    Index("identifiers_by_value", "value", "namespace", unique=True),
    Index("identifiers_by_profile", "profile"),
    comment="Normalised identifiers that may link, and the profile that owns each.",
)

identifier_anchors = Table(
    "identifier_anchors",
    metadata,
    Column("identifier", Big, primary_key=True, autoincrement=False),
    Column("anchor", Big, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
    comment="Which anchors hold an identifier: the edges of the identity graph.",
)

evidence = Table(
    "evidence",
    metadata,
    Column("anchor", Big, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("time", Big, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("source", Integer, nullable=False),
    sqlite_with_rowid=False,
    comment="One row an anchor and UTC day of event time, with that day's smallest (time, message id).",
)

aliases = Table(
    "aliases",
    metadata,
    Column("alias", Big, primary_key=True, autoincrement=False),
    Column("profile", Big, nullable=False),
    Index("aliases_by_profile", "profile"),
    comment="Numbers of profiles that were merged away; valid for ever.",
)

number_bearers = Table(
    "number_bearers",
    metadata,
    Column("number", Big, primary_key=True, autoincrement=False),
    Column("anchor", Big, nullable=False),
    comment="Exceptions: the anchor that bears a profile's number, where a person's split gave it to another than its own.",
)

merges = Table(
    "merges",
    metadata,
    Column("merge", Big, primary_key=True, autoincrement=True),
    Column("kept", Big, nullable=False),
    Column("merged", Big, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("time", Big, nullable=False),
    Column("merged_at", Big, nullable=False),
    Column("rule", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("identifiers", LargeBinary, nullable=False),
    Column("batch", Big, nullable=False),
    Column("kind", String, nullable=False, server_default="merge"),
    Index("merges_by_kept", "kept"),
    Index("merges_by_merged", "merged"),
    Index("merges_by_batch", "batch"),
    comment="Why two profiles became one (kind merge), or one became two (split): event, rule, version.",
)

refusals = Table(
    "refusals",
    metadata,
    Column("anchor", Big, primary_key=True, autoincrement=False),
    Column("kept_namespace", Text, nullable=False),
    Column("kept_value", Text, nullable=False),
    Column("left_namespace", Text, primary_key=True),
    Column("left_value", Text, primary_key=True),
    Column("time", Big, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("reason", String, nullable=False),
    Column("namespace", String, nullable=False),
    Column("version", Integer, nullable=False),
    Index("refusals_by_kept", "kept_value", "kept_namespace"),
    Index("refusals_by_left", "left_value", "left_namespace"),
    Index("refusals_by_time", "time", "anchor"),
    sqlite_with_rowid=False,
    comment="Identifiers of an anchor that were left out of its profile, and why (limit of namespace, cap, separated).",
)

held = Table(
    "held",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("day", Integer, nullable=False),
    Column("held_at", Big, nullable=False),
    sqlite_with_rowid=False,
    comment="Identifiers that met too many stronger ones on one UTC day (or that a person holds): they link nowhere.",
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision", Big, primary_key=True, autoincrement=False),
    Column("decided_at", Big, nullable=False),
    Column("kind", String, nullable=False),
    Column("one_namespace", Text, nullable=False),
    Column("one_value", Text, nullable=False),
    Column("other_namespace", Text, nullable=False),
    Column("other_value", Text, nullable=False),
    Column("person", String, nullable=False),
    Column("given", LargeBinary, nullable=True),
    Index("decisions_by_one", "one_value", "one_namespace"),
    Index("decisions_by_other", "other_value", "other_namespace"),
    comment="What people said about pairs of identifiers: merge, unmerge, never; hold and release of a single one. given:"
    " msgpack of the pair as it was named, where it reads otherwise now; empty names where it says nothing any more.",
)

applied_rules = Table(
    "applied_rules",
    metadata,
    Column("number", Big, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("rules", LongText, nullable=False),
    Column("person", String, nullable=False),
    Column("ordered_at", Big, nullable=False),
    Column("applied_at", Big, nullable=True),
    Column("state", String, nullable=False),
    Column("batch", Big, nullable=False),
    Column("effect", LongText, nullable=False),
    comment="Orders to go by identity rules, one of them in force; each with what it did.",
)
