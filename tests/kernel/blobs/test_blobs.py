"""Kept files: whole or not there, sealed, named by a keyed digest, taken away when nobody holds them and never before."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stammgast.events.api import own_body
from stammgast.events.contracts import OwnEvent
from stammgast.kernel import clock
from stammgast.kernel.blobs import (
    ATTACHMENTS,
    MAILS,
    PICTURES,
    TABLES,
    Accept,
    BlobDamaged,
    BlobNotFound,
    FileEmpty,
    FileTooLarge,
    FileTypeRefused,
    NoRoomForFile,
    blobs_of,
)
from stammgast.kernel.blobs.checking import check_blobs
from stammgast.kernel.blobs.contracts import KINDS
from stammgast.kernel.blobs.holds import held_among, hold_blobs, holders_of, release_blobs
from stammgast.kernel.blobs.sealed_files import PIECE
from stammgast.kernel.blobs.sniffing import media_type_of
from stammgast.kernel.blobs.store import Blobs
from stammgast.kernel.blobs.sweeping import GRACE_SECONDS, SETTLE_SECONDS, kept_files, sweep_orphans, sweep_released
from stammgast.kernel.effects import HoldBlob, ReleaseBlobs
from stammgast.kernel.own_queue import queue_own
from stammgast.kernel.sealing import Sealer
from tests.pipeline.test_worker import worker_with
from tools.workbench import track

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
ANYTHING = Accept(frozenset(KINDS), 50_000_000)
DAY = 86_400


def blobs_in(folder, key=b"k" * 32):
    return Blobs(folder / "blobs", Sealer(key, folder / "key"))


def age(blobs, name, seconds):
    """Let a file, and its mark if it has one, be older."""
    for path in (blobs.path(name), blobs.folder / "due" / name):
        if path.exists():
            at = path.stat().st_mtime - seconds
            os.utime(path, (at, at))


def names_on_disk(blobs):
    return sorted(one.name for one in kept_files(blobs))


# --- Putting and reading ---


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 3 * PIECE + 5), st.binary(min_size=1, max_size=40))
def test_what_is_put_is_read_again_whatever_its_length(tmp_path, size, pattern):
    content = (pattern * (size // len(pattern) + 1))[:size]
    blobs = blobs_in(tmp_path)
    blob = blobs.put(io.BytesIO(content), ANYTHING)
    assert (blob.size, blobs.read(blob.name), blobs.find(blob.name)) == (size, content, blob)


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
def test_a_file_at_the_edge_of_a_piece_is_whole(tmp_path, size):
    blobs = blobs_in(tmp_path)
    assert len(blobs.read(blobs.put(b"x" * size, ANYTHING).name)) == size


def test_the_same_file_twice_is_one_and_another_type_is_another(tmp_path):
    blobs = blobs_in(tmp_path)
    first, again = blobs.put(b"a;b", TABLES, "text/csv"), blobs.put(b"a;b", TABLES, "text/csv")
    other = blobs.put(b"a;b", TABLES)
    assert first == again
    assert first.name != other.name
    assert names_on_disk(blobs) == sorted({first.name, other.name})


def test_an_address_does_not_tell_which_content_it_is_without_the_key(tmp_path):
    names = {blobs_in(tmp_path / str(place), bytes([place]) * 32).put(PNG, PICTURES).name for place in range(3)}
    assert len(names) == 3


def test_nothing_of_the_content_lies_on_disk_readable(tmp_path):
    blobs = blobs_in(tmp_path)
    secret = b"IBAN DE02 1203 0000 0000 2020 51"
    blob = blobs.put(secret * 50_000, ATTACHMENTS)
    assert secret not in blobs.path(blob.name).read_bytes()
    assert blobs.path(blob.name).stat().st_mode & 0o077 == 0
    assert not list((blobs.folder / "fresh").iterdir())


# --- What is refused ---


@pytest.mark.parametrize(
    ("content", "accept", "refusal", "told"),
    [
        (b"", PICTURES, FileEmpty, "empty"),
        (b"%PDF-1.7", PICTURES, FileTypeRefused, r"looks like pdf\. Taken here: gif, jpg, png, webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", PICTURES, FileTypeRefused, "svg"),
        (b"<html><script>", ATTACHMENTS, FileTypeRefused, "html"),
        (b"MZ\x90\0\x03", ATTACHMENTS, FileTypeRefused, "bin"),
        (b"x" * 300, Accept(frozenset({"text/plain"}), 299), FileTooLarge, "larger than"),
        (b"x" * (2 * PIECE), Accept(frozenset({"text/plain"}), 1_100_000), FileTooLarge, "larger than 1 MB"),
    ],
)
def test_what_is_not_taken_is_refused_and_leaves_nothing(tmp_path, content, accept, refusal, told):
    blobs = blobs_in(tmp_path)
    with pytest.raises(refusal, match=told):
        blobs.put(content, accept)
    assert not names_on_disk(blobs)
    assert not list((blobs.folder / "fresh").iterdir())


@pytest.mark.parametrize(
    ("head", "declared", "media_type"),
    [
        (PNG, "text/plain", "image/png"),
        (b"GIF89a", "", "image/gif"),
        (b"\xff\xd8\xff\xe0", "", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "image/webp"),
        (b"RIFF\0\0\0\0AVI ", "", "application/octet-stream"),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml...xl/workbook.xml", "", "xlsx"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.textPK", "", "odt"),
        (b"PK\x03\x04" + b"\0" * 26 + b"evil.exe", "image/png", "application/zip"),
        (b"name;mail\nAnna;a@inn.test", "text/csv", "text/csv"),
        (b"name;mail\nAnna;a@inn.test", "image/png", "text/plain"),
        (b"\xef\xbb\xbfM\xc3\xa4rz", "", "text/plain"),
        (b"M\xe4rz", "", "text/plain"),
        (b"\xff\xfeM\0\xe4\0", "", "text/plain"),
        (b"M\0\xe4\0", "", "application/octet-stream"),
        (b"From: a@inn.test\r\n\r\n<html><body>", "message/rfc822", "message/rfc822"),
        (b"hello <script>alert(1)</script>", "text/csv", "text/html"),
        (b"  <!DOCTYPE html>", "message/rfc822", "text/html"),
        (b"<?xml version='1.0'?><svg>", "", "image/svg+xml"),
        (b"<?xml version='1.0'?><order/>", "", "application/xml"),
    ],
)
def test_a_file_is_what_its_bytes_say(head, declared, media_type):
    found = media_type_of(head, declared)
    assert media_type in (found, KINDS[found].extension)


def test_a_mail_is_taken_as_mail_only_when_it_is_brought_as_one(tmp_path):
    blobs = blobs_in(tmp_path)
    assert blobs.put(b"From: a@inn.test\r\n\r\nHello", MAILS, "message/rfc822").media_type == "message/rfc822"
    with pytest.raises(FileTypeRefused):
        blobs.put(b"From: a@inn.test\r\n\r\nHello", MAILS)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    class Full(io.BytesIO):
        def read(self, _size=-1):
            raise OSError(28, "No space left on device")

    blobs = blobs_in(tmp_path)
    with pytest.raises(NoRoomForFile, match="No space left"):
        blobs.put(Full(b"x"), ANYTHING)
    assert not list((blobs.folder / "fresh").iterdir())


@pytest.mark.parametrize("name", ["", "x", "../../state/control.db", "A" * 64, "0" * 63, "0" * 65])
def test_what_is_no_name_is_not_found(tmp_path, name):
    blobs = blobs_in(tmp_path)
    assert blobs.find(name) is None
    with pytest.raises(BlobNotFound):
        blobs.read(name)


# --- Damage ---


def damaged(blobs, how):
    first, second = blobs.put(b"first " * 400_000, ANYTHING), blobs.put(b"other " * 400_000, ANYTHING)
    path = blobs.path(first.name)
    content = path.read_bytes()
    piece = PIECE + 29
    head = len(content) - (2_400_000 + 3 * 29)
    changed = {
        "flipped": content[:-5] + bytes([content[-5] ^ 1]) + content[-4:],
        "cut": content[:-7],
        "cut at a piece": content[: head + 2 * piece],
        "longer": content + b"x",
        "pieces swapped": content[:head]
        + content[head + piece : head + 2 * piece]
        + content[head : head + piece]
        + content[head + 2 * piece :],
        "another file": blobs.path(second.name).read_bytes(),
        "nothing": b"",
    }
    path.write_bytes(changed[how])
    return first


@pytest.mark.parametrize(
    "how", ["flipped", "cut", "cut at a piece", "longer", "pieces swapped", "another file", "nothing"]
)
def test_a_damaged_file_is_never_read_as_if_it_were_whole_and_putting_it_again_heals_it(tmp_path, how):
    blobs = blobs_in(tmp_path)
    first = damaged(blobs, how)
    with pytest.raises(BlobDamaged):
        blobs.read(first.name)
    blobs.put(b"first " * 400_000, ANYTHING)
    assert blobs.read(first.name) == b"first " * 400_000


def test_another_key_opens_nothing(tmp_path):
    blob = blobs_in(tmp_path).put(PNG, PICTURES)
    with pytest.raises(BlobDamaged, match="key of this installation"):
        blobs_in(tmp_path, b"z" * 32).read(blob.name)


# --- Holding and taking away ---


@pytest.fixture
def kept(workbench):
    """A workbench whose worker holds what `Mail Came` names and lets go what `Mail Erased` says."""

    def hold(happened):
        event = happened.event
        if event.name == "Mail Came":
            return [HoldBlob(event.properties["file"], f"mail:{event.properties['mail']}")]
        return [ReleaseBlobs(f"mail:{event.properties['mail']}")] if event.name == "Mail Erased" else []

    workbench.blobs = blobs_of(workbench.runtime)
    workbench.worker.close()
    workbench.worker = worker_with(workbench, reactors=(hold,))
    return workbench


def came(name, mail=1, message_id=None):
    return track("anna", "Mail Came", message_id or f"m{mail}", file=name, mail=mail)


def test_what_an_event_names_is_held_and_stays(kept):
    blob = kept.blobs.put(PNG, PICTURES)
    kept.take(came(blob.name))
    age(kept.blobs, blob.name, 2 * GRACE_SECONDS)
    assert (sweep_orphans(kept.runtime), sweep_released(kept.runtime)) == (0, 0)
    assert kept.blobs.read(blob.name) == PNG


def test_an_orphan_goes_after_its_grace_and_not_before(kept):
    blob = kept.blobs.put(PNG, PICTURES)
    age(kept.blobs, blob.name, GRACE_SECONDS - 60)
    assert sweep_orphans(kept.runtime) == 0
    age(kept.blobs, blob.name, 120)
    assert sweep_orphans(kept.runtime) == 1
    assert names_on_disk(kept.blobs) == []


def test_a_file_that_an_unread_event_names_stays_however_long_the_worker_stands_still(kept):
    blob = kept.blobs.put(PNG, PICTURES)
    age(kept.blobs, blob.name, 9 * DAY)
    kept.send(came(blob.name), received_at=clock.now_millis() - 9 * DAY * 1000 + 1000)
    assert sweep_orphans(kept.runtime) == 0
    kept.work()
    assert sweep_orphans(kept.runtime) == 0
    assert kept.blobs.read(blob.name) == PNG


def test_a_file_that_the_quarantine_or_the_queue_names_stays(kept):
    set_aside, queued = kept.blobs.put(PNG, PICTURES), kept.blobs.put(PNG + b"x", PICTURES)
    kept.take(track("anna", "Login", "q1"))
    kept.take(track("anna", "Mail Came", "q1", file=set_aside.name, mail=1))  # another event under the same id
    one = OwnEvent(origin="cases", profile=1, name="Mail Came", message_id="o1", properties={"file": queued.name})
    with kept.runtime.customers.write() as connection:
        queue_own(connection, [own_body(one)], clock.now_millis())
    for name in (set_aside.name, queued.name):
        age(kept.blobs, name, 9 * DAY)
    assert sweep_orphans(kept.runtime) == 0
    assert names_on_disk(kept.blobs) == sorted([set_aside.name, queued.name])


def test_erasing_really_removes_once_the_last_holder_lets_go(kept):
    blob = kept.blobs.put(PNG, PICTURES)
    kept.take(came(blob.name, 1), came(blob.name, 2))
    kept.take(track("anna", "Mail Erased", "e1", mail=1))
    age(kept.blobs, blob.name, SETTLE_SECONDS + 60)
    assert sweep_released(kept.runtime) == 0
    assert kept.blobs.read(blob.name) == PNG
    kept.take(track("anna", "Mail Erased", "e2", mail=2))
    assert sweep_released(kept.runtime) == 0  # somebody may just be putting the same
    age(kept.blobs, blob.name, SETTLE_SECONDS + 60)
    assert sweep_released(kept.runtime) == 1
    assert names_on_disk(kept.blobs) == []
    assert not list((kept.blobs.folder / "due").iterdir())


def test_what_was_let_go_and_is_put_again_meanwhile_stays(kept):
    blob = kept.blobs.put(PNG, PICTURES)
    kept.take(came(blob.name, 1))
    kept.take(track("anna", "Mail Erased", "e1", mail=1))
    age(kept.blobs, blob.name, SETTLE_SECONDS + 60)
    kept.blobs.put(PNG, PICTURES)
    assert sweep_released(kept.runtime) == 0
    kept.take(came(blob.name, 3))
    age(kept.blobs, blob.name, 9 * DAY)
    assert (sweep_released(kept.runtime), sweep_orphans(kept.runtime)) == (0, 0)
    assert kept.blobs.read(blob.name) == PNG


def test_what_a_definition_holds_in_the_control_database_stays(kept):
    blob = kept.blobs.put(PNG, PICTURES)
    with kept.runtime.control.write() as connection:
        hold_blobs(connection, [(blob.name, "persona:3")] * 2, 0)
        assert holders_of(connection, blob.name) == ["persona:3"]
    age(kept.blobs, blob.name, 9 * DAY)
    assert sweep_orphans(kept.runtime) == 0
    with kept.runtime.control.write() as connection:
        assert release_blobs(connection, "persona:3") == [blob.name]
        assert held_among(connection, [blob.name]) == set()
    assert sweep_orphans(kept.runtime) == 1


def test_a_missing_and_a_damaged_file_are_named(kept):
    blobs = kept.blobs
    fine, missing, hurt = (blobs.put(PNG + bytes([one]), PICTURES) for one in range(3))
    kept.take(*(came(one.name, place) for place, one in enumerate((fine, missing, hurt))))
    blobs.path(missing.name).unlink()
    blobs.path(hurt.name).write_bytes(blobs.path(hurt.name).read_bytes()[:-1] + b"!")
    found = dict(check_blobs(kept.runtime))
    assert found[fine.name] == ""
    assert "not there" in found[missing.name]
    assert "does not open" in found[hurt.name]


# --- Dying ---

DIES = """
import os, signal, sys
from pathlib import Path
from stammgast.kernel.blobs import ATTACHMENTS
from stammgast.kernel.blobs import store
from stammgast.kernel.sealing import Sealer
point, folder = sys.argv[1], Path(sys.argv[2])
blobs = store.Blobs(folder / "blobs", Sealer(b"k" * 32, folder / "key"))
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if point == "half written":
    store.SealedWriter.finish = die
