"""Whoever dies while figures are counted anew: the next worker goes on, and comes to what a fold from the beginning gives."""

from dataclasses import replace
from random import Random

import pytest

from stammgast.pipeline.crash import POINTS, RECOUNT_POINTS
from stammgast.profiles import api
from tests.pipeline.contested import happenings, same_figures
from tests.pipeline.recounted import SMALL, raise_versions
from tests.pipeline.test_law_under_kill import STEPS_OF_RECOVERY, make_mortal, send

pytestmark = pytest.mark.slow

__all__ = ["make_mortal"]


def by_later_code(runtime):
    """Let a life fold by later code, and count anew in small steps."""
    for one in SMALL:
        setattr(*one)
    raise_versions(runtime, 3, ("orders", "sessions", "traits"))


@pytest.mark.parametrize("point", [*RECOUNT_POINTS, *POINTS])
def test_a_worker_that_dies_at_each_step_comes_to_the_same_figures(make_mortal, settings, point):
    random = Random(point)
    mortal = make_mortal(replace(settings, worker_batch=6))
    send(mortal, random, happenings(random, "before-"))
    mortal.work()
    mortal.prepare = by_later_code
    raise_versions(mortal.runtime, 3, ("orders", "sessions", "traits"))
    send(mortal, random, happenings(random, "while-"))
    if point in STEPS_OF_RECOVERY:
        mortal.live(STEPS_OF_RECOVERY[point])
    for passes in (1, 2, 4):
        mortal.live(point, passes=passes)
    mortal.work()
    assert point in mortal.deaths
    assert same_figures(mortal)
    found = api.recount(mortal.runtime)
    assert (found.state, found.parts) == ("done", ())
