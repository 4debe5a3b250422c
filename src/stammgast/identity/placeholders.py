"""Which values name nobody: what software writes when it knows nobody, and names of variables that nobody filled in."""

from __future__ import annotations

import re

FIRST = 1
"""The built-in reading of the first rules: values such as `null`, `guest`, zeros, test addresses."""
NEWEST = 2
"""What an installation begins with now: also names of variables, templates and `googlemail.com` (see identifiers)."""

QUOTES = "\"'`\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
TEXT_LENGTH_MAX = 200
"""Longer values are looked up as they are: no placeholder is so long, and patterns stay cheap."""

PLACEHOLDERS = frozenset(
    {
        "",
        "-",
        "--",
        "-1",
        "?",
        ".",
        "n/a",
        "nan",
        "nil",
        "null",
        "(null)",
        "<null>",
        "none",
        "(none)",
        "undefined",
        "anonymous",
        "guest",
        "unknown",
        "true",
        "false",
        "[object object]",
        "not set",
        "(not set)",
    }
)
"""Values that software writes when it knows nobody (compared in lower case, without quotes and surrounding blanks)."""

_NOBODY = frozenset(
    {
        *(
            "anon",
            "anonym",
            "anonymous user",
            "anonymer benutzer",
            "nobody",
            "niemand",
            "gast",
            "guest user",
            "unbekannt",
        ),
        *(
            "not authenticated",
            "unauthenticated",
            "not logged in",
            "logged out",
            "nicht angemeldet",
            "no user",
            "nouser",
        ),
        *("unidentified", "not available", "not provided", "not applicable", "keine angabe", "k.a.", "k. a."),
        *("(empty)", "#n/a", "#ref!", "#value!", "void 0", "n.a.", "undefined undefined", "null null"),
        # What Android and iOS say to apps that may not read a hardware address; an id that thousands of old phones share.
        *("02:00:00:00:00:00", "9774d56d682e549c"),
    }
)
"""Further ones, with `_` and `-` between words read as a blank."""

_OWNERS = ("user", "customer", "client", "member", "visitor", "account", "profile", "contact", "person", "subscriber")
_OF_OWNERS = ("id", "uid", "uuid", "name", "email", "mail", "number", "no", "nr", "key", "identifier")
_VARIABLES = frozenset(
    {
        *("id", "uid", "uuid", "guid", "distinct id", "login id", "external id", "internal id"),
        *(
            "anonymous id",
            "device id",
            "session id",
            "cookie id",
            "ga client id",
            "loyalty card",
            "loyalty id",
            "card number",
        ),
        *("email", "e mail", "email address", "e mail address", "phone number"),
        *("first name", "last name", "full name", "username", "kundennummer", "kunden nr", "benutzername"),
        *(f"{owner} {one}" for owner in _OWNERS for one in _OF_OWNERS),
    }
)
"""What variables that hold an identifier are called, as words in lower case: sent instead of what they hold."""

_WITHOUT_BLANKS = frozenset(one.replace(" ", "") for one in _VARIABLES)
_ADDRESSES = frozenset(
    f"{mailbox}@{domain}"
    for mailbox in ("email", "mail", "name", "user", "you", "your", "youremail", "your.email", "your.name", "username")
    for domain in ("email.com", "mail.com", "domain.com", "example.com", "example.org", "yourdomain.com", "company.com")
)
"""What fields for addresses show before somebody writes into them."""
_TEMPLATE = re.compile(
    r"\{\{.{0,100}?\}\}|\$\{.{0,100}?\}|#\{.{0,100}?\}|<%.{0,100}?%>|\{%.{0,100}?%\}|<\?.{0,100}?\?>"
    r"|\*\|.{0,100}?\|\*|%%[a-z_][\w.: -]{0,60}%%|\{![\w.: -]{0,60}\}|\[\[[a-z_][\w.: -]{0,60}\]\]|\[object \w{1,40}\]",
)
"""A place of a template that nobody filled in, anywhere in a value: of web pages, tag managers, mail and CRM systems."""
_MARKS = re.compile(r"[{}<>%\[\]*]")
"""One of which every template and every wrapped name has."""
_DIGIT = re.compile(r"\d")
_WORD = r"[^\W\d]+(?:[._ -][^\W\d]+)*"
_WRAPPED = re.compile(rf"<{_WORD}>|%{_WORD}%|\{{{_WORD}\}}|\[{_WORD}\]")
"""A name in the marks of a place to be filled in. Without digits, so that a GUID in braces is none."""
_BARE_MARKS = "$:@#%<>{}[]()*|_ "
_ABOUT = re.compile(r"(?:(?:your|my|the|some|enter|insert|put|add|example|sample|replace|dein|deine|ihre) )+| here$")

_ZEROS = re.compile(r"[0\-.:x ]*0[0\-.:x ]*")
_NOBODYS_MAILBOXES = frozenset({"null", "none", "undefined", "nan", "n/a", "noreply", "no-reply"})
_TEST_MAILBOXES = frozenset({"test", "asdf", "abc", "guest", "anonymous", "unknown"})
_TEST_DOMAINS = frozenset(
    {"test.com", "test.de", "example.invalid", "none.com", "none.de", "no.com", "noemail.com", "nomail.com", "asdf.com"}
)


def is_placeholder(value: str, built_in: int = FIRST) -> bool:
    """Say whether a value stands for nobody in particular: `null`, `guest`, all zeros, a zero UUID, `test@test.com`.

    `built_in` says by which built-in reading: from the second on, names of variables and unfilled templates are too.

    >>> [is_placeholder(one) for one in ('"None"', "0000", "00000000-0000-0000-0000-000000000000", "10", "anna")]
    [True, True, True, False, False]
    >>> [is_placeholder(one, NEWEST) for one in ("distinct_id", "{{user.id}}", "%USER_ID%", "kunde")]
    [True, True, True, False]
    """
    text = value.strip().strip(QUOTES).strip().lower()
    if text in PLACEHOLDERS or _ZEROS.fullmatch(text) or _is_nobodys_mail(text):
        return True
    return built_in > FIRST and len(text) <= TEXT_LENGTH_MAX and _is_unfilled(text)


def _is_nobodys_mail(text: str) -> bool:
    mailbox, at, domain = text.partition("@")
    if not at:
        return False
    return (
        domain in _TEST_DOMAINS or mailbox in _NOBODYS_MAILBOXES or (mailbox in _TEST_MAILBOXES and mailbox in domain)
    )


def _is_unfilled(text: str) -> bool:
    """Say whether a text in lower case is a variable's name, a template's place, or another word for nobody."""
    if text in _NOBODY or text in _ADDRESSES:
        return True
    if _MARKS.search(text) and (_TEMPLATE.search(text) or _WRAPPED.fullmatch(text)):
        return True
    # Most identifiers have a digit or are mail addresses, and no variable's name is: every event passes here.
    if "@" in text[1:] or _DIGIT.search(text):
        return False
    bare = re.sub(r"[\s._-]+", " ", text.strip(_BARE_MARKS)).strip()
    if bare in _NOBODY or bare in PLACEHOLDERS:
        return True
    name = _ABOUT.sub("", bare)
    return name in _VARIABLES or name in _WITHOUT_BLANKS
