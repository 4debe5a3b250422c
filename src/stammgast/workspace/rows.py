"""Rows of `control` become the frozen values of `contracts`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stammgast.kernel.ids import BrandId, SourceId, UserId
from stammgast.workspace.contracts import (
    Actor,
    ApiToken,
    AuditEntry,
    Brand,
    Company,
    Role,
    Source,
    StaffRule,
    StaffRules,
    Team,
    User,
    WriteKey,
)
from stammgast.workspace.store import Row


def company_of(row: Row) -> Company:
    """Read the company."""
    return Company(row["name"], row["zone"], row["first_weekday"], row["currency"])


def brand_of(row: Row) -> Brand:
    """Read a brand."""
    return Brand(BrandId(row["id"]), row["name"], row["created_at"])


def team_of(row: Row) -> Team:
    """Read a team."""
    return Team(row["id"], row["name"], row["created_at"])


def user_of(row: Row) -> User:
    """Read a person; the password's hash stays behind."""
    return User(
        id=UserId(row["id"]),
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        language=row["language"],
        zone=row["zone"],
        theme=row["theme"],
        has_password=row["password_hash"] is not None,
        created_at=row["created_at"],
        last_login_at=row["last_login_at"],
        disabled_at=row["disabled_at"],
        brands=brands_in(row),
        teams=tuple(msgspec.json.decode(row["teams"], type=list[int])),
    )


def brands_in(row: Row) -> tuple[BrandId, ...]:
    """Read which brands a person or a token is bound to."""
    return tuple(map(BrandId, msgspec.json.decode(row["brands"], type=list[int])))


def token_of(row: Row) -> ApiToken:
    """Read an API token."""
    return ApiToken(
        id=row["id"],
        name=row["name"],
        role=Role(row["role"]),
        hint=row["hint"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
        brands=brands_in(row),
    )


def sources_of(source_rows: Sequence[Row], key_rows: Sequence[Row]) -> list[Source]:
    """Read sources with their keys, in the order of `source_rows`."""
    keys: dict[int, list[WriteKey]] = {}
    for key in key_rows:
        one = WriteKey(key["hint"], key["created_at"], key["ends_at"], key["public_text"])
        keys.setdefault(key["source_id"], []).append(one)
    return [
        Source(
            id=SourceId(row["id"]),
            name=row["name"],
            kind=row["kind"],
            brand=BrandId(row["brand_id"]),
            allowed_origins=tuple(msgspec.json.decode(row["allowed_origins"], type=list[str])),
            rate_limit=row["rate_limit"],
            created_at=row["created_at"],
            revoked_at=row["revoked_at"],
            keys=tuple(keys.get(row["id"], ())),
        )
        for row in source_rows
    ]


def staff_rule_of(row: Row) -> StaffRule:
    """Read a staff rule."""
    return StaffRule(row["id"], row["kind"], row["value"])


def staff_rules_of(rule_rows: Sequence[Row]) -> StaffRules:
    """Read all staff rules as one value to ask."""

    def of(kind: str) -> list[str]:
        return [row["value"] for row in rule_rows if row["kind"] == kind]

    return StaffRules(frozenset(of("email_domain")), frozenset(of("user_id")), tuple(of("network")))


def audit_of(row: Row) -> AuditEntry:
    """Read an entry of the audit log."""
    return AuditEntry(
        id=row["id"],
        at=row["at"],
        actor=Actor(row["actor_kind"], row["actor_id"], row["actor_name"]),
        action=row["action"],
        subject=row["subject"],
        detail=msgspec.json.decode(row["detail"], type=dict[str, object]),
    )