elif point == "written":
    store.Blobs._place = die
elif point == "placed":
    store._sync = lambda folder: die() if len(folder.name) == 2 else None
blobs.put(b"letter " * 300_000, ATTACHMENTS)
print("put", flush=True)
die()
"""


@pytest.mark.parametrize("point", ["half written", "written", "placed", "returned"])
def test_killed_anywhere_a_file_is_whole_or_not_there(tmp_path, point):
    done = subprocess.run(
        [sys.executable, "-c", DIES, point, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    blobs = blobs_in(tmp_path)
    names = names_on_disk(blobs)
    assert len(names) == (1 if point in {"placed", "returned"} else 0)
    assert all(blobs.read(name) == b"letter " * 300_000 for name in names)
    again = blobs.put(b"letter " * 300_000, ATTACHMENTS)
    assert names_on_disk(blobs) == [again.name]


def test_killed_between_put_and_event_the_orphan_goes_and_what_is_half_written_too(kept):
    key = kept.blobs._sealer._key
    for point in ("returned", "half written"):
        script = DIES.replace('b"k" * 32', repr(key))
        subprocess.run([sys.executable, "-c", script, point, str(kept.blobs.folder.parent)], check=False)
    named = kept.blobs.put(PNG, PICTURES)
    kept.take(came(named.name))
    assert len(names_on_disk(kept.blobs)) == 2
    for path in [*kept_files(kept.blobs), *(kept.blobs.folder / "fresh").iterdir()]:
        os.utime(path, (time.time() - 2 * GRACE_SECONDS,) * 2)
    assert sweep_orphans(kept.runtime) == 1
    assert names_on_disk(kept.blobs) == [named.name]
    assert not list((kept.blobs.folder / "fresh").iterdir())


def test_two_processes_that_put_and_sweep_at_once_never_lose_a_named_file(kept):
    """One takes away what is old while the other puts the same again: what is put is young, so it stays."""
    script = DIES.replace('b"k" * 32', repr(kept.blobs._sealer._key)).replace(
        'blobs.put(b"letter " * 300_000, ATTACHMENTS)\n', 'for _ in range(60): blobs.put(b"letter ", ATTACHMENTS)\n'
    )
    command = [sys.executable, "-c", script, "none", str(kept.blobs.folder.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as putting:
        while putting.poll() is None:
            for path in kept_files(kept.blobs):
                with contextlib.suppress(FileNotFoundError):
                    os.utime(path, (time.time() - 2 * GRACE_SECONDS,) * 2)
            sweep_orphans(kept.runtime)
        assert putting.stdout.read() == b"put\n"
    last = kept.blobs.put(b"letter ", ATTACHMENTS)
    assert kept.blobs.read(last.name) == b"letter "
