"""One attempt at a mail, by SMTP (RFC 5321) with TLS (RFC 8314, RFC 3207); its answer judged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from email.message import EmailMessage

import aiosmtplib
from aiosmtplib import SMTP

from stammgast.outgoing.contracts import MailOrder, MailSettings
from stammgast.outgoing.deciding import Answer
from stammgast.outgoing.mail import as_bytes, compose, is_international
from stammgast.outgoing.ways import Job, Outside

PERMANENT = 500
"""From here on the server says that it never will (RFC 5321, section 4.2.1)."""
SHOWN_LENGTH = 300


def send_mail(job: Job, outside: Outside) -> Answer:
    """Make one attempt. What can go wrong is an answer, too."""
    order, settings = job.order, job.target.settings
    assert isinstance(order, MailOrder)
    assert isinstance(settings, MailSettings)
    try:
        message = compose(order, settings, job.delivery.created_at, job.unsubscribe_url)
    except (ValueError, UnicodeError, LookupError) as problem:
        return Answer(outcome="refused", reason="unreadable", detail=str(problem))
    attempt = _Attempt(job, outside, message)
    try:
        return asyncio.run(asyncio.wait_for(attempt.make(), job.target.pace.timeout_seconds))
    except TimeoutError:
        return attempt.failed(f"no answer within {job.target.pace.timeout_seconds} s")
    except aiosmtplib.SMTPException as problem:
        return attempt.failed(str(problem) or type(problem).__name__)
    except OSError as problem:
        return attempt.failed(str(problem))


class _Client(SMTP):
    """Gives its connection back at once, also where the library itself gives up, such as at a refused log-in."""

    def close(self) -> None:
        """Close without waiting for what the other side still has to say."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        super().close()


class _Attempt:
    """One connection, and how far it came."""

    def __init__(self, job: Job, outside: Outside, message: EmailMessage) -> None:
        """Nothing is connected yet."""
        assert isinstance(job.target.settings, MailSettings)
        self._settings = settings = job.target.settings
        self._message = message
        self._was_handed_over = False
        password = job.secrets[0] if job.secrets else ""
        self._client = _Client(
            hostname=settings.host,
            port=settings.port,
            username=settings.user or None,
            password=password if settings.user else None,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=outside.tls(),
            timeout=job.target.pace.timeout_seconds,
        )

    async def make(self) -> Answer:
        """Connect, log in, hand the mail over."""
        client = self._client
        try:
            await client.connect()
            return await self._hand_over()
        except aiosmtplib.SMTPResponseException as problem:
            # A log-in that is refused, TLS that is not there: the sender's settings, not the mail.
            return self.failed(_said(problem.code, problem.message), problem.code)
        finally:
            await self._leave()

    async def _hand_over(self) -> Answer:
        client, message = self._client, self._message
        utf8 = is_international(message)
        options: Sequence[str] = ["SMTPUTF8"] if utf8 else []
        if utf8 and not client.supports_extension("smtputf8"):
            return Answer(outcome="refused", detail="the server takes no addresses with letters beyond ASCII")
        try:
            await client.mail(_address(message, "From"), options=options, encoding="utf-8" if utf8 else "ascii")
        except aiosmtplib.SMTPSenderRefused as problem:
            return self.failed(_said(problem.code, problem.message), problem.code)
        try:
            await client.rcpt(_address(message, "To"), encoding="utf-8" if utf8 else "ascii")
            self._was_handed_over = True
            answered = await client.data(as_bytes(message, is_international=utf8))
        except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError) as problem:
            return _refused(problem.code, problem.message)
        return Answer(outcome="taken", detail=_said(answered.code, answered.message), status=answered.code)

    async def _leave(self) -> None:
        """Say goodbye and wait for no answer: what was answered to the mail counts, and is to be noted soon."""
        transport = self._client.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(b"QUIT\r\n")
        self._client.close()
        await asyncio.sleep(0)  # In which the connection is given back.

    def failed(self, detail: str, status: int = 0) -> Answer:
        """Return that the server could not be talked with: others would have failed too."""
        return Answer(
            outcome="again",
            detail=detail[:SHOWN_LENGTH],
            status=status,
            is_unsure=self._was_handed_over,
            is_target_fault=True,
        )


def _refused(code: int, message: str) -> Answer:
    """Return what a refusal of this very mail means: 5xx for good, 4xx for now."""
    return Answer(outcome="refused" if code >= PERMANENT else "again", detail=_said(code, message), status=code)


def _said(code: int, message: str) -> str:
    return f"SMTP {code}: {' '.join(message.split())}"[:SHOWN_LENGTH]


def _address(message: EmailMessage, header: str) -> str:
    return str(message[header].addresses[0].addr_spec)
