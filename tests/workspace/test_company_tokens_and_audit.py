import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from stammgast.kernel.errors import Invalid, NotFound
from stammgast.workspace import api
from stammgast.workspace.contracts import BrandNotFound, NameTaken, Role, TokenNotFound
from stammgast.workspace.store import METADATA


def test_the_migrations_make_exactly_the_tables_that_the_store_describes(house):
    with house.control.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert [one for one in differences if "alembic" not in str(one)] == []


def test_every_change_raises_the_revision_and_reading_does_not(house, by):
    before = api.revision(house)
    api.list_sources(house)
    api.company(house)
    assert api.revision(house) == before
    api.create_brand(house, by, "Gasthof")
    assert api.revision(house) == before + 1


def test_a_failed_change_leaves_no_trace(house, by):
    before = api.revision(house)

    def change_and_fail():
        with api.changing(house, by) as change:
            change.note("source.create", "source 1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    assert api.revision(house) == before
    assert api.list_audit(house) == ([], 0)


def test_company_settings_are_checked_field_by_field(house, by):
    good = {"name": "Gasthof Löwe", "zone": "Europe/Vienna", "first_weekday": 6, "currency": "chf"}
    changed = api.change_company(house, by, **good)
    assert changed == api.company(house)
    assert changed.currency == "CHF"
    for field, value in {"zone": "Mars/Base", "first_weekday": 7, "currency": "EURO", "name": "x" * 101}.items():
        with pytest.raises(Invalid) as refusal:
            api.change_company(house, by, **(good | {field: value}))
        assert refusal.value.facts["field"] == field
    assert api.company(house) == changed


def test_there_is_one_brand_from_the_start_and_names_are_distinct(house, by):
    assert [one.name for one in api.brands(house)] == ["Standard"]
    made = api.create_brand(house, by, "Gasthof")
    with pytest.raises(NameTaken):
        api.create_brand(house, by, "Gasthof")
    api.rename_brand(house, by, made.id, "Löwe")
    assert [one.name for one in api.brands(house)] == ["Löwe", "Standard"]
    with pytest.raises(BrandNotFound):
        api.rename_brand(house, by, 99, "Bär")


def test_staff_rules_know_domains_ids_and_networks(house, by):
    api.add_staff_rule(house, by, "email_domain", "@Inn.Example")
    api.add_staff_rule(house, by, "user_id", "U7")
    network = api.add_staff_rule(house, by, "network", "203.0.113.77/24")
    api.add_staff_rule(house, by, "network", "2001:db8::/48")
    assert api.add_staff_rule(house, by, "network", "203.0.113.0/24") == network
    rules = api.staff_rules(house)
    assert rules.is_email("anna@inn.example")
    assert not rules.is_email("anna@sub.inn.example")
    assert rules.is_user("u7")
    assert not rules.is_user("u77")
    assert rules.is_address("203.0.113.5")
    assert rules.is_address("2001:db8::1")
    assert not rules.is_address("203.0.114.5")
    assert not rules.is_address("not an address")
    api.remove_staff_rule(house, by, network.id)
    assert not api.staff_rules(house).is_address("203.0.113.5")
    with pytest.raises(NotFound):
        api.remove_staff_rule(house, by, network.id)


def test_staff_rules_that_make_no_sense_are_refused(house, by):
    for kind, value in (("network", "inn"), ("email_domain", "inn"), ("user_id", " "), ("mood", "good")):
        with pytest.raises(Invalid):
            api.add_staff_rule(house, by, kind, value)


def test_a_token_opens_with_its_role_until_it_is_revoked(house, by):
    token, secret = api.create_token(house, by, "Sync", "analyst")
    person = api.person_by_token(house, secret)
    assert (person.kind, person.name, person.role, person.csrf) == ("token", "Sync", Role.ANALYST, "")
    assert api.person_by_token(house, secret + "x") is None
    api.revoke_token(house, by, token.id)
    assert api.person_by_token(house, secret) is None
    with pytest.raises(TokenNotFound):
        api.revoke_token(house, by, 99)


def test_the_use_of_a_token_is_written_down_by_the_task(house, by):
    token, secret = api.create_token(house, by, "Sync", "viewer")
    api.person_by_token(house, secret)
    assert api.list_tokens(house)[0].last_used_at is None
    api.write_token_use(house)
    assert api.list_tokens(house)[0].last_used_at >= token.created_at


def test_the_audit_log_says_who_did_what_without_secrets(house, by):
    made = api.create_source(house, by, "Shop")
    token, secret = api.create_token(house, by, "Sync", "analyst")
    person = api.person_by_token(house, secret)
    api.record_seen(house, person, "profile 17")
    entries, total = api.list_audit(house)
    assert total == 3
    assert [(one.actor.name, one.action, one.subject) for one in entries] == [
        ("Sync", "seen", "profile 17"),
        ("tests", "token.create", f"token {token.id}"),
        ("tests", "source.create", f"source {made.source.id}"),
    ]
    assert secret not in str(entries)
    assert made.write_key not in str(entries)


def test_the_audit_log_is_searched_and_paged(house, by):
    for name in ("a", "b", "c"):
        api.create_source(house, by, name)
    api.create_token(house, by, "Sync", "viewer")
    assert api.list_audit(house, action="source.")[1] == 3
    assert [one.subject for one in api.list_audit(house, limit=2, offset=2)[0]] == ["source 2", "source 1"]
    assert api.list_audit(house, text="SOURCE 2")[1] == 1
    assert api.list_audit(house, text="100%")[1] == 0
