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

STEP_LONG = 0.005
"""A Newton step longer than this (half a percent of a parameter) calls for a new curvature."""
LOG_BOUND = 12.0
"""|log parameter| beyond this (e^12 = 160,000) means that the likelihood has no maximum inside."""
CURVATURE_MIN = 1e-12
"""Smallest curvature per customer that is told from a ridge."""
DROP_OUT_VISIBLE = 0.001
"""Fitted chance (or rate) to drop out below which the rows show none."""
STEP_TOLERANCE = 1e-6
"""A fit has converged when the next Newton step would move no log parameter by more: slopes alone also vanish on a ridge."""


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

    `starts` are natural parameters. A maximum is accepted when the next Newton step is under `STEP_TOLERANCE`, the likelihood
    is curved in all directions and no parameter ran away.
    """
    objective = _Objective(log_likelihood, customers)
    reason = ""
    for start in starts:
        search = optimize.minimize(objective, np.log(start), jac=True, method="BFGS", options={"gtol": 1e-4})
        found = _finish(objective, np.asarray(search.x))
        if not isinstance(
            found, Maximum
        ):  # a flat ridge: slower, but it follows the curvature to a maximum if there is one
            found = _finish(objective, _along_ridge(objective, np.asarray(search.x)))
        if isinstance(found, Maximum):
            return found
        reason = reason or _explain(names, found)
    raise NotConverged(model=model, reason=reason)


def _along_ridge(objective: _Objective, log_parameters: FloatArray) -> FloatArray:
    start = np.clip(log_parameters, -LOG_BOUND, LOG_BOUND)
    search = optimize.minimize(
        lambda p: objective(p)[0],
        start,
        jac=lambda p: objective(p)[1],
        hess=objective.hessian,
        method="trust-exact",
        options={"maxiter": 60, "gtol": 1e-8},
    )
    return np.asarray(search.x)


def _finish(objective: _Objective, log_parameters: FloatArray) -> Maximum | FloatArray:
    """Polish by Newton steps; return the last log parameters instead where there is no maximum.

    The curvature costs eight evaluations, so it is taken again only after a step long enough to have changed it.
    """
    hessian = None
    for _ in range(12):
        if np.abs(log_parameters).max() > LOG_BOUND:
            return log_parameters
        if hessian is None:
            hessian = objective.hessian(log_parameters)
            if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian).min() <= CURVATURE_MIN:
                return log_parameters
        value, gradient = objective(log_parameters)
        step = np.linalg.solve(hessian, gradient)
        if np.abs(step).max() < STEP_TOLERANCE:
            covariance = np.asarray(np.linalg.inv(hessian) / objective.customers, dtype=np.float64)
            return Maximum(np.exp(log_parameters - step), float(-value * objective.customers), covariance)
        step *= min(1.0, 1.0 / float(np.abs(step).max()))
        log_parameters = log_parameters - step
        if np.abs(step).max() > STEP_LONG:
            hessian = None
    return log_parameters


def _explain(names: Sequence[str], log_parameters: FloatArray) -> str:
    """Say which parameter ran where, for someone who looks at their rows next. Times are shown with the mean age as 40."""
    values = dict(zip(names, np.exp(log_parameters), strict=True))
    shown = ", ".join(f"{name} = {value:.3g}" for name, value in values.items())
    shown += "; mean age 40" if "r" in values else ""
    if "a" in values:
        lost = values["a"] / (values["a"] + values["b"])
    else:
        lost = values["s"] / values["beta"] if "s" in values else 1.0
    if lost < DROP_OUT_VISIBLE:
        return f"no drop-out is visible ({shown}). Observe the customers for longer, or take fit_nbd, which has none"
    if np.abs(log_parameters).max() > LOG_BOUND - 4:
        extreme = names[int(np.abs(log_parameters).argmax())]
        return (
            f"{extreme} runs away ({shown}), so the customers look all alike. "
            "Check the unit of time and whether test or bulk buyers are among the rows"
        )
    return f"the search stopped on a ridge ({shown}). Check the unit of time and try a longer period or more customers"
