"""The policies of traits in the control database."""

from __future__ import annotations

import msgspec
from sqlalchemy import Column, Connection, MetaData, String, Table, Text, delete, select

from stammgast.kernel.ids import SourceId
from stammgast.kernel.upsert import upsert
from stammgast.profiles.trait_policies import TraitPolicies, TraitPolicy

METADATA = MetaData()

trait_policies_table = Table(
    "trait_policies",
    METADATA,
    Column("trait", String(255), primary_key=True),
    Column("rule", String(40), nullable=False),
    Column("sources", Text, nullable=False),
    Column("corrections", String(20), nullable=False, server_default="always"),
    comment="How the value of a trait is chosen among several; the trait * stands for all that are not named.",
)

_decode_sources = msgspec.json.Decoder(tuple[int, ...]).decode


def load_policies(connection: Connection) -> TraitPolicies:
    """Return all policies, by name of the trait."""
    rows = connection.execute(select(trait_policies_table).order_by(trait_policies_table.c.trait))
    return TraitPolicies({row.trait: _policy(row.rule, row.sources, row.corrections) for row in rows})


def _policy(rule: str, sources: str, corrections: str) -> TraitPolicy:
    numbers = [SourceId(one) for one in _decode_sources(sources)]
    return msgspec.convert({"rule": rule, "sources": numbers, "corrections": corrections}, TraitPolicy)


def save_policy(connection: Connection, trait: str, policy: TraitPolicy) -> None:
    """Write a policy over the one of the same trait."""
    sources = msgspec.json.encode(policy.sources).decode()
    values = {"rule": policy.rule, "sources": sources, "corrections": policy.corrections}
    statement = upsert(connection, trait_policies_table).values(trait=trait, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["trait"], set_=values))


def delete_policy(connection: Connection, trait: str) -> bool:
    """Delete a trait's own policy; say whether there was one."""
    done = connection.execute(delete(trait_policies_table).where(trait_policies_table.c.trait == trait))
    return done.rowcount > 0
