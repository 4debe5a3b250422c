"""Accounts on PostgreSQL as on SQLite."""

from dataclasses import replace

import pytest

from stammgast.profiles.accounts import api
from stammgast.profiles.accounts.contracts import AccountFilter, Money
from stammgast.profiles.policing import change_policy
from stammgast.profiles.trait_policies import TraitPolicy
from stammgast.workspace.contracts import Actor
from tools.workbench import track

RECEIVED = 1_790_000_000_000

pytestmark = pytest.mark.postgres


def test_accounts_do_the_same_on_postgresql(make_workbench, settings, postgres_url):
    bench = make_workbench(replace(settings, state_url=postgres_url))
    call = {"type": "group", "groupId": "inn", "userId": "anna"}
    order = track("anna", "Order Completed", "o1", total=30, currency="EUR")
    bench.take(
        {**call, "messageId": "g1", "traits": {"name": "Old Inn", "type": "Company", "role": "owner"}},
        {**call, "messageId": "g2", "userId": None, "anonymousId": "browser", "traits": {"left": True}},
        {**order, "context": {"groupId": "inn"}},
        received_at=RECEIVED,
    )
    bench.take({**call, "messageId": "g3", "traits": {"name": "New Inn"}}, received_at=RECEIVED + 1)
    runtime = bench.runtime
    inn = api.get_account(runtime, "group_id:inn")
    assert (inn.name, inn.members, inn.former, inn.figures.orders) == ("New Inn", 1, 1, 1)
    first = api.list_members(runtime, inn.account, limit=1)
    rest = api.list_members(runtime, inn.account, after=first.next)
    assert [(one.role, one.has_left) for one in (*first.rows, *rest.rows)] == [("owner", False), ("", True)]
    assert [one.role for one in api.list_members(runtime, inn.account, status="current").rows] == ["owner"]
    assert api.members_total(runtime, inn.account).revenue == (Money("EUR", 30_000_000, 1),)
    (line,) = api.list_accounts(
        runtime, "new", wanted=AccountFilter(kind="company", has_orders=True), sort="members"
    ).rows
    assert (line.members, line.former, line.revenue) == (1, 1, 30_000_000)
    change_policy(runtime, Actor("command", 0, "tests"), "name", TraitPolicy("first"))
    bench.restart()
    bench.worker.turn()
    bench.work()
    assert [one.name for one in api.list_accounts(runtime).rows] == ["Old Inn"]
    assert {one.event.message_id for one in api.account_timeline(runtime, inn).events} == {"g1", "g2", "g3", "o1"}
