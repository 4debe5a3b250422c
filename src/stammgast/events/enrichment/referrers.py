"""What kind of place sent a visitor: a small table of our own, and the order in which hints decide."""

from __future__ import annotations

from functools import cache, lru_cache
from urllib.parse import urlsplit

from stammgast.events.enrichment.campaign import CLICK_IDS, Campaign

# name -> hosts, one line each; a host covers its subdomains. A host ending in a dot covers every country's domain.
_SEARCH = """
Google: google.  com.google.android.googlequicksearchbox
Bing: bing.com
DuckDuckGo: duckduckgo.com
Ecosia: ecosia.org
Startpage: startpage.com
Qwant: qwant.com
Brave Search: search.brave.com
Yahoo: search.yahoo.com yahoo.
Yandex: yandex. ya.ru
Baidu: baidu.com
Swisscows: swisscows.com
MetaGer: metager.de metager.org
Kagi: kagi.com
Mojeek: mojeek.com
Naver: search.naver.com
Seznam: search.seznam.cz
Sogou: sogou.com
T-Online search: suche.t-online.de
Web.de search: suche.web.de
GMX search: suche.gmx.net suche.gmx.at
Ask: ask.com
AOL: search.aol.com
"""
_SOCIAL = """
Facebook: facebook.com fb.com fb.me com.facebook.katana
Instagram: instagram.com com.instagram.android
Threads: threads.net threads.com
WhatsApp: whatsapp.com wa.me com.whatsapp
X: twitter.com t.co x.com com.twitter.android
LinkedIn: linkedin.com lnkd.in com.linkedin.android
XING: xing.com
YouTube: youtube.com youtu.be com.google.android.youtube
TikTok: tiktok.com
Pinterest: pinterest. pin.it
Reddit: reddit.com redd.it com.reddit.frontpage
Bluesky: bsky.app
Mastodon: mastodon.social mastodon.online troet.cafe mstdn.social fosstodon.org chaos.social
Telegram: telegram.org t.me org.telegram.messenger
Snapchat: snapchat.com
Tumblr: tumblr.com
Discord: discord.com discord.gg
VK: vk.com
Quora: quora.com
Twitch: twitch.tv
Hacker News: news.ycombinator.com
"""
_MAIL = """
Gmail: mail.google.com com.google.android.gm
Outlook: outlook.live.com outlook.office.com outlook.office365.com com.microsoft.office.outlook
Yahoo Mail: mail.yahoo.com
Web.de: web.de com.unitedinternet.mmc.mobile.webde.mailclient
GMX: gmx.net gmx.de gmx.at gmx.ch
T-Online: email.t-online.de
freenet: email.freenet.de
Proton Mail: mail.proton.me
mailbox.org: mailbox.org
Posteo: posteo.de
iCloud Mail: icloud.com
Bluewin: bluewin.ch
"""
_ASSISTANT = """
ChatGPT: chatgpt.com chat.openai.com openai.com
Perplexity: perplexity.ai
Copilot: copilot.microsoft.com
Gemini: gemini.google.com bard.google.com
Claude: claude.ai
Le Chat: chat.mistral.ai
DeepSeek: chat.deepseek.com deepseek.com
Grok: grok.com
Meta AI: meta.ai
You.com: you.com
Poe: poe.com
Phind: phind.com
"""

_PAID_MEDIUMS = frozenset(
    ("cpc", "ppc", "cpm", "cpa", "cpv", "display", "banner", "retargeting", "affiliate", "ads", "ad", "sem", "sea")
)
_MAIL_MEDIUMS = frozenset(("email", "e-mail", "mail", "newsletter"))
_SOCIAL_MEDIUMS = frozenset(("social", "social-media", "social_media", "sm", "social-network", "social network"))


def classify_referrer(
    campaign: Campaign, referrer: str, own_host: str, payments: frozenset[str] = frozenset()
) -> tuple[str, str]:
    """Return (medium, name) of what sent a page view; `referrer` is an address or empty, `own_host` the page's.

    A link the company marked itself (utm, click id) beats the referrer, which mail programs and apps often hide.
    Who comes back from a payment provider (`payments`, hosts that cover their subdomains) was there before: internal.
    The name is the place's own, a foreign host, or the campaign's source; empty for direct and internal visits.

    >>> classify_referrer(Campaign(), "https://www.google.de/", "shop.example.com")
    ('search', 'Google')
    >>> classify_referrer(Campaign(), "", "shop.example.com")
    ('direct', '')
    """
    host_medium, host_name = _classify_host(referrer_host(referrer), own_host, payments)
    marked = _medium_of_campaign(campaign)
    if not marked:
        return host_medium, host_name
    is_foreign = host_medium not in ("direct", "internal")
    return marked, host_name if is_foreign else known_place(campaign.source)[1] or campaign.source


