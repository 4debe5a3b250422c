"""What is not well with what leaves the house, in sentences that say how to mend it; for `stammgast doctor`."""

from __future__ import annotations

from pathlib import Path

from stammgast.kernel.runtime import Runtime
from stammgast.outgoing.contracts import Health, Target
from stammgast.outgoing.deciding import FAILURES_MAX
from stammgast.outgoing.looking import all_health, counts, waiting
from stammgast.outgoing.targets import list_targets

UNTAKEN_MILLIS_MAX = DOWN_MILLIS_MAX = 3_600_000


def problems(runtime: Runtime, now: int) -> list[str]:
    """Return one sentence for each thing that keeps mails and calls from leaving; `now` in ms UTC."""
    found = []
    authorities = runtime.settings.outgoing_ca
    if authorities and not Path(authorities).is_file():
        found.append(f"There is no file {authorities}: mend the setting outgoing_ca.")
    health, stand = all_health(runtime), counts(runtime)
    targets = list_targets(runtime)
    is_held = any(not one.is_on or health.get(one.id, Health()).is_closed(one) for one in targets)
    late = [kind for kind, _, since in waiting(runtime) if since and now - since > UNTAKEN_MILLIS_MAX]
    if late and not is_held:
        found.append(
            f"{', '.join(late)} waits for more than an hour: see that the worker runs, then Connect, Outgoing."
        )
    if 0 in stand and stand[0].waiting:
        found.append(f"{stand[0].waiting:,} mails wait for a sender: make one for their brand under Connect, Outgoing.")
    for one in targets:
        sentence = _of_target(one, health.get(one.id, Health()), now)
        if sentence:
            found.append(sentence)
    return found


def _of_target(target: Target, health: Health, now: int) -> str:
    if health.is_closed(target):
        return f"{target.name} answered that it is gone: switch it on again once it is back, or remove it."
    if target.is_on and health.failures >= FAILURES_MAX and now - health.first_failed_at > DOWN_MILLIS_MAX:
        return f"{target.name} does not take anything for more than an hour: its page shows the last answers."
    return ""
