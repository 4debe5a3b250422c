"""The rules by which events are read, gathered from control data: one picture a process, renewed when it has changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from stammgast.events.contracts import Rules
from stammgast.events.enrichment.rules import DEFAULT_CHANNEL_RULES, PAYMENT_HOSTS
from stammgast.events.enrichment.snapshot import EnrichmentRules
from stammgast.events.store import definitions
from stammgast.kernel.runtime import Runtime
from stammgast.workspace import api as workspace


@dataclass
class RulesCache:
    """The process's one Rules and the revision of the control data it was made from."""

    revision: int = -1
    rules: Rules = field(default_factory=Rules)

    def current(self, runtime: Runtime) -> Rules:
        """Return the rules as of at most a second ago; the same object for as long as nothing has changed."""
        revision = workspace.revision(runtime)
        if revision != self.revision:
            self.rules = load_rules(runtime)
            self.revision = revision
        return self.rules


def load_rules(runtime: Runtime) -> Rules:
    """Read everything that reading takes from control data."""
    picture = workspace.snapshot(runtime)
    with runtime.control.read() as connection:
        schemas = definitions.list_event_schemas(connection)
        channels = definitions.list_channel_rules(connection)
        payments = definitions.list_payment_hosts(connection)
    return Rules(
        schemas={one.name: one for one in schemas},
        brands={number: source.brand for number, source in picture.sources.items()},
        currency=picture.company.currency,
        enrichment=EnrichmentRules(
            channels=DEFAULT_CHANNEL_RULES if channels is None else channels,
            staff=picture.staff,
            payments=frozenset(PAYMENT_HOSTS if payments is None else payments),
            source_kinds={number: source.kind for number, source in picture.sources.items()},
        ),
    )
