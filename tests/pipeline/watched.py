"""A watcher for tests whose worker lives in another process: it must be found by its name."""

from stammgast.events.contracts import OwnEvent
from stammgast.kernel.effects import Deliver, Derive
from stammgast.kernel.ports.watching import Looked, Watcher, observed_message_id
from stammgast.kernel.runtime import Manifest


def buyers(view, before):
    """Who ordered at least twice is a buyer; entering is told once, and a webhook goes out unless it is only to be noted."""
    orders = view.features.get("orders", (0,))[0]
    if orders < 2:
        return Looked()
    result = b"buyer"
    if before.kept is not None or any(one.result == result for one in before.absorbed):
        return Looked(result)
    message_id = observed_message_id(view, "buyers", 1, before.next_transition)
    entered = Derive(OwnEvent(origin="tests", profile=0, name="Entered", message_id=message_id))
    sent = () if view.is_quiet else (Deliver("tests", message_id, str(view.profile).encode()),)
    return Looked(result, (entered, *sent))


BUYERS = Watcher("buyers", 1, buyers)


def with_buyers(runtime):
    runtime.manifests = (*runtime.manifests, Manifest("watching", runtime.settings.data, watchers=(BUYERS,)))
