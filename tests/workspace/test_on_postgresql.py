import pytest

from stammgast.kernel.history import open_history
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.settings import load_settings
from stammgast.kernel.state import open_state
from stammgast.workspace import api
from stammgast.workspace.contracts import NameTaken, NoSuchLogin
from stammgast.workspace.manifest import MANIFEST

pytestmark = pytest.mark.postgres
PASSWORD = "a calm evening at the inn"


@pytest.fixture
def house(tmp_path, postgres_url):
    settings = load_settings({}, data=tmp_path, state_url=postgres_url)
    control, customers = open_state(settings, "control"), open_state(settings, "customers")
    control.migrate([MANIFEST.subfolder("migrations", "control")])
    runtime = Runtime(settings, (MANIFEST,), control, customers, open_history(settings))
    yield runtime
    runtime.close()


def test_the_workspace_does_the_same_on_postgresql(house, by):
    before = api.revision(house)
    made = api.create_source(house, by, "Shop", kind="browser", allowed_origins=["https://shop.example"])
    with pytest.raises(NameTaken):
        api.create_source(house, by, "Shop")
    new = api.rotate_source_key(house, by, made.source.id, grace_hours=0)
    assert api.source_by_key(house, made.write_key) is None
    assert api.source_by_key(house, new.write_key) == new.source
    assert api.create_brand(house, by, "Gasthof").id != api.brands(house)[1].id
    api.add_staff_rule(house, by, "network", "203.0.113.0/24")
    assert api.staff_rules(house).is_address("203.0.113.9")
    token, secret = api.create_token(house, by, "Sync", "viewer")
    assert api.person_by_token(house, secret).name == "Sync"
    api.write_token_use(house)
    assert api.list_tokens(house)[0].last_used_at
    api.revoke_token(house, by, token.id)
    assert api.person_by_token(house, secret) is None
    team = api.create_team(house, by, "Complaints")
    bob = api.create_user(house, by, email="bob@inn.test", name="Bob", role="agent", brands=[1], teams=[team.id])
    assert (bob.brands, bob.teams) == ((1,), (team.id,))
    assert api.revision(house) > before
    assert api.list_audit(house, text="SOURCE 1")[1] == 2


def test_people_come_in_on_postgresql(house):
    link = api.make_setup_link(house).partition("link=")[2]
    api.use_setup_link(house, link, email="alice@inn.test", name="Alice", password=PASSWORD)
    session = api.log_in(house, "alice@inn.test", PASSWORD)
    assert api.person_by_session(house, session).name == "Alice"
    with pytest.raises(NoSuchLogin):
        api.log_in(house, "alice@inn.test", "guess")
    api.log_out(house, session)
    assert api.person_by_session(house, session) is None
    api.sweep(house)
