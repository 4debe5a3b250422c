"""What the lists of customers can be filtered by beside the figures of a line itself; other modules bring more."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from stammgast.events.api import CHANNELS
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId
from stammgast.kernel.ports.shown import Choice
from stammgast.kernel.runtime import ListFilter, Runtime
from stammgast.profiles.store.customers import is_tagged
from stammgast.profiles.words import CHANNEL_LABELS


def _channels(_runtime: Runtime, _brand: BrandId, _chosen: str) -> list[Choice]:
    """Return the usual channels; one that only a company's own rule names can be asked for by its name."""
    return [(one, CHANNEL_LABELS[one]) for one in CHANNELS]


def _used_channel(channel: str, profile: ColumnElement[int]) -> ColumnElement[bool]:
    return is_tagged("channel", channel, profile)


FILTERS = (ListFilter("channel", "customers", _("Channel"), _("All channels"), _channels, _used_channel, order=10),)
