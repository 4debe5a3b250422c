"""What became of a message id."""

from __future__ import annotations

from stammgast.events.contracts import MessageBook, MessageRecord, Quarantined, Receipt
from stammgast.events.reading import message_digest
from stammgast.events.store import quarantine
from stammgast.kernel.errors import NotFound
from stammgast.kernel.runtime import Runtime


class MessageNotFound(NotFound):
    """No message with the id {name} is known; it never came, or it waits unread, or came before what is remembered."""

    code = "not_found"


def receipt(runtime: Runtime, message_id: str) -> Receipt:
    """Return what became of a message. Raises MessageNotFound.

    A message is looked for under its own id and as an import's. What waits in the log is not searched: the worker is
    milliseconds behind.
    """
    digests = [message_digest(message_id, is_import=is_import) for is_import in (False, True)]
    book = message_book(runtime)
    for digest in digests:
        if book is not None and (record := book.message(digest)) is not None:
            return processed_receipt(message_id, record)
    with runtime.customers.read() as connection:
        waiting = quarantine.quarantined_by_digests(connection, digests)
    if waiting is None:
        raise MessageNotFound(name=message_id)
    return quarantine_receipt(message_id, waiting)


def message_book(runtime: Runtime) -> MessageBook | None:
    """Return what tells about the worker's memory, None where no module offers it."""
    try:
        return runtime.service(MessageBook)
    except KeyError:
        return None


def processed_receipt(message_id: str, record: MessageRecord) -> Receipt:
    """Return the receipt of a message that the worker has taken in."""
    return Receipt(
        message_id=message_id,
        fate="suppressed" if record.suppressed_by else "deduplicated" if record.copies else "processed",
        received_at=record.received_at,
        copies=record.copies,
        profile_id=record.profile,
        suppressed_by=record.suppressed_by,
        segments=record.segments,
    )


def quarantine_receipt(message_id: str, waiting: Quarantined) -> Receipt:
    """Return the receipt of a message in the quarantine."""
    return Receipt(
        message_id=message_id,
        fate="discarded" if waiting.is_discarded else "quarantined",
        reason=waiting.rejected.reason,
        detail=waiting.rejected.detail,
        quarantine_id=waiting.id,
        received_at=waiting.rejected.raw.received_at,
    )
