"""Channel rules as a person may write them: checked before they are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stammgast.events.enrichment.rules import ChannelRule
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase, marked

RULES_MAX = 500
TEXT_LENGTH_MAX = 200
WILDCARDS_MAX = 5
HOSTS_MAX = 300
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def check_rules(rules: Sequence[ChannelRule]) -> None:
    """Raise Invalid for the first rule that can't work: `rules` is the field, the sentence names the line."""
    if len(rules) > RULES_MAX:
        raise Invalid(field="rules", problem=Phrase(marked("keep to {most} rules"), most=RULES_MAX))
    for number, rule in enumerate(rules, 1):
        problem = _problem(rule)
        if problem:
            raise Invalid(
                field="rules", problem=Phrase(marked("rule {number}: {problem}"), number=number, problem=problem)
            )


def _problem(rule: ChannelRule) -> str:
    if not (rule.channel or rule.touchpoint):
        return marked("it names neither a channel nor a touchpoint")
    if not (rule.source or rule.source_kind or rule.library or rule.type or rule.event or rule.page):
        return marked("it has no condition; put * into the event to let it fit all")
    texts = (rule.channel, rule.touchpoint, rule.library, rule.event, rule.page)
    if any(len(text) > TEXT_LENGTH_MAX for text in texts):
        return marked("a text is too long")
    if any(text.count("*") > WILDCARDS_MAX for text in texts):
        return marked("it has too many *")
    return ""


def tidy_hosts(hosts: Sequence[str]) -> list[str]:
    """Return hosts in lower case, each once, without `www.` and what stands around. Raises Invalid for the first that is none.

    >>> tidy_hosts(["https://www.PayPal.com/checkout", "paypal.com"])
    ['paypal.com']
    """
    if len(hosts) > HOSTS_MAX:
        raise Invalid(field="hosts", problem=Phrase(marked("keep to {most} hosts"), most=HOSTS_MAX))
    found: dict[str, None] = {}
    for one in hosts:
        host = one.strip().lower().rpartition("://")[2].partition("/")[0].removeprefix("www.").strip(".")
        if not _HOST.fullmatch(host):
            raise Invalid(
                field="hosts", problem=Phrase(marked("{host} is no host, such as paypal.com"), host=repr(one[:80]))
            )
        found[host] = None
    return list(found)
