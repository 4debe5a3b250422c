import pytest

from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid
from stammgast.workspace import api
from stammgast.workspace.contracts import (
    EmailTaken,
    LastAdministrator,
    LinkSpent,
    NoSuchLogin,
    Role,
    SomebodyThere,
    TooManyLogins,
    UserNotFound,
    WeakPassword,
)

PASSWORD = "a calm evening at the inn"


def secret_of(link):
    return link.partition("link=")[2]


def test_each_role_may_what_the_roles_below_it_may():
    order = [Role.VIEWER, Role.AGENT, Role.ANALYST, Role.ADMINISTRATOR]
    for place, role in enumerate(order):
        assert [role.includes(other) for other in order] == [at <= place for at in range(4)]


def test_the_setup_link_makes_one_administrator_and_works_once(house):
    secret = secret_of(api.make_setup_link(house))
    made = api.use_setup_link(house, secret, email="Alice@Inn.Test", name="Alice", password=PASSWORD)
    assert (made.email, made.role) == ("alice@inn.test", Role.ADMINISTRATOR)
    with pytest.raises(LinkSpent):
        api.use_setup_link(house, secret, email="charlie@inn.test", name="Charlie", password=PASSWORD)
    assert api.make_setup_link(house) is None
    with pytest.raises(SomebodyThere):
        api.setup_link(house)


def test_a_new_setup_link_ends_the_older_one(house):
    old, new = secret_of(api.make_setup_link(house)), secret_of(api.make_setup_link(house))
    with pytest.raises(LinkSpent):
        api.use_setup_link(house, old, email="alice@inn.test", name="Alice", password=PASSWORD)
    assert api.use_setup_link(house, new, email="alice@inn.test", name="Alice", password=PASSWORD)


def test_links_end_after_three_days(house, alice, by, monkeypatch):
    secret = secret_of(api.make_entry_link(house, by, alice.id))
    later = clock.now_millis() + 72 * 3_600_000 + 1
    monkeypatch.setattr(clock, "now_millis", lambda: later)
    with pytest.raises(LinkSpent):
        api.person_of_link(house, secret)


@pytest.mark.usefixtures("alice")
def test_somebody_invited_chooses_a_password_and_can_log_in(house, by):
    bob = api.create_user(house, by, email="bob@inn.test", name="Bob", role="agent")
    with pytest.raises(NoSuchLogin):
        api.log_in(house, "bob@inn.test", "")
    secret = secret_of(api.make_entry_link(house, by, bob.id))
    assert api.person_of_link(house, secret).name == "Bob"
    api.use_entry_link(house, secret, password="another calm evening")
    assert api.person_by_session(house, api.log_in(house, "bob@inn.test", "another calm evening")).role is Role.AGENT


def test_an_entry_link_can_not_make_an_administrator(house, by):
    bob = api.create_user(house, by, email="bob@inn.test", name="Bob", role="viewer")
    secret = secret_of(api.make_entry_link(house, by, bob.id))
    with pytest.raises(LinkSpent):
        api.use_setup_link(house, secret, email="evil@inn.test", name="Evil", password=PASSWORD)


@pytest.mark.usefixtures("alice")
def test_a_log_in_is_known_by_its_secret_and_ends_when_told(house):
    secret = api.log_in(house, " ALICE@inn.test ", PASSWORD)
    person = api.person_by_session(house, secret)
    assert (person.name, person.role, person.email) == ("Alice", Role.ADMINISTRATOR, "alice@inn.test")
    assert person.csrf
    assert secret not in person.csrf
    api.log_out(house, secret)
    assert api.person_by_session(house, secret) is None


@pytest.mark.usefixtures("alice")
def test_an_unused_log_in_ends(house, monkeypatch):
    secret = api.log_in(house, "alice@inn.test", PASSWORD)
    later = clock.now_millis() + house.settings.session_hours * 3_600_000 + 1
    monkeypatch.setattr(clock, "now_millis", lambda: later)
    assert api.person_by_session(house, secret) is None
    api.sweep(house)
    with house.control.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar() == 0


