"""Once a night the moves of anchors go from the small dictionary into the large one; no analysis may notice."""

from dataclasses import replace

import pytest

from stammgast.kernel import outbox
from stammgast.kernel.history import HistoryClient, HistoryRefused, HistoryUnavailable
from stammgast.profiles import history
from tools.workbench import track


class Flaky(HistoryClient):
    """The real history; commands that begin with one of `failing` do not get through."""

    failing = ()

    def command(self, sql, parameters=None, **how):
        if self.failing and sql.startswith(self.failing):
            raise HistoryUnavailable(reason="test")
        return super().command(sql, parameters, **how)


@pytest.fixture
def bench(workbench, monkeypatch):
    """A workbench on which even one move is worth folding."""
    monkeypatch.setattr(history, "FOLD_MIN", 1)
    workbench.worker.close()
    workbench.runtime.history = Flaky(workbench.settings.history_url)
    workbench.restart()
    return workbench


def browsed(device, message_id):
    return {"type": "page", "name": "P", "anonymousId": device, "messageId": message_id}


def login(user, device, message_id):
    return track(user, "Login", message_id) | {"anonymousId": device}


def fold(bench):
    return bench.worker._housekeeping.fold_moves(bench.worker._progress)


def owners(bench):
    """Return message id -> profile, as every analysis sees it."""
    return dict(bench.rows("message_id, profile_of(anchor)"))


def counts(bench):
    """Return (anchors in the base, anchors in the delta)."""
    views = ("anchor_profiles_in_base", "anchor_profiles_in_delta")
    return tuple(bench.runtime.history.query(f"SELECT count() FROM {view}")[0][0] for view in views)


def merge(bench, *numbers):
    for number in numbers:
        bench.take(browsed(f"d{number}", f"browsed{number}"))
        bench.take(login("anna", f"d{number}", f"login{number}"))


def one_person(bench):
    return len(set(owners(bench).values())) == 1


def test_folding_changes_no_answer(bench):
    merge(bench, 1, 2, 3)
    before = owners(bench)
    base, delta = counts(bench)
    assert (base, len(set(before.values()))) == (0, 1)
    assert delta > 0
    assert fold(bench)
    assert counts(bench) == (delta, 0)
    assert owners(bench) == before


def test_moves_after_a_fold_count_over_those_before(bench):
    merge(bench, 1)
    assert fold(bench)
    merge(bench, 2)
    assert one_person(bench)
    bench.take(login("ben", "d9", "login9"))
    older = bench.profile("user_id:anna").profile
    bench.take(
        {"type": "alias", "previousId": "anna", "userId": "ben", "messageId": "alias", "timestamp": "2020-01-01"}
    )
    assert one_person(bench)
    before = owners(bench)
    assert bench.profile(f"profile:{older}").profile == before["login9"]
    assert fold(bench)
    assert owners(bench) == before


def test_a_batch_that_is_not_delivered_stays_out_of_the_fold(bench):
    merge(bench, 1)
    before = counts(bench)
    with bench.runtime.customers.write() as connection:
        outbox.add_parcel(connection, outbox.Parcel(1, 0, b"", ()))
    assert fold(bench)
    assert counts(bench) == before


def test_a_worker_that_died_inside_a_fold_is_made_up_for_at_the_next_start(bench):
    merge(bench, 1, 2)
    before = owners(bench)
    bench.runtime.history.failing = ("SYSTEM RELOAD DICTIONARY anchor_profiles_base",)
    assert not fold(bench)
    bench.runtime.history.failing = ()
    bench.restart()
    bench.take(track("carl", "Login", "other"))
    assert {name: owner for name, owner in owners(bench).items() if name in before} == before


@pytest.mark.parametrize(
    "step", ["INSERT INTO anchor_profiles_folded", "SYSTEM RELOAD DICTIONARY anchor_profiles_base"]
)
def test_a_fold_that_failed_is_completed_when_history_answers_again(bench, step):
    merge(bench, 1, 2)
    before = owners(bench)
    bench.runtime.history.failing = (step,)
    assert not fold(bench)
    bench.take(login("anna", "d7", "login7"))
    bench.runtime.history.failing = ()
    assert fold(bench)
    assert {name: owner for name, owner in owners(bench).items() if name in before} == before
    assert one_person(bench)


def test_dictionaries_read_as_we_do_where_a_server_does_not_let_them_in_by_themselves(bench):
    merge(bench, 1)
    before = owners(bench)
    ours = bench.runtime.history
    for name in ("anchor_profiles_base", "anchor_profiles_delta"):
        made = ours.query(f"SHOW CREATE DICTIONARY {name}")[0][0].replace("CREATE", "CREATE OR REPLACE", 1)
        ours.command(made.replace("CLICKHOUSE(", "CLICKHOUSE(USER 'nobody' PASSWORD 'x' "))
    with pytest.raises(HistoryRefused, match="516"):
        ours.command("SYSTEM RELOAD DICTIONARY anchor_profiles_base")
    # The engine's own user has another name and password than its HTTP interface's.
    ours.address = replace(ours.address, user="default", password="")
    history.load_moves(ours)
    assert owners(bench) == before
    assert len(set(before.values())) == 1
