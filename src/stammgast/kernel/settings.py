"""Everything that can be set, from `STAMMGAST_*` variables and an optional TOML file, checked before anything starts."""

from __future__ import annotations

import os
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from stammgast.kernel.errors import StammgastError

PREFIX = "STAMMGAST_"
FILE_NAME = "stammgast.toml"

T = TypeVar("T")


class WrongSetting(StammgastError):
    """Setting {name} is {value!r}, but it {must}."""


class UnknownSetting(StammgastError):
    """There is no setting {name} (named in {where}); docs/reference/settings.md lists them all."""


class UnreadableSettings(StammgastError):
    """The settings file {path} can't be read: {problem}."""


def _of(default: T, text: str) -> T:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Settings:
    """All settings of one installation. Immutable; made by `load_settings`."""

    data: Path = _of(Path("data"), "Folder that holds everything: log, state, history, imports, locks.")
    host: str = _of("127.0.0.1", "Address the web process binds to. Loopback unless you put a proxy with TLS in front.")
    port: int = _of(8400, "Port of the web process.")
    public_url: str = _of("", "Address people and trackers reach the web process at; empty means http://HOST:PORT.")
    warehouse_port: int = _of(0, "Port of the embedded warehouse on loopback; 0 chooses a free one.")
    warehouse_memory: float = _of(0.4, "Share of the machine's memory the embedded warehouse may use (0.05 to 0.9).")
    history_url: str = _of(
        "", "ClickHouse server to use instead of the embedded warehouse: http(s)://user:pass@host:port/db."
    )
    state_url: str = _of("", "PostgreSQL to use instead of SQLite for state: postgresql://user:pass@host/db.")
    language: str = _of("en", "Language of pages for people who have not chosen one: en or de.")
    log_level: str = _of("info", "How much the processes write: debug, info, warning or error.")
    log_backlog_limit: int = _of(2_000_000, "Events waiting in the log at which collection answers 429.")
    outbox_limit: int = _of(2_000_000, "Events waiting for history at which the worker pauses.")
    worker_batch: int = _of(5_000, "Most events the worker takes at once.")
    worker_lag_limit: float = _of(60.0, "Seconds of lag from which on /readyz answers 503.")
    dedup_days: int = _of(7, "Days in which message ids are remembered exactly (at least 7).")
    query_seconds: int = _of(60, "Most seconds one history query may take.")
    query_memory: int = _of(4_000, "Most megabytes one history query may take.")
    phone_region: str = _of(
        "DE",
        "Region of phone numbers without a country code (ISO 3166-1 alpha-2) to begin with; later the identity rules say it.",
    )
    trust_proxy: bool = _of(False, "Take the client's address from X-Forwarded-For; only behind your own proxy.")
    sealing_key: str = _of(
        "",
        "File with the key that seals secrets and kept files, 64 hex digits; empty means keys/sealing in the data folder.",
    )
    outgoing_private: str = _of(
        "",
        "Private addresses, networks and host names that webhooks may reach, separated by commas; all others are refused.",
    )
    outgoing_ca: str = _of(
        "", "PEM file of further certificate authorities that mail servers and receivers of webhooks are trusted by."
    )
    outgoing_at_once: int = _of(16, "Most mails and webhooks that are on their way at the same time.")
    outgoing_keep_days: int = _of(30, "Days for which mails and webhooks are kept after they were sent or failed.")
    session_hours: int = _of(24 * 14, "Hours after which an unused log-in ends.")

    @property
    def base_url(self) -> str:
        """The address to print and to put in snippets, without a trailing slash."""
        return (self.public_url or f"http://{self.reachable_host}:{self.port}").rstrip("/")

    def command(self, words: str) -> str:
        """Return a command of ours as one types it from any folder, for hints.

        >>> Settings(data=Path("/srv/my data")).command("user link")
        "stammgast user link --data '/srv/my data'"
        """
        return f"stammgast {words} --data {shlex.quote(str(self.data.absolute()))}"

    @property
    def reachable_host(self) -> str:
        """The address at which the web process is reached from this machine."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104 - compared, not bound

    @property
    def run_dir(self) -> Path:
        """Folder of what processes tell each other: ports, ids, secrets, locks."""
        return self.data / "run"

    @property
    def log_dir(self) -> Path:
        """Folder of the log's segment files."""
        return self.data / "log"

    @property
    def state_dir(self) -> Path:
        """Folder of customers.db and control.db."""
        return self.data / "state"

    @property
    def history_dir(self) -> Path:
        """Folder of the embedded warehouse."""
        return self.data / "history"


