"""Being bound to brands and teams: who can be, who can't, and that it holds at once."""

import pytest

from stammgast.web.contracts import Household
from stammgast.workspace import api
from stammgast.workspace.contracts import AdministratorBound, BrandNotFound, NameTaken, Role, TeamNotFound


@pytest.fixture
def brand(house, by):
    return api.create_brand(house, by, "Löwe Catering").id


@pytest.fixture
def bob(house, by):
    return api.create_user(house, by, email="bob@inn.example", name="Bob", role="agent")


def change(house, by, person, **bonds):
    return api.change_user(house, by, person.id, name=person.name, role=person.role, **bonds)


def test_a_person_who_logged_in_before_is_bound_from_their_next_request_on(house, by, bob, brand):
    secret = api.begin_session(house, bob.id)
    assert api.person_by_session(house, secret).brands == ()
    assert change(house, by, bob, brands=[brand]).brands == (brand,)
    assert api.person_by_session(house, secret).brands == (brand,)


def test_what_is_not_said_about_bonds_stays(house, by, bob, brand):
    team = api.create_team(house, by, "Complaints")
    change(house, by, bob, brands=[brand], teams=[team.id])
    changed = api.change_user(house, by, bob.id, name="Robert", role="viewer")
    assert (changed.brands, changed.teams) == ((brand,), (team.id,))


def test_an_administrator_cannot_be_bound_nor_somebody_bound_become_one(house, by, bob, brand):
    with pytest.raises(AdministratorBound):
        api.create_user(house, by, email="a@inn.example", name="A", role="administrator", brands=[brand])
    with pytest.raises(AdministratorBound):
        api.create_token(house, by, "All", "administrator", [brand])
    change(house, by, bob, brands=[brand])
    with pytest.raises(AdministratorBound):
        api.change_user(house, by, bob.id, name="Bob", role="administrator")
    assert api.user(house, bob.id).role is Role.AGENT


def test_nobody_is_bound_to_what_is_not_there(house, by, bob):
    with pytest.raises(BrandNotFound):
        change(house, by, bob, brands=[99])
    with pytest.raises(TeamNotFound):
        change(house, by, bob, teams=[99])
    with pytest.raises(BrandNotFound, match="Löwe"):
        api.named_brands(house, ["Löwe"])


def test_a_token_carries_its_brands(house, by, brand):
    _made, secret = api.create_token(house, by, "Till", "viewer", [brand])
    person = house.service(Household).person_by_token(secret)
    assert person.brands == (brand,)


def test_teams_have_names_of_their_own(house, by):
    team = api.create_team(house, by, "Complaints")
    with pytest.raises(NameTaken):
        api.create_team(house, by, "Complaints")
    api.rename_team(house, by, team.id, "Service")
    assert [one.name for one in api.teams(house)] == ["Service"]


def test_the_audit_log_tells_what_somebody_was_bound_to(house, by, bob, brand):
    change(house, by, bob, brands=[brand])
    entries, _total = api.list_audit(house, text="", action="user.change", limit=1, offset=0)
    assert entries[0].detail["brands"] == f"[{brand}]"
