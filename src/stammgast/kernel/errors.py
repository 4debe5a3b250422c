"""The one base of every refusal and failure that a person or a program may meet."""

from __future__ import annotations

import inspect
from typing import ClassVar


class StammgastError(Exception):
    """Something went wrong in Stammgast.

    A subclass's docstring is its message: the first paragraph, with the keyword arguments filled in. `code` is the
    machine-readable name, `status` the HTTP status given at the edge, `retry` says whether trying again later helps.

    >>> class PortTaken(StammgastError):
    ...     '''Port {port} is in use. Choose another one with --port.'''
    >>> str(PortTaken(port=8400))
    'Port 8400 is in use. Choose another one with --port.'
    >>> PortTaken.code
    'port_taken'
    """

    code: ClassVar[str] = "stammgast_error"
    status: ClassVar[int] = 400
    retry: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Derive `code` from the class name unless the subclass names its own."""
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            cls.code = "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")

    def __init__(self, **facts: object) -> None:
        """Keep `facts` as attributes-in-a-dict and as the message's fillings."""
        self.facts = facts
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The sentence for people, in English; `code` is the key for translations."""
        template = inspect.cleandoc(type(self).__doc__ or "").split("\n\n")[0].replace("\n", " ")
        return template.format(**self.facts)

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, so that errors may cross process pools."""
        return _rebuild, (type(self), self.facts)


def _rebuild(kind: type[StammgastError], facts: dict[str, object]) -> StammgastError:
    return kind(**facts)


class NotFound(StammgastError):
    """There is no {what} {name}."""

    status = 404


class NoInstallation(StammgastError):
    """There is no installation in {path}. Name the folder of yours with --data, or begin one there with `{command}`."""


class NotAllowed(StammgastError):
    """Your role may not do this: it needs {needed}."""

    status = 403


class Invalid(StammgastError):
    """{field}: {problem}."""

    status = 422


class Conflict(StammgastError):
    """{problem}."""

    status = 409


class Overloaded(StammgastError):
    """Too much at once. Try again in {seconds} seconds."""

    status = 429
    retry = True


class Unavailable(StammgastError):
    """{what} does not answer right now. Try again in a moment."""

    status = 503
    retry = True