@pytest.mark.usefixtures("alice")
def test_a_log_in_in_use_goes_on(house, monkeypatch):
    secret = api.log_in(house, "alice@inn.test", PASSWORD)
    half = house.settings.session_hours * 1_800_000
    began = clock.now_millis()
    for times in (1, 2, 3):
        monkeypatch.setattr(clock, "now_millis", lambda moment=began + times * half: moment)
        assert api.person_by_session(house, secret) is not None


@pytest.mark.usefixtures("alice")
def test_neither_password_nor_session_is_stored_readably(house, tmp_path):
    secret = api.log_in(house, "alice@inn.test", PASSWORD)
    house.control.close()
    stored = b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir())
    assert PASSWORD.encode() not in stored
    assert secret.encode() not in stored
    assert b"$argon2id$" in stored


@pytest.mark.usefixtures("alice")
def test_a_guesser_has_to_wait_and_the_right_password_too(house):
    for _ in range(10):
        with pytest.raises(NoSuchLogin):
            api.log_in(house, "alice@inn.test", "guess")
    with pytest.raises(TooManyLogins):
        api.log_in(house, "alice@inn.test", PASSWORD)


@pytest.mark.usefixtures("alice")
def test_somebody_shut_out_is_logged_out_at_once(house, by):
    bob = api.create_user(house, by, email="bob@inn.test", name="Bob", role="agent", password=PASSWORD)
    secret = api.log_in(house, "bob@inn.test", PASSWORD)
    api.set_user_able(house, by, bob.id, able=False)
    assert api.person_by_session(house, secret) is None
    with pytest.raises(NoSuchLogin):
        api.log_in(house, "bob@inn.test", PASSWORD)
    api.set_user_able(house, by, bob.id, able=True)
    assert api.log_in(house, "bob@inn.test", PASSWORD)


def test_the_last_administrator_stays_one(house, alice, by):
    api.create_user(house, by, email="bob@inn.test", name="Bob", role="administrator")  # invited: cannot log in yet
    with pytest.raises(LastAdministrator):
        api.change_user(house, by, alice.id, name="Alice", role="viewer")
    with pytest.raises(LastAdministrator):
        api.set_user_able(house, by, alice.id, able=False)
    api.create_user(house, by, email="dora@inn.test", name="Dora", role="administrator", password=PASSWORD)
    assert api.change_user(house, by, alice.id, name="Alice", role="viewer").role is Role.VIEWER


def test_a_new_password_ends_the_other_log_ins(house, alice):
    secret = api.log_in(house, "alice@inn.test", PASSWORD)
    with pytest.raises(NoSuchLogin):
        api.change_password(house, alice.id, old="wrong", new="yet another evening")
    api.change_password(house, alice.id, old=PASSWORD, new="yet another evening")
    assert api.person_by_session(house, secret) is None
    assert api.log_in(house, "alice@inn.test", "yet another evening")


@pytest.mark.usefixtures("alice")
def test_refusals_say_what_is_wrong(house, by):
    with pytest.raises(EmailTaken):
        api.create_user(house, by, email="ALICE@inn.test", name="Other", role="viewer")
    with pytest.raises(WeakPassword):
        api.create_user(house, by, email="bob@inn.test", name="Bob", role="viewer", password="short")
    with pytest.raises(Invalid):
        api.create_user(house, by, email="no address", name="Bob", role="viewer")
    with pytest.raises(Invalid):
        api.create_user(house, by, email="bob@inn.test", name="Bob", role="owner")
    with pytest.raises(UserNotFound):
        api.user_by_email(house, "nobody@inn.test")


def test_preferences_are_kept(house, alice):
    api.change_preferences(house, alice.id, language="de", theme="dark", zone="Europe/Vienna")
    person = api.person_by_session(house, api.log_in(house, "alice@inn.test", PASSWORD))
    assert (person.language, person.theme, person.zone) == ("de", "dark", "Europe/Vienna")
    with pytest.raises(Invalid):
        api.change_preferences(house, alice.id, language="de", theme="dark", zone="Mars/Base")
