"""Asking through the ports: what the manifests of this installation answer."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ports.figures import FigureAnswer, FigureNotFound, FigureQuery
from stammgast.kernel.ports.shown import ListName
from stammgast.kernel.ports.standing import NOTHING_FOUND, NOTHING_KNOWN, UNKNOWN, Against, Standing

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from stammgast.kernel.ids import ProfileId
    from stammgast.kernel.runtime import Figure, ListFilter, Runtime, StandingCheck

logger = logging.getLogger(__name__)


def figures_of(runtime: Runtime) -> Mapping[str, Figure]:
    """Return all figures by name, in the order of the manifests. Two of one name are a mistake in a manifest."""
    found = [one for manifest in runtime.manifests for one in manifest.figures]
    by_name = {one.name: one for one in found}
    assert len(by_name) == len(found), "two figures of one name"
    return by_name


async def ask_figure(runtime: Runtime, name: str, query: FigureQuery) -> FigureAnswer:
    """Return what a figure comes to. Raises FigureNotFound, and Invalid for a question that it can't answer."""
    figure = figures_of(runtime).get(name)
    if figure is None:
        raise FigureNotFound(name=name)
    _check(figure, query)
    answer = figure.answer
    if inspect.iscoroutinefunction(answer):
        told: FigureAnswer = await answer(runtime, query)
        return told
    answered = await asyncio.to_thread(lambda: answer(runtime, query))
    return answered if isinstance(answered, FigureAnswer) else await answered


def _check(figure: Figure, query: FigureQuery) -> None:
    if query.start >= query.end:
        raise Invalid(field="end", problem=_("must be later than the start"))
    try:
        ZoneInfo(query.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(field="zone", problem=_("is no time zone; write one such as Europe/Berlin")) from None
    _check_dimensions(figure, "filters", [name for name, _value in query.filters])
    _check_dimensions(figure, "breakdown", [query.breakdown] if query.breakdown else [])


def _check_dimensions(figure: Figure, part: str, names: Sequence[str]) -> None:
    unknown = next((name for name in names if name not in figure.dimensions), None)
    if unknown is not None:
        known = ", ".join(figure.dimensions) or "-"
        problem = Phrase(
            _("{figure} can't be told apart by {unknown}, only by: {known}"),
            figure=figure.name,
            unknown=unknown,
            known=known,
        )
        raise Invalid(field=part, problem=problem)


def standing_of(runtime: Runtime, profile: ProfileId) -> Standing:
    """Ask every module. One that falls over counts as standing against it: who can't tell must not write."""
    checks = [one for manifest in runtime.manifests for one in manifest.standing]
    against = tuple(found for one in checks for found in _ask(runtime, one, profile))
    nothing = NOTHING_FOUND if checks else NOTHING_KNOWN
    reason = against[0].reason if against else nothing
    return Standing(profile=profile, against=against, asked=tuple(one.name for one in checks), reason=reason)


def _ask(runtime: Runtime, check: StandingCheck, profile: ProfileId) -> list[Against]:
    try:
        return list(check.check(runtime, profile))
    except Exception:
        logger.exception("standing could not be told", extra={"check": check.name})
        return [Against(kind=UNKNOWN, reason=_("It can't be told right now whether a complaint is open."))]


def narrowed_by(
    runtime: Runtime, name: ListName, chosen: Iterable[tuple[str, str]], key: ColumnElement[int]
) -> list[ColumnElement[bool]]:
    """Return the conditions of chosen (filter, value) pairs; empty values and filters that nobody brings ask for nothing."""
    known = {one.name: one for one in list_filters(runtime, name)}
    return [known[name].narrow(value, key) for name, value in chosen if value and name in known]


def list_filters(runtime: Runtime, name: ListName) -> list[ListFilter]:
    """Return the filters that modules bring for a list, in their order."""
    found = [one for manifest in runtime.manifests for one in manifest.list_filters if one.list == name]
    assert len({one.name for one in found}) == len(found), "two filters of one name"
    return sorted(found, key=lambda one: one.order)