def _medium_of_campaign(campaign: Campaign) -> str:
    """Return the medium a marked link proves, or empty when it proves none."""
    medium = campaign.medium.lower()
    if medium in _PAID_MEDIUMS or medium.startswith("paid"):
        return "paid"
    if medium in _MAIL_MEDIUMS:
        return "mail"
    if medium in _SOCIAL_MEDIUMS:
        return "social"
    if campaign.click_id:
        return CLICK_IDS[campaign.click_id]
    if campaign.source:
        # ChatGPT marks its links with utm_source=chatgpt.com and nothing else.
        return known_place(campaign.source)[0] or "referral"
    return ""


@lru_cache(16_384)
def _classify_host(host: str, own_host: str, payments: frozenset[str]) -> tuple[str, str]:
    if not host:
        return "direct", ""
    if own_host and (host == own_host or same_site(host, own_host)):
        return "internal", ""
    if covers(payments, host):
        return "internal", ""
    medium, name = known_place(host)
    return (medium, name) if medium else ("referral", host.removeprefix("www."))


def covers(hosts: frozenset[str], host: str) -> bool:
    """Say whether a host or one above it is among `hosts`.

    >>> covers(frozenset({"paypal.com"}), "www.paypal.com"), covers(frozenset({"paypal.com"}), "notpaypal.com")
    (True, False)
    """
    labels = host.split(".")
    return bool(hosts) and any(".".join(labels[start:]) in hosts for start in range(len(labels)))


@lru_cache(16_384)
def referrer_host(referrer: str) -> str:
    """Return the host of an address in lower case (an Android app's package for `android-app://`), or empty.

    >>> referrer_host("android-app://com.google.android.gm/")
    'com.google.android.gm'
    """
    try:
        return (urlsplit(referrer.strip()).hostname or "").rstrip(".")
    except ValueError:
        return ""


def known_place(host: str) -> tuple[str, str]:
    """Return (medium, name) of a place in the table, or two empty texts.

    >>> known_place("mail.google.com"), known_place("www.google.co.uk"), known_place("google.example.com")
    (('mail', 'Gmail'), ('search', 'Google'), ('', ''))
    """
    table = _table()
    labels = host.lower().split(".")
    for start in range(len(labels)):
        found = table.get(".".join(labels[start:]))
        if found:
            return found
    brand = registrable(host).partition(".")[0]
    return table.get(f"{brand}.", ("", "")) if brand else ("", "")


def same_site(one: str, other: str) -> bool:
    """Say whether two hosts belong to the same registrable domain.

    >>> same_site("www.example.co.uk", "shop.example.co.uk"), same_site("a.co.uk", "b.co.uk")
    (True, False)
    """
    domain = registrable(one)
    return bool(domain) and domain == registrable(other)


@lru_cache(16_384)
def registrable(host: str) -> str:
    """Return the registrable domain of a host by the public suffix list, or empty for an address or a bare name."""
    if "." not in host or host.replace(".", "").isdigit() or ":" in host:
        return ""
    return _suffixes().privatesuffix(host.lower()) or ""


@cache
def _suffixes() -> _SuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()  # type: ignore[no-any-return]


class _SuffixList:
    """The one method we use of publicsuffixlist's class, for the type checker."""

    def privatesuffix(self, domain: str) -> str | None:
        raise NotImplementedError


@cache
def _table() -> dict[str, tuple[str, str]]:
    table: dict[str, tuple[str, str]] = {}
    for medium, lines in (("search", _SEARCH), ("social", _SOCIAL), ("mail", _MAIL), ("assistant", _ASSISTANT)):
        for line in lines.strip().splitlines():
            name, _, hosts = line.partition(":")
            table.update(dict.fromkeys(hosts.split(), (medium, name)))
    return table
