"""Refusals of the numerics: each says what to look at."""

from __future__ import annotations

from stammgast.kernel.errors import StammgastError


class NotConverged(StammgastError):
    """The {model} model did not converge: {reason}."""

    status = 422


class NotIdentified(StammgastError):
    """These rows cannot determine the {model} model: {reason}."""

    status = 422


class SpendDependsOnFrequency(StammgastError):
    """Spend depends on frequency (rank correlation {correlation:.2f}, limit {limit:.2f}), so Gamma-Gamma would mislead.

    Model the spend per segment, or pass `allow_dependent=True` and say so beside the number.
    """

    status = 422
