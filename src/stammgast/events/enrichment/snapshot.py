"""All that enrichment takes from control data, made ready once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from stammgast.events.enrichment.channels import ChannelClassifier
from stammgast.events.enrichment.rules import DEFAULT_CHANNEL_RULES, PAYMENT_HOSTS, ChannelRule
from stammgast.events.enrichment.staff import StaffMarker
from stammgast.kernel.ids import SourceId
from stammgast.workspace.contracts import StaffRules


@dataclass(frozen=True)
class EnrichmentRules:
    """A snapshot of all that enrichment takes from control data. Make a new one when any of it changes.

    source_kinds: what kind each source is, by number; a source that is absent has none.
    """

    channels: tuple[ChannelRule, ...] = DEFAULT_CHANNEL_RULES
    staff: StaffRules = field(default_factory=StaffRules)
    source_kinds: Mapping[SourceId, str] = field(default_factory=dict)
    payments: frozenset[str] = frozenset(PAYMENT_HOSTS)
    """Hosts of payment providers: who comes back from one was on the site before."""

    @cached_property
    def classifier(self) -> ChannelClassifier:
        """The channel rules made ready, with their cache."""
        return ChannelClassifier(self.channels, self.source_kinds)

    @cached_property
    def staff_marker(self) -> StaffMarker:
        """The staff rules made ready, with their cache."""
        return StaffMarker(self.staff)
