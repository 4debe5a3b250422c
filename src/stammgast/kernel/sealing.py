"""What is written sealed: secrets and files that a copy of the database alone must not give away.

The key lies beside the databases, never in them: `keys/sealing` in the data folder, or wherever the setting `sealing_key`
says (a secret mounted by whoever runs the machine). Who loses the key loses what was sealed with it: back both up, apart.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.settings import Settings

KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 12, 16
_FORM = b"\x01"
"""First byte of everything sealed, so that a later form can stand beside this one."""


class WrongSealingKey(StammgastError):
    """The key in {path} does not open what was sealed as {purpose}: put the key of this installation back, or enter it anew."""


class UnreadableSealingKey(StammgastError):
    """The sealing key {path} can't be used: {problem}. Put the installation's own key file back."""


class Sealer:
    """Seals and opens bytes by AES-256-GCM (NIST SP 800-38D) with a random nonce and the purpose as associated data.

    A seal made for one purpose does not open for another, so that a secret can't be moved to where it would be shown.
    """

    def __init__(self, key: bytes, path: Path) -> None:
        self._key = key
        self._cipher = AESGCM(key)
        self._path = path

    def derive(self, purpose: str) -> bytes:
        """Return a key of its own for `purpose`, 32 bytes, always the same (HKDF-SHA256, RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(self._key)

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Return `plain` sealed; 29 bytes longer, and never the same twice."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return _FORM + nonce + self._cipher.encrypt(nonce, plain, purpose.encode())

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """Return what was sealed for `purpose`; raise WrongSealingKey where key, purpose or a single bit differ."""
        nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        if sealed[:1] != _FORM or len(rest) < TAG_BYTES:
            raise WrongSealingKey(path=self._path, purpose=purpose)
        try:
            return self._cipher.decrypt(nonce, rest, purpose.encode())
        except InvalidTag:
            raise WrongSealingKey(path=self._path, purpose=purpose) from None


def open_sealer(settings: Settings) -> Sealer:
    """Return the installation's sealer; its key is made on first use, whoever of the processes comes first."""
    path = Path(settings.sealing_key) if settings.sealing_key else settings.data / "keys" / "sealing"
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        if settings.sealing_key:
            raise UnreadableSealingKey(path=path, problem="there is no such file") from None
        key = _make_key(path)
    except (OSError, ValueError) as problem:
        raise UnreadableSealingKey(path=path, problem=problem) from None
    if len(key) != KEY_BYTES:
        raise UnreadableSealingKey(path=path, problem=f"it holds {len(key)} bytes instead of {KEY_BYTES}")
    return Sealer(key, path)


def _make_key(path: Path) -> bytes:
    """Return the key at `path`, made durable before anybody can seal with it; of two who make it at once, one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".sealing.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with fresh.open("x", encoding="ascii") as file:
            fresh.chmod(0o600)
            file.write(secrets.token_bytes(KEY_BYTES).hex())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # Another process was first: its key counts.
            os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return bytes.fromhex(path.read_text(encoding="ascii"))
