"""Names that people give: brands, sources, tokens, themselves."""

from __future__ import annotations

from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase

NAME_LENGTH_MAX = 100


def read_name(text: str) -> str:
    """Return a name in its one form: without blanks around and without double ones. Raises Invalid.

    >>> read_name("  Online   shop ")
    'Online shop'
    """
    name = " ".join(text.split())
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        raise Invalid(field="name", problem=Phrase("give a name of at most {most} characters", most=NAME_LENGTH_MAX))
    return name
