"""What a running process holds, and how a module joins it: one `MANIFEST` that names what it brings; `app.py` lists them in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from litestar.types import ASGIApp, ControllerRouterHandler
    from sqlalchemy import ColumnElement
    from typer import Typer

    from stammgast.kernel.effects import Effect, Happened
    from stammgast.kernel.features import Feature
    from stammgast.kernel.history import HistoryClient
    from stammgast.kernel.history_views import HistoryView
    from stammgast.kernel.ids import BrandId, ProfileId
    from stammgast.kernel.keeping import ListWords, OrderKind
    from stammgast.kernel.ports.figures import Direction, FigureAnswer, FigureQuery, Unit
    from stammgast.kernel.ports.shown import Choice, CustomerPanel, ListName
    from stammgast.kernel.ports.standing import Against
    from stammgast.kernel.ports.watching import Trails, Watcher
    from stammgast.kernel.settings import Settings
    from stammgast.kernel.state import State
    from stammgast.kernel.timers import Timer


T = TypeVar("T")


@dataclass(frozen=True)
class NavigationEntry:
    """One line of the left navigation, for whoever may open `path`. `group` is the person's question, e.g. `connect`."""

    group: str
    label: str
    path: str
    icon: str
    order: int = 100


@dataclass(frozen=True)
class HomePanel:
    """One panel of the home page: an htmx fragment at `path`, loaded by the page and refreshed every `seconds`."""

    name: str
    path: str
    order: int
    wide: bool = False
    seconds: int = 0


@dataclass(frozen=True)
class SubjectPanel:
    """A panel beside the timeline of a customer or an account, drawn with the page.

    `facts(request, subject)` gives the variables of `template`, None where the panel is not shown; the subject is a
    `profiles` Profile or Account.
    """

    subject: str
    name: str
    template: str
    facts: Callable[[Any, Any], Mapping[str, Any] | None]
    order: int = 100
    place: str = "now"
    """`head` is beside the name, `who` the left column, `now` the right one."""
    style: str = ""
    """A style sheet of its module's, such as `notes/notes.css`."""


@dataclass(frozen=True)
class SearchProvider:
    """Answers the search on top: `find(runtime, text, limit, brand)` gives (label, detail, path) rows, best first.

    A brand other than 0: only what belongs to it, for somebody who is bound to brands.
    """

    group: str
    find: Callable[[Runtime, str, int, int], Sequence[tuple[str, str, str]]]


@dataclass(frozen=True)
class AsgiMount:
    """A plain ASGI app for paths that begin with one of `prefixes` (or equal one of `paths`); for hot paths only.

    `lets_in` says who may come in, which the app must check itself: no guard stands before it.
    """

    prefixes: tuple[str, ...]
    paths: tuple[str, ...]
    make: Callable[[Runtime], ASGIApp]
    lets_in: str


@dataclass(frozen=True)
class TimerKind:
    """What happens when a durable timer of kind `name` is due; `fire(timer, now)` runs in the worker and gives effects."""

    name: str
    fire: Callable[[Timer, int], Iterable[Effect]]


@dataclass(frozen=True)
class Task:
    """Work that the `web` or `worker` process repeats every `seconds` (clean-up, checkpoints)."""

    name: str
    process: str
    seconds: float
    run: Callable[[Runtime], object]


@dataclass(frozen=True)
class MessagePurpose:
    """What mails and calls are for: orders carry its `name`. `label` is marked English, as in "mails about LABEL".

    `can_unsubscribe`: whoever gets such mails may end them, by a button of their mail program or a link.
    """

    name: str
    label: str
    can_unsubscribe: bool = False


@dataclass(frozen=True)
class Metric:
    """One line of /metrics: `read(runtime)` gives {labels as text: value}."""

    name: str
    help: str
    kind: str
    read: Callable[[Runtime], Mapping[str, float]]


@dataclass(frozen=True)
class ReadyCheck:
    """One line of /readyz and `doctor`: `check(runtime)` gives None when well, else a sentence that says how to mend it."""

    name: str
    check: Callable[[Runtime], str | None]


