"""What people here say of customers themselves: correct a trait, add an identifier, mark as staff or test, make a new one.

All of it is events that go through the log, with who and when, and are taken in by the worker like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from stammgast.events.api import append_derived, append_own
from stammgast.events.contracts import OwnEvent
from stammgast.identity.identifiers import normal_identifier
from stammgast.identity.resolution import Pair
from stammgast.identity.rulebook.force import rules_now
from stammgast.identity.store import graph
from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import SourceId, new_uuid
from stammgast.kernel.position import committed_position
from stammgast.kernel.runtime import Runtime
from stammgast.notes.api import author_of, remember, waiting_for
from stammgast.notes.contracts import Subject
from stammgast.profiles.api.pages import (
    BY_HAND,
    CORRECTION_TAKEN_BACK,
    CUSTOMER_MARKED,
    TRAIT_CORRECTED,
    steady_anchor,
)
from stammgast.profiles.contracts import Profile
from stammgast.records.contracts import (
    CORRECTION,
    Corrected,
    IdentifierTaken,
    Mark,
    NewCustomer,
    NobodyToFind,
    NotCorrected,
)
from stammgast.web.contracts import Person
from stammgast.workspace.api import record
from stammgast.workspace.contracts import Actor

NAME_LENGTH_MAX = 255
VALUE_BYTES_MAX = 8_192
IDENTIFIER_LENGTH_MAX = 512
ID_LENGTH_MAX = 60
NAMESPACES = ("email", "phone", "user_id")
"""What a person may add by hand."""
IDENTIFIER_ADDED = "Identifier Added"
_read_corrected = msgspec.json.Decoder(Corrected).decode


def correct_trait(runtime: Runtime, by: Person, profile: Profile, name: str, value: Any) -> None:
    """Say what a trait is; null takes it away. It counts as the trait's policy says. Raises Invalid."""
    name = name.strip()
    if not 0 < len(name) <= NAME_LENGTH_MAX or "\0" in name:
        raise Invalid(field="trait", problem=_("a name has 1 to 255 characters"))
    if len(msgspec.json.encode(value)) > VALUE_BYTES_MAX or "\\u0000" in msgspec.json.encode(value).decode():
        raise Invalid(field="value", problem=_("at most 8,000 characters; write a note for more"))
    _say(runtime, by, profile, TRAIT_CORRECTED, Corrected(name, value, by.name), "trait.correct")


def take_back_correction(runtime: Runtime, by: Person, profile: Profile, name: str) -> None:
    """Let what sources say count again. Raises NotCorrected."""
    if name not in corrections_of(runtime, profile, by):
        raise NotCorrected(trait=name)
    word = Corrected(name, None, by.name, is_taken_back=True)
    _say(runtime, by, profile, CORRECTION_TAKEN_BACK, word, "trait.take_back")


def corrections_of(runtime: Runtime, profile: Profile, reader: Person) -> dict[str, Any]:
    """Return trait -> the value it was corrected to, None where it was taken away, with what `reader` has just said."""
    kept: Mapping[str, Any] = profile.features.get("corrections", {})
    found = {name: one["value"] for name, one in kept.items()}
    for word in waiting_corrections(runtime, profile, reader):
        if word.is_taken_back:
            found.pop(word.trait, None)
        else:
            found[word.trait] = word.value
    return found


def waiting_corrections(runtime: Runtime, profile: Profile, reader: Person) -> list[Corrected]:
    """Return what `reader` has just corrected and the worker has not taken in."""
    with runtime.customers.read() as connection:
        position = committed_position(connection)
    words: list[tuple[Corrected, int]] = waiting_for(
        runtime, author_of(reader), position, CORRECTION, "customer", profile.anchors, _read_corrected
    )
    return [word for word, _at in words]


def mark_customer(runtime: Runtime, by: Person, profile: Profile, mark: Mark) -> int:
    """Mark a customer as staff or test, who are left out of lists and counts, or take the mark away; return the log position."""
    record(runtime, Actor.of(by), "customer.mark", f"profile {profile.profile}", mark=mark)
    said = {"mark": mark, "by": by.name, "by_id": _key(by)}
    return append_derived(runtime, [_own_event(runtime, profile, CUSTOMER_MARKED, said)])


def mark_of(profile: Profile) -> Mark:
    """Return a customer's mark, empty for none."""
    mark: Mark = profile.features.get("mark", {}).get("mark", "")
    return mark


def add_identifier(runtime: Runtime, by: Person, profile: Profile, namespace: str, value: str) -> int:
    """Say that an identifier is this customer's too; return the log position. The identity rules decide as for any event.

    Raises Invalid, IdentifierTaken.
    """
    pair = read_identifier(runtime, namespace, value, "value")
    _refuse_taken(runtime, pair, value, "value")
    known = _linking(profile)
    said: dict[str, Any] = {"by": by.name, "by_id": _key(by)}
    event: dict[str, Any] = {"type": "track", "event": IDENTIFIER_ADDED, "messageId": _message_id(), "properties": said}
    event |= known
    if pair[0] == "user_id":
        if "userId" in known:
            raise Invalid(field="value", problem=_("this customer has a user id already; merge two customers instead"))
        event["userId"] = value.strip()
    else:
        said[pair[0]] = value.strip()
    record(runtime, Actor.of(by), "identifier.add", f"profile {profile.profile}", namespace=pair[0])
    return append_own(runtime, SourceId(0), [event], is_staff=True)


