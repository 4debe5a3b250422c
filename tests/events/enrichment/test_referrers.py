"""What sent a visitor."""

from __future__ import annotations

import pytest

from stammgast.events.enrichment.campaign import Campaign, read_query
from stammgast.events.enrichment.referrers import classify_referrer

OWN = "www.inn.example.com"


@pytest.mark.parametrize(
    ("referrer", "medium", "name"),
    [
        ("", "direct", ""),
        ("https://www.inn.example.com/a", "internal", ""),
        ("https://blog.example.com/", "internal", ""),
        ("https://www.google.de/", "search", "Google"),
        ("https://www.google.co.uk/search?q=x", "search", "Google"),
        ("https://duckduckgo.com/", "search", "DuckDuckGo"),
        ("https://suche.t-online.de/fast-cgi/tsc", "search", "T-Online search"),
        ("https://l.facebook.com/", "social", "Facebook"),
        ("https://t.co/abc", "social", "X"),
        ("https://www.xing.com/", "social", "XING"),
        ("https://mail.google.com/mail/u/0", "mail", "Gmail"),
        ("https://3c.web.de/mail/client", "mail", "Web.de"),
        ("android-app://com.google.android.gm/", "mail", "Gmail"),
        ("https://chatgpt.com/", "assistant", "ChatGPT"),
        ("https://www.perplexity.ai/search/x", "assistant", "Perplexity"),
        ("https://copilot.microsoft.com/", "assistant", "Copilot"),
        ("https://gemini.google.com/app", "assistant", "Gemini"),
        ("https://www.some-magazine.example/story", "referral", "some-magazine.example"),
        ("https://google.example.org/", "referral", "google.example.org"),
        ("http://[broken", "direct", ""),
    ],
)
def test_a_referrer_belongs_to_a_medium(referrer, medium, name):
    assert classify_referrer(Campaign(), referrer, OWN) == (medium, name)


@pytest.mark.parametrize(
    ("query", "referrer", "medium", "name"),
    [
        ("utm_source=google&utm_medium=cpc", "https://www.google.de/", "paid", "Google"),
        ("gclid=1", "https://www.google.de/", "paid", "Google"),
        ("fbclid=1", "", "social", ""),
        ("utm_source=letter&utm_medium=email", "", "mail", "letter"),
        ("utm_source=chatgpt.com", "", "assistant", "ChatGPT"),
        ("utm_source=partner", "", "referral", "partner"),
        ("utm_medium=paid-social&utm_source=ig", "https://l.instagram.com/", "paid", "Instagram"),
    ],
)
def test_a_marked_link_beats_the_referrer(query, referrer, medium, name):
    assert classify_referrer(read_query(query), referrer, OWN) == (medium, name)


def test_a_click_id_keeps_its_kind_and_loses_its_value():
    assert "secret" not in repr(read_query("?gclid=secret"))


def test_a_query_with_a_thousand_parameters_names_no_campaign():
    assert read_query("utm_source=x&" + "a=1&" * 1_000).is_empty
