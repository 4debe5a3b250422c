"""One attempt at a webhook: signed, to a checked address, its answer judged."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import msgspec

from stammgast import __version__
from stammgast.kernel import clock
from stammgast.kernel.clock import MILLIS_PER_DAY
from stammgast.outgoing import calling
from stammgast.outgoing.addresses import NoSuchHost, PrivateAddress, address_to_reach
from stammgast.outgoing.contracts import WebhookOrder, WebhookSettings
from stammgast.outgoing.deciding import Answer
from stammgast.outgoing.signing import signatures, webhook_id
from stammgast.outgoing.ways import Job, Outside

GONE, TOO_MANY, UNAVAILABLE = 410, 429, 503
RETRY_AFTER_HEEDED = (TOO_MANY, UNAVAILABLE)
SHOWN_LENGTH = 300


def webhook_body(order: WebhookOrder) -> bytes:
    """Return what a receiver gets, byte for byte the same at each attempt.

    >>> webhook_body(WebhookOrder(key="k", purpose="p", target=1, type="segment.entered", time=0, data={"segment": 7}))
    b'{"type":"segment.entered","timestamp":"1970-01-01T00:00:00.000Z","data":{"segment":7}}'
    """
    when = clock.from_millis(order.time).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"type": order.type, "timestamp": when, "data": order.data})


def webhook_headers(order: WebhookOrder, secrets: tuple[str, ...], body: bytes, now: int) -> dict[str, str]:
    """Return the headers of an attempt at `now` (ms UTC), signed with each of `secrets`."""
    identifier, timestamp = webhook_id(order.key), now // 1000
    return {
        "Content-Type": "application/json",
        "User-Agent": f"Stammgast/{__version__}",
        "Connection": "close",
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(secrets, identifier, timestamp, body),
    }


def send_webhook(job: Job, outside: Outside) -> Answer:
    """Make one attempt. What can go wrong is an answer, too."""
    order, settings = job.order, job.target.settings
    assert isinstance(order, WebhookOrder)
    assert isinstance(settings, WebhookSettings)
    body = webhook_body(order)
    parts = urlsplit(settings.url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = address_to_reach(parts.hostname or "", port, outside.allowed, outside.resolve)
        headers = webhook_headers(order, job.secrets, body, clock.now_millis())
        seconds = float(job.target.pace.timeout_seconds)
        answered = calling.post(settings.url, address, headers, body, seconds, outside.tls())
    except (PrivateAddress, NoSuchHost) as problem:
        return Answer(outcome="again", detail=problem.message, is_target_fault=True)
    except calling.CallFailed as problem:
        return Answer(outcome="again", detail=str(problem), is_unsure=problem.was_sent, is_target_fault=True)
    return judge(answered, clock.now_millis())


def judge(answered: calling.Answered, now: int) -> Answer:
    """Return what an HTTP answer means: 2xx taken, 410 gone for good, anything else (redirects too) later again.

    >>> [judge(calling.Answered(status, "", ""), 0).outcome for status in (204, 301, 404, 410, 500)]
    ['taken', 'again', 'again', 'gone', 'again']
    """
    status = answered.status
    said = " ".join(answered.text.split())[:SHOWN_LENGTH]
    detail = f"HTTP {status}" + (f": {said}" if said else "")
    if status // 100 == 2:  # noqa: PLR2004 - the class of what went well, RFC 9110
        return Answer(outcome="taken", detail=detail, status=status)
    if status == GONE:
        return Answer(outcome="gone", detail=detail, status=status)
    if status // 100 == 3:  # noqa: PLR2004 - redirects
        detail = f"HTTP {status}: redirects are not followed; enter the final address"
    return Answer(
        outcome="again",
        detail=detail,
        status=status,
        is_target_fault=status // 100 == 5,  # noqa: PLR2004 - the receiver's own errors
        not_before=retry_after(answered.retry_after, now) if status in RETRY_AFTER_HEEDED else 0,
    )


def retry_after(text: str, now: int) -> int:
    """Return the moment that a Retry-After header names, ms UTC, a day ahead at most; 0 when it names none.

    >>> retry_after("120", 1000), retry_after("soon", 1000), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 1000)
    (121000, 0, 60000)
    """
    text = text.strip()
    if text.isascii() and text.isdecimal():
        moment = now + int(text[:9]) * 1000
    else:
        try:
            moment = clock.to_millis(parsedate_to_datetime(text))
        except (ValueError, TypeError, OverflowError):
            return 0
    return min(moment, now + MILLIS_PER_DAY) if moment > now else 0
