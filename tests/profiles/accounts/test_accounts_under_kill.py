"""Accounts do not depend on where the worker dies, through the real log, SQLite and chDB."""

from dataclasses import replace
from random import Random

import pytest

from tests.pipeline.mortal import MortalBench
from tests.profiles.accounts.test_accounts import RECEIVED, picture, some_events

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("point", ["in_commit", "committed", "in_listing"])
def test_a_worker_that_dies_anywhere_leaves_the_same_accounts(make_workbench, settings, point):
    given = replace(settings, worker_batch=6)
    make_workbench(given).close()
    mortal = MortalBench(given)
    random = Random(point)
    seed = random.randrange(2**32)
    for event in some_events(seed, "calm-"):
        mortal.send(event, received_at=RECEIVED)
    mortal.work()
    events = some_events(seed, "dies-")
    for event in [*events, *random.choices(events, k=len(events) // 2)]:
        mortal.send(event, received_at=RECEIVED)
    assert mortal.live(point)
    mortal.live(point, passes=2)
    mortal.work()
    assert picture(mortal, "dies-") == picture(mortal, "calm-") != []
    mortal.close()
