"""The message that the test button sends."""

from __future__ import annotations

from stammgast.outgoing.contracts import MailOrder, Target, WebhookOrder

TEST = "test"
"""The purpose of a test."""
TEST_TYPE = "stammgast.test"


def mail_test(target: Target, number: int, address: str) -> MailOrder:
    """Return a mail that says what it is, for the wish with this number."""
    text = f"This is a test of the sender {target.name}. If you can read it, mails from Stammgast arrive here.\n"
    return MailOrder(
        key=f"test:{number}", purpose=TEST, to=address, subject=f"Test of {target.name}", text=text, sender=target.id
    )


def webhook_test(target: Target, number: int, at: int) -> WebhookOrder:
    """Return a call that says what it is; `at` in ms UTC."""
    data = {"message": f"This is a test of {target.name}."}
    return WebhookOrder(key=f"test:{number}", purpose=TEST, target=target.id, type=TEST_TYPE, time=at, data=data)
