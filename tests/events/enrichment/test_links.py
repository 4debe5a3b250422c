"""Campaigns and referrers as links really carry them."""

import pytest

from stammgast.events.enrichment.campaign import NO_CAMPAIGN
from stammgast.events.enrichment.rules import PAYMENT_HOSTS
from stammgast.events.enrichment.visit import read_visit


def visit(url, referrer="", payments=frozenset()):
    return read_visit(url, "", "", referrer, NO_CAMPAIGN, payments)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com/#utm_source=letter&utm_campaign=spring",
        "https://shop.example.com/#/landing?utm_source=letter&utm_campaign=spring",
        "https://shop.example.com/?a=1&amp;utm_source=letter&amp;utm_campaign=spring",
    ],
)
def test_parameters_count_in_the_fragment_and_behind_written_ampersands(url):
    found = visit(url).campaign
    assert (found.source, found.name) == ("letter", "spring")


def test_the_query_beats_the_fragment():
    assert visit("https://shop.example.com/?utm_source=a#utm_source=b").campaign.source == "a"


def test_a_fragment_that_names_no_campaign_is_none():
    assert visit("https://shop.example.com/#size=4").campaign is NO_CAMPAIGN


def test_latin_1_is_read_as_such_and_utf_8_as_such():
    assert visit("https://a.example/?utm_source=x&utm_campaign=Fr%FChling").campaign.name == "Frühling"
    assert visit("https://a.example/?utm_source=x&utm_campaign=Fr%C3%BChling").campaign.name == "Frühling"


def test_who_comes_back_from_paying_was_there_before():
    payments = frozenset(PAYMENT_HOSTS)
    back = visit("https://shop.example.com/thanks", "https://www.paypal.com/checkoutnow", payments)
    assert (back.referrer_medium, back.referrer_name) == ("internal", "")
    assert visit("https://shop.example.com/", "https://notpaypal.com/", payments).referrer_medium == "referral"
    assert visit("https://shop.example.com/", "https://www.paypal.com/").referrer_medium == "referral"
