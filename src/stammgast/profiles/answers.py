"""What the management API says of traits and accounts, wherever it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from stammgast.profiles.accounts.contracts import Membership, Money
from stammgast.profiles.contracts import Trait, TraitRule, TraitValue
from stammgast.profiles.figures.orders import decimal_text
from stammgast.web.http import iso_time


class TraitValueAnswer(msgspec.Struct, rename="camel"):
    """A value and the event that speaks for it. `count`: how many events said so, null where that is not known.

    `by`: who here corrected it; the source is 0 then.
    """

    value: Any
    timestamp: str | None
    source: int
    message_id: str
    count: int | None
    by: str | None


class TraitAnswer(msgspec.Struct, rename="camel"):
    """A trait: the value that counts and the policy (`rule`) by which it does; `others` are the values that lost.

    `cut`: more different values came than are kept. `fallback`: the policy is the most frequent value, which can't be
    told then, so the newest counts.
    """

    current: TraitValueAnswer
    others: list[TraitValueAnswer]
    rule: TraitRule
    cut: bool
    fallback: bool


class MembershipAnswer(msgspec.Struct, rename="camel"):
    """An account that a customer belongs to, or belonged to (`left`). `events`: what they did as that account."""

    account_id: int
    group_id: str
    name: str
    kind: str
    role: str
    left: bool
    first_seen: str | None
    last_seen: str | None
    events: int


def trait_answers(traits: Iterable[Trait]) -> dict[str, TraitAnswer]:
    """Return traits by name."""
    return {
        one.name: TraitAnswer(
            _value(one.current), [_value(lost) for lost in one.lost], one.rule, one.is_cut, one.is_fallback
        )
        for one in traits
    }


def membership_answer(one: Membership) -> MembershipAnswer:
    """Return one account of a customer."""
    return MembershipAnswer(
        account_id=one.account,
        group_id=one.group_id,
        name=one.name,
        kind=one.kind,
        role=one.role,
        left=one.has_left,
        first_seen=iso_time(one.first_seen),
        last_seen=iso_time(one.last_seen),
        events=one.events,
    )


def money_answer(sums: Iterable[Money], *, is_refund: bool = False) -> dict[str, msgspec.Raw]:
    """Return amounts by currency as JSON numbers with all their decimals; refunds without their sign."""
    amounts = {one.currency: decimal_text(-one.micros if is_refund else one.micros) for one in sums}
    return {currency: msgspec.Raw(text.encode()) for currency, text in amounts.items()}


def _value(one: TraitValue) -> TraitValueAnswer:
    return TraitValueAnswer(one.value, iso_time(one.time), one.source, one.message_id, one.count, one.by or None)
