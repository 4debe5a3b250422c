"""Refusals and orders of what people here say of customers themselves."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from stammgast.kernel.errors import Conflict, Invalid, StammgastError
from stammgast.kernel.i18n import marked as _

Mark = Literal["", "staff", "test"]
MARK_LABELS: dict[Mark, str] = {"staff": _("Staff"), "test": _("Test customer")}

CORRECTION = "correction"
"""The kind under which a correction waits for the worker (`notes.api.remember`)."""


class IdentifierTaken(Conflict):
    """{value} belongs to customer {profile} already. If both are one person, merge them."""

    code = "identifier_taken"


class NobodyToFind(Invalid):
    """{field}: {problem}."""


class NotCorrected(StammgastError):
    """{trait} is not corrected here, so there is nothing to take back."""

    status = 409


class Corrected(msgspec.Struct, frozen=True):
    """A correction on its way: `is_taken_back` says that an earlier one no longer counts."""

    trait: str
    value: Any
    by: str
    is_taken_back: bool = False


class NewCustomer(msgspec.Struct, frozen=True, rename="camel"):
    """A customer made by hand. At least one of mail, phone and user id is needed, so that what comes later finds them."""

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    user_id: str = ""
    traits: dict[str, Any] = {}
