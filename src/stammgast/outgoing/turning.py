"""One transaction of the engine: answers are noted, orders taken in, wishes carried out, attempts begun."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection

from stammgast.outgoing.addressees import fresh_delivery, sender_of
from stammgast.outgoing.contracts import MAIL, Attempt, Delivery, Health, MailOrder, Pace, Target
from stammgast.outgoing.deciding import Answer, Step, after_answer, next_step
from stammgast.outgoing.ordering import Order, order_mail, order_webhook, read_order
from stammgast.outgoing.store import deliveries, unsubscribed
from stammgast.outgoing.store.deliveries import Fresh, Kept
from stammgast.outgoing.store.targets import Wish
from stammgast.outgoing.subscribing import address_digest
from stammgast.outgoing.telling import tell
from stammgast.outgoing.testing import mail_test, webhook_test
from stammgast.outgoing.ways import Job

OUTAGE_MILLIS = 60_000
"""When a target was down for longer than that, what waits for it goes as soon as it is well, and not when its turn would be."""
AT_ONCE = 500
INTERRUPTED = Answer(outcome="again", detail="the process ended while it was on its way", is_unsure=True)


@dataclass(frozen=True)
class Done:
    """An attempt that ended: began at (ms UTC), took (ms)."""

    job: Job
    answer: Answer
    at: int
    millis: int


@dataclass
class Turn:
    """One open transaction. Made for it and thrown away."""

    connection: Connection
    targets: Mapping[int, Target]
    now: int
    optional: Collection[str] = ()
    """Purposes of mails that their readers may end."""
    health: dict[int, Health] = field(init=False)
    _changed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Read how the targets answer."""
        self.health = deliveries.read_health(self.connection)

    def note(self, done: Done) -> None:
        """Note what came of an attempt."""
        delivery, answer = done.job.delivery, done.answer
        outcome, number = answer.outcome, delivery.attempts
        attempt = Attempt(
            delivery.number, number, delivery.target, done.at, done.millis, outcome, answer.status, answer.detail
        )
        deliveries.add_attempt(self.connection, attempt)
        health = self._health(delivery.target)
        outage = self.now - health.first_failed_at
        if after_answer(health, answer, self.now) and outage >= OUTAGE_MILLIS:
            deliveries.bring_forward(self.connection, delivery.target, self.now)
        self._end(delivery, next_step(delivery, answer, done.job.target.pace, self.now), answer.detail)

    def note_interrupted(self, left: Iterable[Delivery]) -> None:
        """Note attempts that a process took with it when it ended."""
        for delivery in left:
            target = self.targets.get(delivery.target)
            step = next_step(delivery, INTERRUPTED, target.pace if target else Pace(), self.now)
            self._end(delivery, step, INTERRUPTED.detail)

    def take_in(self, kept: Sequence[Kept]) -> None:
        """Make deliveries of what the worker kept."""
        for one in kept:
            self._begin(fresh_delivery(one, self.targets))
        deliveries.take_away(self.connection, kept)

    def follow_targets(self) -> None:
        """Give mails without a sender the one that is there now, and end what waits for a target that was removed."""
        for number in deliveries.numbers_at(self.connection, 0, "waiting", AT_ONCE):
            for delivery, _payload, _until in deliveries.load(self.connection, [number]):
                sender = sender_of(self.targets.values(), delivery.brand)
                if sender:
                    deliveries.assign(self.connection, number, sender)
        for target in self.targets.values():
            if target.removed_at is not None:
                waiting = deliveries.numbers_at(self.connection, target.id, "waiting", AT_ONCE)
                for delivery, _payload, _until in deliveries.load(self.connection, waiting):
                    self._end(delivery, Step("failed", reason="no_target"), delivery.detail)

    def carry_out(self, wishes: Sequence[Wish]) -> None:
        """Do what people want done."""
        for one in wishes:
            if one.wish == "test":
                self._test(one)
                continue
            if one.wish == "replay":
                self._replay(one)
            elif one.wish in ("unsubscribe", "resubscribe"):
                self._subscribe(one)
            elif one.wish == "discard":
                deliveries.let_go(self.connection, self.now, delivery=one.delivery, target=one.target)

    def begin(self, numbers: Sequence[int]) -> list[Job]:
        """Return the attempts that are to be made at due deliveries, noted as begun. Those that came too late end."""
        jobs = []
        for delivery, payload, not_after in deliveries.load(self.connection, numbers):
            if delivery.state != "waiting":  # Somebody has just let go of it.
                continue
            if not_after and self.now > not_after:
                self._end(delivery, Step("failed", reason="too_late"), delivery.detail)
                continue
            try:
                order = read_order(delivery.kind, payload)
            except ValueError as problem:
                self._end(delivery, Step("failed", reason="unreadable"), str(problem))
                continue
            if self._is_unwanted(order):
                self._end(delivery, Step("failed", reason="unsubscribed"), "")
                continue
            begun = msgspec.structs.replace(
                delivery,
                attempts=delivery.attempts + 1,
                tries=delivery.tries + 1,
                first_at=delivery.first_at or self.now,
                state="sending",
            )
            jobs.append(Job(begun, order, self.targets[delivery.target]))
        deliveries.claim(self.connection, [one.delivery.number for one in jobs], self.now)
        return jobs

    def close(self) -> None:
        """Write how targets answer now."""
        for number in self._changed:
            deliveries.write_health(self.connection, number, self.health[number])

    def _health(self, target: int) -> Health:
        self._changed.add(target)
        return self.health.setdefault(target, Health())

    def _begin(self, fresh: Fresh) -> None:
        number = deliveries.add_delivery(self.connection, fresh)
        if number and fresh.state == "failed":
            for delivery, _payload, _until in deliveries.load(self.connection, [number]):
                self._count(delivery, fresh.state, fresh.reason)

    def _is_unwanted(self, order: Order) -> bool:
        """Say whether whoever gets a mail has ended mails of its purpose."""
        return (
            isinstance(order, MailOrder)
            and order.purpose in self.optional
            and unsubscribed.is_there(self.connection, address_digest(order.to), order.purpose)
        )

    def _subscribe(self, wish: Wish) -> None:
        digest, _, purpose = wish.address.partition(" ")
        if wish.wish == "unsubscribe":
            unsubscribed.add(self.connection, bytes.fromhex(digest), purpose, self.now)
        else:
            unsubscribed.remove(self.connection, bytes.fromhex(digest), purpose)

    def _replay(self, wish: Wish) -> None:
        """Let what failed go again; a mail whose sender is no more goes by the one that is there now."""
        for delivery, _payload, _until in deliveries.load(self.connection, [wish.delivery] if wish.delivery else []):
            target = self.targets.get(delivery.target)
            if target is None or target.removed_at is not None:
                if delivery.kind != MAIL:
                    return
                deliveries.assign(self.connection, delivery.number, sender_of(self.targets.values(), delivery.brand))
        deliveries.begin_again(self.connection, self.now, delivery=wish.delivery, target=wish.target)

    def _end(self, delivery: Delivery, step: Step, detail: str) -> None:
        deliveries.end_attempt(self.connection, delivery, step, detail, self.now)
        if step.state != "waiting":
            self._count(delivery, step.state, step.reason)

    def _count(self, delivery: Delivery, state: str, reason: str) -> None:
        target = self.targets.get(delivery.target)
        tell(self.connection, delivery, state, target.name if target else "", reason, self.now)
        if target is not None:
            health = self._health(target.id)
            if state == "sent":
                health.sent += 1
            elif state == "failed":
                health.failed += 1

    def _test(self, wish: Wish) -> None:
        target = self.targets.get(wish.target)
        if target is None or target.removed_at is not None:
            return
        if target.kind == MAIL:
            effect = order_mail(mail_test(target, wish.id, wish.address))
        else:
            effect = order_webhook(webhook_test(target, wish.id, wish.wished_at))
        self._begin(fresh_delivery(Kept(0, effect.kind, effect.key, effect.payload, self.now), self.targets))