def create_customer(runtime: Runtime, by: Person, new: NewCustomer, message_id: str = "") -> tuple[Pair, int]:
    """Make a customer by hand; return an identifier under which they will be found, and the log position.

    `message_id` is that of a form, so that sending it twice makes one. Raises Invalid, NobodyToFind, IdentifierTaken.
    """
    given = [(field, namespace, value.strip()) for field, namespace, value in (("email", "email", new.email), ("phone", "phone", new.phone), ("user_id", "user_id", new.user_id)) if value.strip()]  # fmt: skip
    if not given:
        raise NobodyToFind(field="email", problem=_("write a mail address, a phone number or a user id"))
    message_id = f"records-{message_id[:ID_LENGTH_MAX]}" if message_id else _message_id()
    pairs = []
    for field, namespace, value in given:
        pairs.append(read_identifier(runtime, namespace, value, field))
        _refuse_taken(runtime, pairs[-1], value, field)
    user_id = new.user_id.strip()
    event: dict[str, Any] = {"type": "identify", "messageId": message_id, "traits": _traits_of(new)}
    event |= {"userId": user_id} if user_id else {"anonymousId": f"by-hand-{message_id}"}
    event["context"] = {"by": {"name": by.name, "id": _key(by)}}
    record(runtime, Actor.of(by), "customer.create", "", identifiers=[namespace for _, namespace, _ in given])
    return pairs[0], append_own(runtime, SourceId(0), [event])


def read_identifier(runtime: Runtime, namespace: str, value: str, field: str) -> Pair:
    """Return an identifier as a person typed it in its normal form. Raises Invalid for what is none."""
    value = value.strip()
    if namespace not in NAMESPACES:
        raise Invalid(field="namespace", problem=_("choose one of these"))
    if not value or len(value) > IDENTIFIER_LENGTH_MAX or "\0" in value:
        raise Invalid(field=field, problem=_("write 1 to 512 characters"))
    pair = normal_identifier(namespace, value, rules_now(runtime))
    if pair is None:
        raise Invalid(field=field, problem=_("this is a placeholder that many use; it would tell nobody apart"))
    if namespace == "email" and not _is_mail(value):
        raise Invalid(field=field, problem=_("a mail address looks like anna@example.com"))
    if namespace == "phone" and not pair[1].startswith("+"):
        raise Invalid(field=field, problem=_("a phone number looks like 030 1234567 or +49 30 1234567"))
    return pair


def owner_of(runtime: Runtime, pair: Pair) -> int | None:
    """Return the number of the customer that an identifier belongs to, None when nobody is known by it."""
    with runtime.customers.read() as connection:
        return graph.owner_of(connection, pair) or None


def _refuse_taken(runtime: Runtime, pair: Pair, value: str, field: str) -> None:
    owner = owner_of(runtime, pair)
    if owner is not None:
        raise IdentifierTaken(value=value.strip(), profile=owner, field=field)


def _is_mail(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(at and local and "." in domain.strip(".") and " " not in text)


def _linking(profile: Profile) -> dict[str, Any]:
    """Return the fields by which an event names this customer: a user id, else an anonymous one."""
    for namespace, field in (("user_id", "userId"), ("anonymous_id", "anonymousId")):
        values: Sequence[str] = [one.value for one in profile.identifiers if one.namespace == namespace]
        if values:
            return {field: values[0]}
    raise Invalid(field="value", problem=_("nothing on record links this customer; merge on the page Identity instead"))


def _traits_of(new: NewCustomer) -> dict[str, Any]:
    traits = {
        "first_name": new.first_name,
        "last_name": new.last_name,
        "company": new.company,
        "email": new.email,
        "phone": new.phone,
    }
    return {**{name: text.strip() for name, text in traits.items() if text.strip()}, **new.traits}


def _say(runtime: Runtime, by: Person, profile: Profile, name: str, word: Corrected, action: str) -> None:
    record(runtime, Actor.of(by), action, f"profile {profile.profile}", trait=word.trait)
    said: dict[str, Any] = {"trait": word.trait, "by": by.name, "by_id": _key(by)}
    if not word.is_taken_back:
        said["value"] = word.value
    event = _own_event(runtime, profile, name, said)
    position = append_derived(runtime, [event])
    remember(runtime, CORRECTION, position, [Subject("customer", event.profile)], word, author_of(by))


def _own_event(runtime: Runtime, profile: Profile, name: str, said: dict[str, Any]) -> OwnEvent:
    return OwnEvent(
        origin=BY_HAND,
        profile=steady_anchor(runtime, profile),
        name=name,
        message_id=_message_id(),
        properties=said,
        time=clock.now_millis(),
    )


def _message_id() -> str:
    return f"records-{new_uuid()}"


def _key(by: Person) -> str:
    return f"{by.kind}:{by.id}"
