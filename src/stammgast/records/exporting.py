"""All that is known of one customer as a file: who they are, what was said, written and done, every event as it came in.

Sent piece by piece, so that a life of many thousand events takes no more memory than a page of them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from stammgast.kernel import clock
from stammgast.kernel.runtime import Runtime
from stammgast.notes.api import about_customer, notes_about, tags_about
from stammgast.profiles.api import merges
from stammgast.profiles.api.pages import accounts_of_profile, everything_of
from stammgast.profiles.contracts import Profile
from stammgast.web.cells import safe_cell
from stammgast.web.contracts import Person
from stammgast.web.http import iso_time
from stammgast.workspace.api import sources_for

CSV_HEAD = ("part", "time", "name", "value", "source", "by", "id")


def json_parts(runtime: Runtime, profile: Profile, reader: Person) -> Iterator[bytes]:
    """Yield a JSON document: `customer`, `accounts`, `merges`, `notes`, `tags` and `events`, the newest first."""
    yield b'{"exportedAt":' + msgspec.json.encode(iso_time(clock.now_millis()))
    for name, found in _told(runtime, profile, reader).items():
        yield b"," + msgspec.json.encode(name) + b":" + msgspec.json.encode(found)
    yield b',"events":['
    for place, (event, raw) in enumerate(everything_of(runtime, profile, reader.brands)):
        head = {
            "receivedAt": iso_time(event.received_at),
            "timestamp": iso_time(event.time),
            "source": event.source,
            "origin": event.origin,
        }
        told = msgspec.json.encode({**head, "event": msgspec.Raw(raw.encode())})
        yield (b",\n" if place else b"\n") + told
    yield b"\n]}\n"


def csv_lines(runtime: Runtime, profile: Profile, reader: Person) -> Iterator[bytes]:
    """Yield lines of `part,time,name,value,source,by,id`; the mark at the beginning tells spreadsheets that this is UTF-8."""
    sources = {one.id: one.name for one in sources_for(runtime, reader.brands)}
    yield "\ufeff".encode() + _line(CSV_HEAD)
    for cells in _cells(runtime, profile, reader, sources):
        yield _line(cells)
    for event, raw in everything_of(runtime, profile, reader.brands):
        name = event.name or event.type
        yield _line(
            ("event", iso_time(event.time), name, raw, sources.get(event.source, ""), event.origin, event.message_id)
        )


def _told(runtime: Runtime, profile: Profile, reader: Person) -> dict[str, Any]:
    about = about_customer(profile)
    return {
        "customer": profile,
        "accounts": () if reader.brands else accounts_of_profile(runtime, profile.anchors),
        "merges": merges(runtime, profile) if profile.merged else (),
        "notes": notes_about(runtime, about, reader),
        "tags": tags_about(runtime, about, reader),
    }


def _cells(runtime: Runtime, profile: Profile, reader: Person, sources: dict[Any, str]) -> Iterator[tuple[object, ...]]:
    yield "customer", iso_time(profile.first_seen), "number", profile.profile, "", "", ""
    for one in profile.identifiers:
        yield (
            "identifier",
            iso_time(one.first_seen),
            one.namespace,
            one.value,
            sources.get(one.source, ""),
            "",
            one.message_id,
        )
    for trait in profile.traits:
        for place, each in enumerate((trait.current, *trait.lost)):
            part = "trait, does not count" if place else "trait"
            yield (
                part,
                iso_time(each.time),
                trait.name,
                _text(each.value),
                sources.get(each.source, ""),
                each.by,
                each.message_id,
            )
    for said in profile.consent:
        yield "consent", iso_time(said.time), said.category, "yes" if said.is_agreed else "no", "", "", said.message_id
    for name, figure in profile.features.items():
        yield "figure", "", name, _text(figure), "", "", ""
    told = _told(runtime, profile, reader)
    for account in told["accounts"]:
        yield "account", iso_time(account.first_seen), account.name, account.role, "", "", account.group_id
    for note in told["notes"]:
        yield "note", iso_time(note.written_at), "", note.text, "", note.author.name, note.note
    for tag in told["tags"]:
        yield "tag", iso_time(tag.at), tag.label, "", "", tag.by, ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _line(cells: Iterable[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([safe_cell(one) if isinstance(one, str) else one for one in cells])
    return line.getvalue().encode()
