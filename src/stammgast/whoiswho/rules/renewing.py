"""What a newer Stammgast builds in: taken over where nobody has chosen rules, offered where somebody has."""

from __future__ import annotations

from msgspec.structs import replace

from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.placeholders import NEWEST
from stammgast.identity.rulebook.ordering import rules_of
from stammgast.identity.store.applied_rules import applied_rules
from stammgast.kernel import clock
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.whoiswho.rules import store
from stammgast.workspace.api import changing
from stammgast.workspace.contracts import Actor

BY = Actor("system", 0, "Stammgast")
NOTE = _("Built in since an update")


def renewed(rules: GraphRules) -> GraphRules:
    """Return rules with all that is built in now; what people may set themselves stays, where it says anything.

    >>> renewed(GraphRules(built_in=1, held_above=7, held_above_limited=None)) == GraphRules(held_above=7)
    True
    """
    if rules.built_in == NEWEST:
        return rules
    new = GraphRules()
    return replace(
        rules,
        built_in=NEWEST,
        held_above_limited=rules.held_above_limited or new.held_above_limited,
        held_above_browsers=rules.held_above_browsers or new.held_above_browsers,
    )


def renew_untouched(runtime: Runtime) -> bool:
    """Order the newest built-in rules where the installation goes by those of its beginning, and nobody wrote others.

    They become a version as if a person had saved and applied them, so everything known is resolved anew under them and
    one can go back; then it is not done again. Return False while there are no rules yet to look at.
    """
    with runtime.customers.read() as connection:
        applied = applied_rules(connection, 2)
    if not applied:
        return False
    rules = rules_of(applied[0].rules)
    if len(applied) == 1 and rules.built_in < NEWEST:
        with changing(runtime, BY) as change:
            if not store.list_versions(change.connection):
                made = store.add_version(
                    change.connection, renewed(rules), note=NOTE, saved_by=BY.name, saved_at=clock.now_millis()
                )
                # Version and order in one transaction: whoever dies, both are there or neither.
                store.add_order(change.connection, made.version, BY.name)
                change.note("identity_rules.apply", f"identity rules {made.version}")
    return True
