"""Forms: what was typed, kept for showing it again, with each refusal beside its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from litestar.datastructures import UploadFile
from litestar.di import NamedDependency

from stammgast.kernel.errors import Invalid, StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.web.numbers import whole
from stammgast.web.shell import AnyRequest

TEXT_LENGTH_MAX = 100_000


@dataclass(frozen=True)
class Form:
    """One form's texts and files. Handlers take it as the argument `form: SentForm`; templates show it as `form`."""

    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, UploadFile] = field(default_factory=dict)
    problem: StammgastError | None = None

    def text(self, name: str, default: str = "") -> str:
        """Return what was typed, without blanks around; `default` when the field was not sent."""
        return self.texts[name][0].strip() if self.texts.get(name) else default

    def whole(self, name: str, default: int = 0) -> int:
        """Return a whole number, `default` for an empty field; raises Invalid for anything else."""
        text = self.text(name)
        if not text:
            return default
        number = whole(text.removeprefix("-"))
        if number is None:
            raise Invalid(field=name, problem=_("write a whole number"))
        return -number if text.startswith("-") else number

    def wholes(self, name: str) -> list[int]:
        """Return the numbers of a field that can occur many times; raises Invalid when one is none that is kept here."""
        numbers = [number for text in self.every(name) if (number := whole(text)) is not None]
        if len(numbers) < len(self.every(name)):
            raise Invalid(field=name, problem=_("choose from what is there"))
        return numbers

    def flag(self, name: str) -> bool:
        """Say whether a checkbox was ticked."""
        return bool(self.text(name))

    def every(self, name: str) -> Sequence[str]:
        """Return all texts of a field that can occur many times."""
        return self.texts.get(name, ())

    def lines(self, name: str) -> Sequence[str]:
        """Return the lines of a text area that are not empty."""
        return [line.strip() for line in self.text(name).splitlines() if line.strip()]

    def secret(self, name: str) -> str:
        """Return a password exactly as typed."""
        return self.texts[name][0] if self.texts.get(name) else ""

    def refused(self, problem: StammgastError) -> Form:
        """Return the same form with what is wrong with it."""
        return Form(self.texts, self.files, problem)

    def is_wrong(self, name: str) -> bool:
        """Say whether the problem is about this field."""
        return self.problem is not None and self.problem.facts.get("field") == name


SentForm = NamedDependency[Form]
"""The type of a handler's argument `form`."""


async def read_form(request: AnyRequest) -> Form:
    """Read the form of a request."""
    texts: dict[str, list[str]] = {}
    files: dict[str, UploadFile] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile):
            files[name] = value
        else:
            texts.setdefault(_clean(name), []).append(_clean(str(value))[:TEXT_LENGTH_MAX])
    return Form(texts, files)


def _clean(text: str) -> str:
    """Return text that every store takes: without NUL, and without halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
