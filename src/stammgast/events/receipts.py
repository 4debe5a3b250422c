"""What became of a message id."""

from __future__ import annotations

from stammgast.events.contracts import MessageBook, MessageRecord, Quarantined, Receipt
from stammgast.events.own import own_digest
from stammgast.events.reading import message_digest
from stammgast.events.store import quarantine
from stammgast.events.waiting import waiting_since
from stammgast.kernel.errors import NotFound
from stammgast.kernel.runtime import Runtime


class MessageNotFound(NotFound):
    """No message with the id {name} is known; it never came, or came before what is remembered."""

    code = "not_found"


def receipt(runtime: Runtime, message_id: str) -> Receipt:
    """Return what became of a message. Raises MessageNotFound.

    A message is looked for under its own id and as an import's, then in the log among what the worker has still to
    take in, the first `waiting.SEARCHED_EVENTS_MAX` events of it.
    """
    digests = [message_digest(message_id, is_import=is_import) for is_import in (False, True)]
    digests.append(own_digest(message_id))
    book = message_book(runtime)
    # Asked for first: what the worker takes in while we look elsewhere is still found in the log.
    position = book.committed_position() if book else 0
    for digest in digests:
        if book is not None and (record := book.message(digest)) is not None:
            return processed_receipt(message_id, record)
    with runtime.customers.read() as connection:
        kept = quarantine.quarantined_by_digests(connection, digests)
    if kept is not None:
        return quarantine_receipt(message_id, kept)
    received_at = waiting_since(runtime, message_id, position)
    if received_at is None:
        raise MessageNotFound(name=message_id)
    return Receipt(message_id=message_id, fate="accepted", received_at=received_at)


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


def quarantine_receipt(message_id: str, kept: Quarantined) -> Receipt:
    """Return the receipt of a message in the quarantine."""
    return Receipt(
        message_id=message_id,
        fate="discarded" if kept.is_discarded else "quarantined",
        reason=kept.rejected.reason,
        detail=kept.rejected.detail,
        quarantine_id=kept.id,
        received_at=kept.rejected.raw.received_at,
    )
