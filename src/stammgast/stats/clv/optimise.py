"""Maximum likelihood on the log scale: quasi-Newton steps, a Newton finish, and a verdict that is never silent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import optimize

from stammgast.stats.arrays import FloatArray
from stammgast.stats.errors import NotConverged

LogLikelihood = Callable[[FloatArray], tuple[float, FloatArray]]
"""From parameters (natural scale) to the summed log-likelihood and its gradient by the natural parameters."""

LOG_BOUND = 12.0
"""|log parameter| beyond this (e^12 = 160,000) means that the likelihood has no maximum inside."""
CURVATURE_MIN = 1e-12
"""Smallest curvature per customer that is told from a ridge."""
DROP_OUT_VISIBLE = 0.001
"""Fitted chance (or rate) to drop out below which the rows show none."""
GRADIENT_TOLERANCE = 1e-6
"""Largest slope per customer and log parameter at which a fit counts as converged."""


@dataclass(frozen=True)
class Fitted:
    """What every fitted model knows about its fit: likelihood, sample and uncertainty of the log parameters."""

    names: ClassVar[tuple[str, ...]]
    """Parameters in the order of the covariance's rows."""

    log_likelihood: float
    customers: float
    log_covariance: FloatArray
    """Covariance of the log parameters, shape (parameters, parameters)."""

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by name."""
        return {name: getattr(self, name) for name in self.names}

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard errors by name, from the curvature at the maximum (delta method from the log scale)."""
        log_errors = np.sqrt(np.diag(self.log_covariance))
        return {name: getattr(self, name) * float(e) for name, e in zip(self.names, log_errors, strict=True)}


@dataclass(frozen=True)
class Maximum:
    """The place of the maximum: parameters, the likelihood there and the covariance of the log parameters."""

    parameters: FloatArray
    log_likelihood: float
    log_covariance: FloatArray


@dataclass
class _Objective:
    """Mean negative log-likelihood by log parameters, which makes tolerances independent of the sample size."""

    log_likelihood: LogLikelihood
    customers: float

    def __call__(self, log_parameters: FloatArray) -> tuple[float, FloatArray]:
        parameters = np.exp(np.clip(log_parameters, -30, 30))
        value, gradient = self.log_likelihood(parameters)
        if not np.isfinite(value):
            return 1e10, np.zeros_like(log_parameters)
        return -value / self.customers, -gradient * parameters / self.customers

    def hessian(self, log_parameters: FloatArray) -> FloatArray:
        """Central differences of the analytic gradient."""
        step = 1e-4
        rows = [
            (self(log_parameters + shift)[1] - self(log_parameters - shift)[1]) / (2 * step)
            for shift in step * np.eye(len(log_parameters))
        ]
        hessian = np.array(rows)
        return (hessian + hessian.T) / 2


def maximise(
    model: str,
    names: Sequence[str],
    log_likelihood: LogLikelihood,
    customers: float,
    starts: Sequence[Sequence[float]],
) -> Maximum:
    """Return the maximum, tried from each start in turn; raise `NotConverged` when none leads to one.

    `starts` are natural parameters. A maximum is accepted when every slope is under `GRADIENT_TOLERANCE` per customer, the
    curvature is negative in all directions and no parameter ran away.
    """
    objective = _Objective(log_likelihood, customers)
    reason = ""
    for start in starts:
        search = optimize.minimize(objective, np.log(start), jac=True, method="BFGS", options={"gtol": 1e-5})
        found = _finish(objective, np.asarray(search.x))
        if isinstance(found, Maximum):
            return found
        reason = reason or _explain(names, found)
    raise NotConverged(model=model, reason=reason)


def _finish(objective: _Objective, log_parameters: FloatArray) -> Maximum | FloatArray:
    """Polish by Newton steps; return the last log parameters instead where there is no maximum."""
    for _ in range(8):
        if np.abs(log_parameters).max() > LOG_BOUND:
            return log_parameters
        hessian = objective.hessian(log_parameters)
        if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian).min() <= CURVATURE_MIN:
            return log_parameters
        value, gradient = objective(log_parameters)
        if np.abs(gradient).max() < GRADIENT_TOLERANCE:
            covariance = np.asarray(np.linalg.inv(hessian) / objective.customers, dtype=np.float64)
            return Maximum(np.exp(log_parameters), float(-value * objective.customers), covariance)
        step = np.linalg.solve(hessian, gradient)
        log_parameters = log_parameters - step * min(1.0, 1.0 / float(np.abs(step).max()))
    return log_parameters


def _explain(names: Sequence[str], log_parameters: FloatArray) -> str:
    """Say which parameter ran where, for someone who looks at their rows next."""
    values = dict(zip(names, np.exp(log_parameters), strict=True))
    shown = ", ".join(f"{name} = {value:.3g}" for name, value in values.items())
    lost = values["a"] / (values["a"] + values["b"]) if "b" in values else values.get("s", 1.0)
    if lost < DROP_OUT_VISIBLE:
        return f"no drop-out is visible ({shown}). Observe the customers for longer, or take fit_nbd, which has none"
    if np.abs(log_parameters).max() > LOG_BOUND - 4:
        extreme = names[int(np.abs(log_parameters).argmax())]
        return (
            f"{extreme} runs away ({shown}), so the customers look all alike. "
            "Check the unit of time and whether test or bulk buyers are among the rows"
        )
    return f"the search stopped on a ridge ({shown}). Check the unit of time and try a longer period or more customers"
