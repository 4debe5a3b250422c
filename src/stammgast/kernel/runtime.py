"""What a running process holds: its settings and its open stores, handed to every handler, stage and task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stammgast.kernel.history import HistoryClient
    from stammgast.kernel.manifest import Manifest
    from stammgast.kernel.settings import Settings
    from stammgast.kernel.state import State

T = TypeVar("T")


@dataclass
class Runtime:
    """The open installation as one process sees it. `app.open_runtime` makes it, `close` gives everything back."""

    settings: Settings
    manifests: Sequence[Manifest]
    control: State
    customers: State
    history: HistoryClient
    process: str = "command"
    """Whose runtime this is: web, worker or command."""
    services: dict[type, Any] = field(default_factory=dict)
    """One live object of a kind for the whole process (log writer, caches), made by whoever owns it."""

    def service(self, kind: type[T]) -> T:
        """Return the process's one `kind`, made on first asking when a manifest says how; KeyError when none does."""
        if kind not in self.services:
            made = next((one.services[kind] for one in self.manifests if kind in one.services), None)
            if made is not None:
                self.services.setdefault(kind, made(self))
        return cast("T", self.services[kind])

    def close(self) -> None:
        """Close the stores and every service that can be closed."""
        for one in reversed(list(self.services.values())):
            if hasattr(one, "close"):
                one.close()
        self.control.close()
        self.customers.close()
        self.history.close()
