"""What other modules may ask of what leaves the house.

In the worker, a reactor or timer returns `order_mail(...)` or `order_webhook(...)` among its effects; that is all. Web keeps
targets, looks at deliveries, and notes what people want done with them.
"""

from __future__ import annotations

from stammgast.outgoing.ailments import problems
from stammgast.outgoing.engine import Engine
from stammgast.outgoing.looking import (
    Counts,
    DeliveryPage,
    all_health,
    attempts_at,
    counts,
    delivery,
    delivery_of_key,
    list_deliveries,
    order_of,
    target_health,
    waiting,
)
from stammgast.outgoing.ordering import order_mail, order_webhook
from stammgast.outgoing.targets import (
    change_target,
    create_target,
    list_targets,
    remove_target,
    rotate_secret,
    switch_target,
    target,
    target_names,
)
from stammgast.outgoing.wishing import discard, replay, replay_all, send_test

__all__ = [
    "Counts",
    "DeliveryPage",
    "Engine",
    "all_health",
    "attempts_at",
    "change_target",
    "counts",
    "create_target",
    "delivery",
    "delivery_of_key",
    "discard",
    "list_deliveries",
    "list_targets",
    "order_mail",
    "order_of",
    "order_webhook",
    "problems",
    "remove_target",
    "replay",
    "replay_all",
    "rotate_secret",
    "send_test",
    "switch_target",
    "target",
    "target_health",
    "target_names",
    "waiting",
]
