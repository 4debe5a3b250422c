"""What a raw identifier is worth."""

import pytest

from stammgast.identity.graph.rules import GraphRules, MailProvider
from stammgast.identity.identifiers import normal_identifier
from stammgast.identity.placeholders import FIRST, NEWEST, is_placeholder

RULES = GraphRules()


@pytest.mark.parametrize(
    "value",
    [
        *("null", "NULL", "none", "undefined", "anonymous", "guest", "unknown", "n/a", "-1", "0", "0000000", ""),
        *("00000000-0000-0000-0000-000000000000", "test@test.com", "Test@Test.com", "'null'", '"undefined"', " none "),
        *("noreply@test.com", "null@null.com", "“guest”", "(not set)", "[object Object]"),
    ],
)
def test_placeholders_never_link(value):
    assert is_placeholder(value)
    assert normal_identifier("email" if "@" in value else "user_id", value, RULES) is None


@pytest.mark.parametrize("value", ["10", "001", "anna", "nullmann", "guest-7", "a0", "test@example.com", "-10"])
def test_real_values_are_no_placeholders(value):
    assert not is_placeholder(value)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "distinct_id",
            "distinctId",
            "DISTINCT-ID",
            "user_id",
            "userId",
            "user.id",
            "USER ID",
            "$user_id",
            ":user_id",
        ),
        *(
            "[object Object]",
            "[object Undefined]",
            "{{user.id}}",
            "u-{{ user.id }}",
            "${user.id}",
            "#{user.id}",
            "{user_id}",
        ),
        *("%USER_ID%", "%%emailaddr%%", "<user_id>", "<?= id ?>", "<%= user.id %>", "{% user %}", "*|EMAIL|*"),
        *(
            "[[user]]",
            "{!Contact.Id}",
            "__user_id__",
            "YOUR_USER_ID",
            "your-user-id-here",
            "insert customer number here",
        ),
        *("not_authenticated", "Gast", "undefined-undefined", "{null}", "02:00:00:00:00:00", "9774d56d682e549c"),
    ],
)
def test_names_of_variables_and_unfilled_templates_never_link(value):
    assert normal_identifier("user_id", value, RULES) is None
    assert not is_placeholder(value, FIRST) or value.lower() == "[object object]"


@pytest.mark.parametrize("value", ["{{email}}@shop.de", "email@example.com", "%EMAIL%", "your.email@domain.com"])
def test_addresses_that_nobody_filled_in_never_link(value):
    assert normal_identifier("email", value, RULES) is None


@pytest.mark.parametrize(
    "value",
    [
        *(
            "kunde",
            "user-7",
            "userid7",
            "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
            "id-1",
            "anna",
            "Anna Maurer",
            "a%b",
            "50%",
        ),
        *(
            "client-a",
            "mailer",
            "<3",
            "[7]",
            "#1",
            "key2",
            "_anna_",
            "0x1f",
            "contact me",
            "phone",
            "user",
            "visitor b507",
            "x" * 300,
        ),
    ],
)
def test_values_that_only_look_like_variables_link(value):
    assert not is_placeholder(value, NEWEST)
    assert normal_identifier("user_id", value, RULES) == ("user_id", value)


@pytest.mark.parametrize("mailbox", ["mail", "info", "kontakt", "user"])
def test_mailboxes_named_after_their_use_link_under_domains_of_companies(mailbox):
    assert normal_identifier("email", f"{mailbox}@maurer.de", RULES) == ("email", f"{mailbox}@maurer.de")


def test_gmail_and_googlemail_are_one_domain_and_dots_stay():
    assert normal_identifier("email", "An.na+news@GoogleMail.com", RULES) == ("email", "an.na+news@gmail.com")
    assert normal_identifier("email", "an.na+news@gmail.com", RULES) == ("email", "an.na+news@gmail.com")


def test_rules_may_name_googlemail_and_so_keep_it_apart():
    apart = GraphRules(mail_providers=(MailProvider(domains=("googlemail.com",)),))
    assert normal_identifier("email", "anna@googlemail.com", apart) == ("email", "anna@googlemail.com")
    plus = GraphRules(mail_providers=(MailProvider(domains=("gmail.com",), plus=True, dots=True),))
    assert normal_identifier("email", "an.na+x@googlemail.com", plus) == ("email", "anna@gmail.com")


def test_rules_of_before_read_as_they_did():
    rules = GraphRules(built_in=FIRST)
    assert normal_identifier("email", "anna@googlemail.com", rules) == ("email", "anna@googlemail.com")
    assert normal_identifier("user_id", "distinct_id", rules) == ("user_id", "distinct_id")


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        (" Anna.Maurer@Example.COM ", "anna.maurer@example.com"),
        ("mailto:anna@example.com", "anna@example.com"),
        ("<anna@example.com>", "anna@example.com"),
        ("anna+news@example.com", "anna+news@example.com"),
    ],
)
def test_mail_addresses_differ_by_neither_case_nor_wrapping(raw, normal):
    assert normal_identifier("email", raw, RULES) == ("email", normal)


@pytest.mark.parametrize("raw", ["anna", "anna@", "@example.com", "anna@example", "a b@example.com", "a@b.de, c@d.de"])
def test_what_is_no_mail_address_never_links(raw):
    assert normal_identifier("email", raw, RULES) is None


def test_plus_addressing_is_taken_off_where_the_rules_say_so():
    rules = GraphRules(mail_providers=(MailProvider(domains=("*",), plus=True),))
    assert normal_identifier("email", "anna+news@example.com", rules) == ("email", "anna@example.com")


@pytest.mark.parametrize(
    "raw", ["0171 2345678", "+49 171 2345678", "0049-171-2345678", "(0171) 23 45 678", "tel:+491712345678"]
)
def test_one_phone_number_has_one_form(raw):
    assert normal_identifier("phone", raw, RULES) == ("phone", "+491712345678")


def test_a_phone_number_without_country_code_belongs_to_the_region_set():
    # 020 7946 0018 is in Ofcom's range for drama use, London.
    rules = GraphRules(phone_region="GB")
    assert normal_identifier("phone", "020 7946 0018", rules) == ("phone", "+442079460018")


@pytest.mark.parametrize("raw", ["12345", "abc", "+49", "0171 2345678 0171 2345678 0171"])
def test_what_can_be_no_phone_number_never_links(raw):
    assert normal_identifier("phone", raw, RULES) is None


def test_other_namespaces_are_trimmed_and_keep_their_case():
    assert normal_identifier("Loyalty_Card", " AbC ", RULES) == ("loyalty_card", "AbC")


def test_two_ways_to_write_an_umlaut_are_one():
    assert normal_identifier("user_id", "Mu\u0308ller", RULES) == normal_identifier("user_id", "M\u00fcller", RULES)


def test_own_patterns_never_link():
    rules = GraphRules(never_link=(r"kiosk-\d+",))
    assert normal_identifier("user_id", "Kiosk-12", rules) is None
    assert normal_identifier("user_id", "kiosk-12b", rules) == ("user_id", "kiosk-12b")
