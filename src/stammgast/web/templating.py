"""Jinja: the templates of all modules, with translation, formats and components at hand everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from stammgast.kernel import clock
from stammgast.kernel.errors import StammgastError
from stammgast.web.icons import ICONS
from stammgast.web.shell import current_shell
from stammgast.web.static import StaticFiles

SERIES_COLOURS = 8
FIXED_SERIES = {"web": 1, "shop": 2, "app": 3, "mail": 4, "phone": 5, "chat": 6, "social": 7}
"""Channels keep their colour on every page; 8 is for what has no name of its own."""


def make_environment(folders: Mapping[str, Path], static: StaticFiles) -> Environment:
    """Return the environment over `<module>/templates` folders (module -> folder); templates are `module/name.html`."""
    environment = Environment(
        # A module's templates lie in templates/<module>/, so that a name says whose it is.
        loader=ChoiceLoader([PrefixLoader({name: FileSystemLoader(one / name) for name, one in folders.items()})]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        has_static=static.has,
        iso=lambda millis: clock.from_millis(millis).isoformat(timespec="milliseconds"),
        chart_json=chart_json,
        chart_label=chart_label,
        static=static.url,
        icon=icon,
        series_index=series_index,
        spark_path=spark_path,
        shell_=current_shell,
        now=clock.now_millis,
        zip=zip,
    )
    environment.filters.update(_filters())
    environment.globals["ui"] = environment.get_template("web/components.html").module
    return environment


_FORMATS = (
    "number", "percent", "money", "date", "time", "exact", "relative", "duration", "size", "weekday", "country",
)  # fmt: skip


def _filters() -> dict[str, Callable[..., Any]]:
    own: dict[str, Callable[..., Any]] = {name: _format_filter(name) for name in _FORMATS}
    return own | {"translated": translated, "translated_all": translated_all, "json": _json, "pretty": _pretty}


def _format_filter(name: str) -> Callable[..., str]:
    # Filters are made once, formats belong to the request.
    def formatted(*values: object) -> str:
        return str(getattr(current_shell().formats, name)(*values))

    return formatted


def _gettext(text: str) -> str:
    return current_shell().translator.gettext(text)


def _ngettext(one: str, many: str, count: int) -> str:
    return current_shell().translator.ngettext(one, many, count)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _pretty(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def chart_json(data: Mapping[str, Any]) -> str:
    """Return a chart's data for the browser: labels written, colours settled, so that every chart agrees on both."""
    series = [one | {"colour": series_index(one["key"])} for one in data["series"]]
    labels = [chart_label(x, data["x_kind"]) for x in data["x"]]
    return _json({"language": current_shell().language, **data, "series": series, "labels": labels})


def chart_label(x: object, kind: str) -> str:
    """Return the label of a place on a chart's axis; times are ms UTC, everything else is shown as it is."""
    formats = current_shell().formats
    if kind == "text" or not isinstance(x, int):
        return str(x)
    if kind == "day":
        return formats.day(x)
    return formats.time(x) if kind in {"hour", "minute"} else formats.exact(x)


def spark_path(values: Sequence[float], width: int = 120, height: int = 24) -> str:
    """Return bars of small multiples as an SVG path, the greatest as high as the picture; what is above 0 can be seen.

    >>> spark_path([0, 1, 2], width=9, height=10)
    'M3 10v-5h2v5zM6 10v-10h2v10z'
    """
    most, step = max(values, default=0), width / max(len(values), 1)
    bars = ((place * step, max(value / most * height, 1.0)) for place, value in enumerate(values) if value > 0)
    return "".join(f"M{x:g} {height}v-{tall:.3g}h{step - 1:g}v{tall:.3g}z" for x, tall in bars)


def translated_all(choices: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return (value, label, ...) choices with every `marked` string behind the value in the reader's language."""
    return [(value, *(translated(one) for one in rest)) for value, *rest in choices]


def translated(text: str | StammgastError) -> str:
    """Return a string that was `marked` in Python, a Phrase or an error in the reader's language."""
    translator = current_shell().translator
    return translator.error(text) if isinstance(text, StammgastError) else translator.gettext(text)


def icon(name: str, label: str = "") -> Markup:
    """Return a line icon as SVG. Without `label` it is decoration; KeyError for a name that is not in ICONS."""
    named = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" viewBox="0 0 24 24" {}>{}</svg>').format(named, Markup(ICONS[name]))  # noqa: S704 - our own drawings


def series_index(key: str) -> int:
    """Return which of the series colours (1 to 8) a channel, segment or variant has, the same everywhere.

    >>> series_index("web"), series_index("mail"), series_index("")
    (1, 4, 8)
    """
    if not key:
        return SERIES_COLOURS
    if key in FIXED_SERIES:
        return FIXED_SERIES[key]
    return hashlib.blake2b(key.encode(), digest_size=1).digest()[0] % SERIES_COLOURS + 1
