"""Languages: English in the source, German beside it; and numbers, money and times in the reader's form.

Mark a string with `_()`: in templates it is translated where it stands, in Python `marked` (usually imported as `_`)
only marks it, and whoever shows it translates. Translations lie in `<module>/locale/<language>.po`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.messages.pofile import read_po

from stammgast.kernel import clock
from stammgast.kernel.errors import StammgastError

LANGUAGES = ("en", "de")
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch"}
MICROS = 1_000_000

# English is written for Europe: days before months and a clock of 24 hours.
_LOCALES = {"en": "en_GB", "de": "de_DE"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def marked(text: str) -> str:
    """Return `text` as it is; mark it for translation.

    >>> marked("Customers")
    'Customers'
    """
    return text


class Phrase(str):
    """A sentence with facts in it that can still be translated: in itself the English one.

    >>> Phrase("at most {most} characters", most=100)
    'at most 100 characters'
    """

    __slots__ = ("facts", "template")
    template: str
    facts: Mapping[str, object]

    def __new__(cls, template: str, **facts: object) -> Self:
        """Fill `facts` into `template`, and keep both."""
        made = super().__new__(cls, template.format(**facts))
        made.template = template
        made.facts = facts
        return made


@dataclass(frozen=True)
class Translator:
    """One language's strings. What has no translation is shown in English."""

    language: str
    messages: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, repr=False)

    def gettext(self, text: str) -> str:
        """Return `text` in this language; a Phrase keeps its facts."""
        if isinstance(text, Phrase):
            facts = {name: self.gettext(one) if isinstance(one, str) else one for name, one in text.facts.items()}
            return self.gettext(text.template).format(**facts)
        found = self.messages.get(text) if text else None
        return found if isinstance(found, str) else text

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Return the form for `count`; English and German both have one for 1 and one for all else."""
        forms = self.messages.get(one)
        if isinstance(forms, tuple):
            return forms[0 if count == 1 else -1]
        return one if count == 1 else many

    def error(self, problem: StammgastError) -> str:
        """Return what a refusal says, in this language."""
        template = inspect.cleandoc(type(problem).__doc__ or "").split("\n\n")[0].replace("\n", " ")
        facts = {name: self.gettext(one) if isinstance(one, str) else one for name, one in problem.facts.items()}
        return self.gettext(template).format(**facts)


def load_translators(folders: Iterable[Path]) -> Mapping[str, Translator]:
    """Return language -> translator with the strings of every `locale` folder; later folders win."""
    messages: dict[str, dict[str, str | tuple[str, ...]]] = {language: {} for language in LANGUAGES}
    for folder in folders:
        for language, known in messages.items():
            path = folder / f"{language}.po"
            if path.is_file():
                known.update(read_messages(path))
    return {language: Translator(language, known) for language, known in messages.items()}


def read_messages(path: Path) -> dict[str, str | tuple[str, ...]]:
    """Return source string -> translation (a tuple where there are plurals) of one .po file; fuzzy ones are left out."""
    with path.open("rb") as file:
        catalog = read_po(file)
    found: dict[str, str | tuple[str, ...]] = {}
    for message in catalog:
        if not message.id or message.fuzzy or not message.string:
            continue
        if isinstance(message.id, str) and isinstance(message.string, str):
            found[message.id] = message.string
        elif all(message.string):
            found[message.id[0]] = tuple(message.string)
    return found


@dataclass(frozen=True)
class Formats:
    """Numbers, money and times as people of one language, in one time zone, write them."""

    language: str
    zone: str = "UTC"

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse(_LOCALES[self.language])

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def number(self, value: float | Decimal, digits: int | None = None) -> str:
        """Return a number with separators, with exactly `digits` decimals when given.

        >>> Formats("de").number(1234567.5), Formats("en").number(0.5, 2)
        ('1.234.567,5', '0.50')
        """
        pattern = None if digits is None else "#,##0." + "0" * digits if digits else "#,##0"
        return numbers.format_decimal(value, format=pattern, locale=self._locale)

    def percent(self, share: float, digits: int = 0) -> str:
        r"""Return a share of 1 as a percentage.

        >>> Formats("de").percent(0.256, 1)
        '25,6\xa0%'
        """
        sign = "\u00a0%" if self.language == "de" else "%"
        return numbers.format_percent(
            share, format=f"#,##0{'.' if digits else ''}{'0' * digits}{sign}", locale=self._locale
        )

    def money(self, micros: int, currency: str) -> str:
        r"""Return an amount of millionths of a currency's unit.

        >>> Formats("de").money(12_500_000, "EUR")
        '12,50\xa0€'
        """
        return numbers.format_currency(Decimal(micros) / MICROS, currency, locale=self._locale)

    def date(self, millis: int, form: str = "medium") -> str:
        """Return the day of a moment in the zone.

        >>> Formats("de", "Europe/Berlin").date(1_700_000_000_000)
        '14.11.2023'
        """
        return dates.format_date(self._local(millis).date(), form, locale=self._locale)

    def day(self, millis: int) -> str:
        """Return day and month of a moment in the zone, as an axis needs it.

        >>> Formats("de", "UTC").day(0), Formats("en", "UTC").day(0)
        ('1. Jan.', '1 Jan')
        """
        return dates.format_skeleton("MMMd", self._local(millis), locale=self._locale)

    def time(self, millis: int, form: str = "short") -> str:
        """Return the time of day of a moment in the zone.

        >>> Formats("en", "Europe/Berlin").time(1_700_000_000_000)
        '23:13'
        """
        return dates.format_time(self._local(millis), form, locale=self._locale)

    def exact(self, millis: int) -> str:
        """Return day, time to the second, and zone.

        >>> Formats("en", "UTC").exact(1_700_000_000_000)
        '14 Nov 2023, 22:13:20 UTC'
        """
        local = self._local(millis)
        day = dates.format_date(local.date(), "medium", locale=self._locale)
        return f"{day}, {dates.format_time(local, 'medium', locale=self._locale)} {local.tzname()}"

    def relative(self, millis: int, now_millis: int | None = None) -> str:
        """Return how long ago (or from now) a moment is, in words.

        >>> Formats("de").relative(0, now_millis=180_000), Formats("en").relative(0, now_millis=86_400_000)
        ('vor 3 Minuten', '1 day ago')
        """
        now = clock.now_millis() if now_millis is None else now_millis
        gap = timedelta(milliseconds=millis - now)
        return dates.format_timedelta(gap, add_direction=True, threshold=1, locale=self._locale)

    def duration(self, seconds: float) -> str:
        """Return a span in its largest fitting unit.

        >>> Formats("en").duration(5400), Formats("de").duration(0.25)
        ('1.5 hrs', '0,25 Sek.')
        """
        size = abs(seconds)
        unit, length = next(
            (pair for pair in (("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE)) if size >= pair[1]), ("second", 1)
        )
        value = round(seconds / length, 2 if size < 1 else 1)
        whole = int(value) if value == int(value) else value
        from babel.units import format_unit

        return format_unit(whole, f"duration-{unit}", length="short", locale=self._locale)

    def size(self, count: float) -> str:
        """Return a count of bytes.

        >>> Formats("de").size(1_536_000)
        '1,5 MB'
        """
        for unit in ("B", "KB", "MB", "GB"):
            if count < 1000:  # noqa: PLR2004 - units go in thousands
                return f"{self.number(round(count, 1))} {unit}"
            count /= 1000
        return f"{self.number(round(count, 1))} TB"

    def weekday(self, number: int) -> str:
        """Return the name of a day, 0 is Monday.

        >>> Formats("de").weekday(0)
        'Montag'
        """
        return str(dates.get_day_names("wide", locale=self._locale)[number])

    def country(self, code: str) -> str:
        """Return a country's name, its code where it has none.

        >>> Formats("de").country("AT"), Formats("de").country("")
        ('Österreich', '')
        """
        return str(self._locale.territories.get(code, code))

    def _local(self, millis: int) -> datetime:
        return clock.from_millis(millis).astimezone(self._zone)


def preferred_language(accept_language: str) -> str | None:
    """Return the first of our languages that a browser asks for, None when it asks for neither.

    >>> preferred_language("fr;q=0.9, de-AT, en;q=0.8"), preferred_language("fr")
    ('de', None)
    """
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language.split(",")):
        name, _, quality = part.strip().partition(";q=")
        language = name.partition("-")[0].lower()
        if language in LANGUAGES:
            try:
                wanted.append((-float(quality or 1), place, language))
            except ValueError:
                continue
    return min(wanted)[2] if wanted else None