def described_settings() -> Iterator[tuple[str, str, object, str]]:
    """Yield (name, environment variable, default, help) of each setting, in the order of the class."""
    for one in fields(Settings):
        yield one.name, PREFIX + one.name.upper(), one.default, one.metadata["help"]


def load_settings(environ: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Return settings: what is `given` (command line; None means not given) beats `environ` beats the TOML file.

    The TOML file is `STAMMGAST_CONFIG`, else `stammgast.toml` in the data folder, if there is one.

    Raises WrongSetting, UnknownSetting or UnreadableSettings, each a sentence that says what to mend.
    """
    environ = os.environ if environ is None else environ
    named = {one.name: one for one in fields(Settings)}
    from_environ = {
        name[len(PREFIX) :].lower(): text
        for name, text in environ.items()
        if name.startswith(PREFIX) and name not in {PREFIX + "CONFIG", PREFIX + "SHARED_DATA", PREFIX + "WRITE_KEY"}
    }
    _refuse_unknown(from_environ, named, "the environment")
    given = {name: value for name, value in given.items() if value is not None}
    data = Path(str(given.get("data") or from_environ.get("data") or "data"))
    from_file = _read_file(environ.get(PREFIX + "CONFIG"), data)
    _refuse_unknown(from_file, named, "the settings file")
    merged = {"data": data, **from_file, **from_environ, **given}
    settings = Settings(**{name: _convert(named[name], value) for name, value in merged.items()})  # type: ignore[arg-type]
    _check(settings)
    return settings


def _refuse_unknown(found: Mapping[str, object], named: Mapping[str, object], where: str) -> None:
    for name in found:
        if name not in named:
            raise UnknownSetting(name=name, where=where)


def _read_file(configured: str | None, data: Path) -> dict[str, object]:
    path = Path(configured) if configured else data / FILE_NAME
    if not configured and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UnreadableSettings(path=path, problem=problem) from problem


def _convert(one: Field[object], value: object) -> object:
    kind = type(one.default)
    try:
        if kind is bool and isinstance(value, str):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[value.lower()]
        return kind(str(value) if kind is int else value)  # type: ignore[call-arg]
    except (ValueError, KeyError, TypeError):
        words = {int: "must be a whole number", float: "must be a number", bool: "must be true or false"}
        raise WrongSetting(name=one.name, value=value, must=words.get(kind, "has a wrong form")) from None


def _check(settings: Settings) -> None:
    ranges = {
        "port": (1, 65535),
        "warehouse_port": (0, 65535),
        "warehouse_memory": (0.05, 0.9),
        "log_backlog_limit": (1, 10**12),
        "outbox_limit": (1, 10**12),
        "worker_batch": (1, 100_000),
        "worker_lag_limit": (0.1, 10**9),
        "dedup_days": (7, 3650),
        "query_seconds": (1, 86_400),
        "query_memory": (50, 10**7),
        "outgoing_at_once": (1, 200),
        "outgoing_keep_days": (1, 3650),
        "session_hours": (1, 24 * 365),
    }
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        if not low <= value <= high:
            raise WrongSetting(name=name, value=value, must=f"must be from {low} to {high}")
    _check_words(settings)


def _check_words(settings: Settings) -> None:
    choices = {"language": ("en", "de"), "log_level": ("debug", "info", "warning", "error")}
    for name, words in choices.items():
        if getattr(settings, name) not in words:
            raise WrongSetting(name=name, value=getattr(settings, name), must=f"must be one of {', '.join(words)}")
    schemes = {
        "history_url": ("http", "https"),
        "state_url": ("postgresql",),
        "public_url": ("http", "https"),
    }
    for name, allowed in schemes.items():
        value = getattr(settings, name)
        if value and (urlsplit(value).scheme not in allowed or not urlsplit(value).hostname):
            raise WrongSetting(name=name, value=value, must=f"must be an address that begins with {allowed[0]}://")
