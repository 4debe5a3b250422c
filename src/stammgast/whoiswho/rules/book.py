"""The rulebook: saving versions, trying them, ordering that they hold, going back."""

from __future__ import annotations

import msgspec

from stammgast.events.api import order_entry
from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.rulebook.contracts import (
    InForceAlready,
    NoSuchRules,
    NoSuchTrial,
    NothingChanged,
    RulesEffect,
    RulesProgress,
    RulesVersion,
    Trial,
)
from stammgast.identity.rulebook.force import first_rules
from stammgast.identity.rulebook.ordering import rules_of, rules_order
from stammgast.identity.rulebook.progress import read_rules_progress
from stammgast.identity.store.applied_rules import AppliedRules, applied_rules
from stammgast.kernel import clock
from stammgast.kernel.log import LogWriter
from stammgast.kernel.position import committed_position
from stammgast.kernel.runtime import Runtime
from stammgast.whoiswho.rules import store
from stammgast.workspace.api import changing
from stammgast.workspace.contracts import Actor

NOTE_LENGTH_MAX = 500


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """One order to go by a version, as the worker has it."""

    number: int
    version: int
    person: str
    ordered_at: int
    applied_at: int | None
    state: str
    effect: RulesEffect | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the rules stand: what is in force, what is being applied and how far, what held before."""

    in_force: GraphRules
    current: Application | None
    ordered: Application | None
    progress: RulesProgress | None
    previous: Application | None
    """What held before the current one: where going back leads."""
    applications: tuple[Application, ...] = ()


def standing(runtime: Runtime) -> Standing:
    """Return how the rules stand."""
    with runtime.customers.read() as connection:
        rows = applied_rules(connection)
    by_state = {row.state: row for row in reversed(rows)}
    current = by_state.get("in_force")
    past = [row for row in rows if row.state == "past"]
    previous = max(past, key=lambda row: (row.applied_at or 0, row.number), default=None)
    ordered = by_state.get("ordered")
    return Standing(
        in_force=rules_of(current.rules) if current else first_rules(runtime),
        current=_application(current),
        ordered=_application(ordered),
        progress=read_rules_progress(runtime.settings.run_dir) if ordered else None,
        previous=_application(previous),
        applications=tuple(one for row in rows if (one := _application(row)) is not None),
    )


def versions(runtime: Runtime) -> list[RulesVersion]:
    """Return all versions, newest first; the last is what the installation began with."""
    with runtime.control.read() as connection:
        return [*store.list_versions(connection), _first(runtime)]


def version(runtime: Runtime, number: int) -> RulesVersion:
    """Return one version. Raises NoSuchRules."""
    if number == store.FIRST_VERSION:
        return _first(runtime)
    with runtime.control.read() as connection:
        found = store.find_version(connection, number)
    if found is None:
        raise NoSuchRules(version=number)
    return found


def save_version(runtime: Runtime, by: Actor, rules: GraphRules, note: str = "") -> RulesVersion:
    """Keep rules as the next version; nothing goes by them yet. Raises NothingChanged."""
    newest = versions(runtime)[0]
    if msgspec.structs.replace(rules, version=newest.version) == newest.rules:
        raise NothingChanged(version=newest.version)
    with changing(runtime, by) as change:
        made = store.add_version(
            change.connection, rules, note=note[:NOTE_LENGTH_MAX], saved_by=by.name, saved_at=clock.now_millis()
        )
        change.note("identity_rules.save", f"identity rules {made.version}", note=note[:NOTE_LENGTH_MAX])
    return made


def order_trial(runtime: Runtime, by: Actor, number: int) -> Trial:
    """Order a dry run of a version; the web process carries it out. Raises NoSuchRules."""
    version(runtime, number)
    base = standing(runtime).in_force.version
    with changing(runtime, by) as change:
        made = store.add_trial(change.connection, number, base=base, ordered_by=by.name, ordered_at=clock.now_millis())
        change.note("identity_rules.try", f"identity rules {number}")
    return trial(runtime, made)


def trial(runtime: Runtime, number: int) -> Trial:
    """Return one dry run. Raises NoSuchTrial."""
    with runtime.control.read() as connection:
        found = store.find_trial(connection, number)
    if found is None:
        raise NoSuchTrial(id=number)
    return found


def newest_trial(runtime: Runtime, number: int) -> Trial | None:
    """Return the newest dry run of a version."""
    with runtime.control.read() as connection:
        return store.newest_trial(connection, number)


def apply_version(runtime: Runtime, by: Actor, number: int) -> int:
    """Order that a version holds for everything, known and to come; return the order's place in the log.

    Only in the process that writes the log. Raises NoSuchRules, and InForceAlready when it is in force and nothing else
    was ordered.
    """
    rules = _applicable(runtime, number)
    with changing(runtime, by) as change:
        change.note("identity_rules.apply", f"identity rules {number}")
    return runtime.service(LogWriter).append_sync(order_entry(rules_order(rules, by.name)))


def leave_order(runtime: Runtime, by: Actor, number: int) -> None:
    """Order the same from any process: the web process puts it into the log, now or when it starts. Raises the same."""
    _applicable(runtime, number)
    with changing(runtime, by) as change:
        store.add_order(change.connection, number, by.name)
        change.note("identity_rules.apply", f"identity rules {number}")


def pass_on_orders(runtime: Runtime) -> None:
    """Put orders that were left into the log; one that is put in twice does no harm."""
    with runtime.control.read() as connection:
        waiting = store.waiting_orders(connection)
    for number, wanted, person in waiting:
        order = rules_order(version(runtime, wanted).rules, person)
        runtime.service(LogWriter).append_sync(order_entry(order))
        with runtime.control.write() as connection:
            store.remove_order(connection, number)


def has_obeyed(runtime: Runtime, position: int) -> bool:
    """Say whether the worker has read the log up to an order's place."""
    with runtime.customers.read() as connection:
        return committed_position(connection) >= position


def _applicable(runtime: Runtime, number: int) -> GraphRules:
    rules = version(runtime, number).rules
    now = standing(runtime)
    with runtime.control.read() as connection:
        is_another_on_its_way = now.ordered is not None or bool(store.waiting_orders(connection))
    if now.in_force == rules and not is_another_on_its_way:
        raise InForceAlready(version=number)
    return rules


def _first(runtime: Runtime) -> RulesVersion:
    with runtime.customers.read() as connection:
        rows = [row for row in applied_rules(connection, 10_000) if row.version == store.FIRST_VERSION]
    rules = rules_of(rows[-1].rules) if rows else first_rules(runtime)
    began = rows[-1].ordered_at if rows else 0
    return RulesVersion(version=store.FIRST_VERSION, rules=rules, note="", saved_by="", saved_at=began)


def _application(row: AppliedRules | None) -> Application | None:
    if row is None:
        return None
    return Application(
        number=row.number,
        version=row.version,
        person=row.person,
        ordered_at=row.ordered_at,
        applied_at=row.applied_at,
        state=row.state,
        effect=msgspec.json.decode(row.effect, type=RulesEffect) if row.effect else None,
    )
