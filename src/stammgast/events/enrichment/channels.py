"""Which channel and touchpoint an event belongs to, by ordered rules; the first that fits wins."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from functools import lru_cache

from stammgast.events.enrichment.rules import ChannelRule
from stammgast.kernel.ids import SourceId

CACHED_KINDS_OF_EVENT = 16_384


class ChannelClassifier:
    """Ordered channel rules, compiled; answers are cached by all that rules can look at."""

    def __init__(self, rules: Sequence[ChannelRule], source_kinds: Mapping[SourceId, str]) -> None:
        """Compile `rules`; `source_kinds` says what kind each source is."""
        self._rules = [_CompiledRule(rule) for rule in rules]
        self._source_kinds = source_kinds
        self.classify = lru_cache(CACHED_KINDS_OF_EVENT)(self._classify)

    def _classify(self, source: SourceId, library: str, kind: str, name: str, host: str, path: str) -> tuple[str, str]:
        """Return (channel, touchpoint); each empty when no rule gives it. `kind` is the event's type."""
        channel = touchpoint = ""
        source_kind = self._source_kinds.get(source, "")
        for rule in self._rules:
            gives_news = (rule.channel and not channel) or (rule.touchpoint and not touchpoint)
            if gives_news and rule.fits(source, source_kind, library, kind, name, host, path):
                channel = channel or rule.channel
                touchpoint = touchpoint or rule.touchpoint
                if channel and touchpoint:
                    break
        return channel, touchpoint


class _CompiledRule:
    __slots__ = ("channel", "event", "library", "page", "page_is_path", "source", "source_kind", "touchpoint", "type")

    def __init__(self, rule: ChannelRule) -> None:
        self.channel = rule.channel
        self.touchpoint = rule.touchpoint
        self.source = rule.source
        self.source_kind = rule.source_kind
        self.type = rule.type
        self.library = wildcard(rule.library)
        self.event = wildcard(rule.event)
        self.page = wildcard(rule.page)
        self.page_is_path = rule.page.startswith("/")

    def fits(self, source: int, source_kind: str, library: str, kind: str, name: str, host: str, path: str) -> bool:
        if (self.source and self.source != source) or (self.source_kind and self.source_kind != source_kind):
            return False
        if (self.type and self.type != kind) or (self.library and not self.library(library)):
            return False
        if self.event and not self.event(name):
            return False
        if self.page is None:
            return True
        return bool(host or path) and bool(self.page(path if self.page_is_path else host + path))


def wildcard(pattern: str) -> Callable[[str], re.Match[str] | None] | None:
    """Return a test for texts that fit `pattern` as a whole, case aside, where `*` is any run; None for an empty one.

    >>> bool(wildcard("/help/*")("/Help/faq")), bool(wildcard("/help/*")("/shop"))
    (True, False)
    """
    if not pattern:
        return None
    # Only `*` is special to people; `?` and `[` occur in addresses.
    plain = re.sub(r"([?\[])", r"[\1]", pattern)
    return re.compile(translate(plain), re.IGNORECASE).match
