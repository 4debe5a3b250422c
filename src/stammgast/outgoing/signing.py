"""Signatures of webhooks as Standard Webhooks has them (https://www.standardwebhooks.com, v1: HMAC-SHA256)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import digest128

PREFIX = "whsec_"
SECRET_BYTES = 32
_BYTES_MIN, _BYTES_MAX = 24, 64
"""What the specification allows."""


def new_webhook_secret() -> str:
    """Return a new signing secret.

    >>> len(secret_bytes(new_webhook_secret()))
    32
    """
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def secret_bytes(secret: str) -> bytes:
    """Return the key that a secret's text stands for. Raises Invalid."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not _BYTES_MIN <= len(key) <= _BYTES_MAX:
        raise Invalid(field="secret", problem=_("write whsec_ and 24 to 64 bytes in Base64"))
    return key


def webhook_id(key: str) -> str:
    """Return the `webhook-id` of a delivery: the same at each attempt, so that the receiver drops what it has.

    >>> webhook_id("segment:7") == webhook_id("segment:7")
    True
    """
    return "msg_" + digest128(b"webhook", key.encode()).hex()


def signatures(secrets_text: Sequence[str], identifier: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature`: one signature for each secret that is valid now; timestamp in s UTC.

    The example is the one that the libraries of Standard Webhooks are tested with.

    >>> secret, identifier = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    >>> signatures([secret], identifier, 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    said = b"%s.%d.%s" % (identifier.encode(), timestamp, body)
    made = (hmac.new(secret_bytes(one), said, hashlib.sha256).digest() for one in secrets_text)
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)