@dataclass(frozen=True)
class Figure:
    """A number with a definition. `name` is `module.figure` and stays; whoever changes what it means raises `version`.

    `label` and `definition` are marked English; the module's translations hold the German.
    """

    name: str
    label: str
    definition: str
    unit: Unit
    direction: Direction
    version: int
    answer: Callable[[Runtime, FigureQuery], FigureAnswer | Awaitable[FigureAnswer]]
    """May block: it runs in a thread of its own unless it is a coroutine function."""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    """What it can be filtered and broken down by: name -> marked label."""


@dataclass(frozen=True)
class StandingCheck:
    """One module's knowledge: `check(runtime, profile)` gives what stands against it, nothing when all is well."""

    name: str
    check: Callable[[Runtime, ProfileId], Iterable[Against]]


@dataclass(frozen=True)
class ListFilter:
    """One choice above a list; `name` stands in the page's address, so it must be free there.

    `choices(runtime, brand, chosen)` gives what can be chosen (brand 0: everybody's), without the empty choice that
    `unfiltered` labels; `chosen` is what the address says now. `narrow(value, key)` gives the condition on a row whose
    number is `key`, over tables of the customers database; it is asked for values that nobody offered too.
    """

    name: str
    list: ListName
    label: str
    unfiltered: str
    choices: Callable[[Runtime, BrandId, str], Sequence[Choice]]
    narrow: Callable[[str, ColumnElement[int]], ColumnElement[bool]]
    order: int = 100


@dataclass(frozen=True)
class BlobHolder:
    """A kind of thing that holds files (`kind:key`); `may_see(runtime, person, key)` says who gets them: web asks it each time.

    A file whose holders are of no known kind is shown to nobody.
    """

    kind: str
    may_see: Callable[[Runtime, Any, str], bool]


@dataclass(frozen=True)
class Manifest:
    """All that one module brings. Everything but the name may stay empty."""

    name: str
    folder: Path
    routes: Sequence[ControllerRouterHandler] = ()
    mounts: Sequence[AsgiMount] = ()
    embeds: Sequence[ControllerRouterHandler] = ()
    """Routes below `/embed/WRITE KEY`, which the source's own sites may frame; nobody is logged in there (`web/embeds.py`)."""
    navigation: Sequence[NavigationEntry] = ()
    home_panels: Sequence[HomePanel] = ()
    search: Sequence[SearchProvider] = ()
    subject_panels: Sequence[SubjectPanel] = ()
    features: Sequence[Feature[Any]] = ()
    reactors: Sequence[Callable[[Happened], Iterable[Effect]]] = ()
    watchers: Sequence[Watcher] = ()
    trails: Trails | None = None
    """Loads what `ProfileView.trails` shows; at most one module brings it."""
    timers: Sequence[TimerKind] = ()
    orders: Sequence[OrderKind] = ()
    list_words: Sequence[ListWords] = ()
    tasks: Sequence[Task] = ()
    commands: Mapping[str, Typer | Callable[..., Any]] = field(default_factory=dict)
    metrics: Sequence[Metric] = ()
    purposes: Sequence[MessagePurpose] = ()
    ready_checks: Sequence[ReadyCheck] = ()
    blob_holders: Sequence[BlobHolder] = ()
    blob_mentions: Sequence[Callable[[Runtime, Collection[str]], Collection[str]]] = ()
    """Say which of some files are named by what still waits to be taken in, beside the log."""
    figures: Sequence[Figure] = ()
    standing: Sequence[StandingCheck] = ()
    list_filters: Sequence[ListFilter] = ()
    customer_panels: Sequence[CustomerPanel] = ()
    action_words: Mapping[str, str] = field(default_factory=dict)
    """What the audit log calls the module's actions ("did what", marked for translation); others are shown as written."""
    services: Mapping[type, Callable[[Runtime], Any]] = field(default_factory=dict)
    """Objects of which a process holds one, made when `Runtime.service` is first asked for their kind."""

    @property
    def views(self) -> Sequence[HistoryView]:
        """What BI tools see of the module's history: one file `views/NAME.sql` each."""
        from stammgast.kernel.history_views import read_views

        return read_views(self.folder / "views")

    def subfolder(self, *names: str) -> Path | None:
        """Return a folder of the module when it exists (templates, locale, static, migrations/control ...)."""
        path = self.folder.joinpath(*names)
        return path if path.is_dir() else None


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
