"""The features of a profile that profiles themselves bring: one file a concept, each a commutative fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stammgast.kernel.features import Feature
from stammgast.profiles.figures.activity import EVENTS, SEEN
from stammgast.profiles.figures.consent import CONSENT
from stammgast.profiles.figures.contact import FEEDBACK, SUPPORT
from stammgast.profiles.figures.corrections import CORRECTIONS, MARK
from stammgast.profiles.figures.orders import ORDERS, REFUNDS, REVENUE
from stammgast.profiles.figures.products import PRODUCTS_BOUGHT, PRODUCTS_SEEN
from stammgast.profiles.figures.reach import BRANDS, CHANNELS, COUNTRIES, DEVICES
from stammgast.profiles.figures.sessions import SESSIONS
from stammgast.profiles.figures.traits import TRAITS

FEATURES: Sequence[Feature[Any]] = (
    SEEN,
    EVENTS,
    SESSIONS,
    ORDERS,
    REVENUE,
    REFUNDS,
    PRODUCTS_SEEN,
    PRODUCTS_BOUGHT,
    CHANNELS,
    DEVICES,
    COUNTRIES,
    BRANDS,
    SUPPORT,
    FEEDBACK,
    CONSENT,
    TRAITS,
    CORRECTIONS,
    MARK,
)
