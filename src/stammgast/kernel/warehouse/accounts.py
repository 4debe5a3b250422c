"""The two accounts and how a request names one: Basic, ClickHouse's own headers, or parameters."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from stammgast.kernel.warehouse.exceptions import AUTHENTICATION_FAILED, REQUIRED_PASSWORD, WarehouseError
from stammgast.kernel.warehouse.options import WarehouseOptions
from stammgast.kernel.warehouse.wire import Head


@dataclass(frozen=True)
class Account:
    """Who asks. A reader sees views only."""

    user: str
    is_reader: bool


def authenticate(head: Head, options: WarehouseOptions) -> Account:
    """Return whose request this is; raises WarehouseError 194 without credentials, 516 with wrong ones."""
    named = _basic(head.headers) or _own_headers(head.headers) or _parameters(head.params)
    if named is None:
        raise WarehouseError(REQUIRED_PASSWORD, "Authentication failed: a user name and a password are required")
    user, password = named
    for account, secret in (
        (Account(options.user, is_reader=False), options.password),
        (Account(options.reader_user, is_reader=True), options.reader_password),
    ):
        # The secret is compared even for a wrong name, so that the time an answer takes tells nothing.
        fits = hmac.compare_digest(password.encode(), secret.encode())
        if account.user and secret and user == account.user and fits:
            return account
    raise WarehouseError(
        AUTHENTICATION_FAILED,
        f"{user}: Authentication failed: password is incorrect, or there is no user with such name",
    )


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _own_headers(headers: Mapping[str, str]) -> tuple[str, str] | None:
    if "x-clickhouse-user" not in headers and "x-clickhouse-key" not in headers:
        return None
    return headers.get("x-clickhouse-user", ""), headers.get("x-clickhouse-key", "")


def _parameters(params: Mapping[str, str]) -> tuple[str, str] | None:
    if "user" not in params and "password" not in params:
        return None
    return params.get("user", ""), params.get("password", "")
