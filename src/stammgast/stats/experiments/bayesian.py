"""Bayesian comparison: chance to win and what a wrong choice would cost on average."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from stammgast.stats.arrays import FloatArray, require
from stammgast.stats.experiments.compare import EffectArrays, NotEnoughData, as_arrays, effects, obstacle
from stammgast.stats.intervals import Interval, two_sided_z
from stammgast.stats.moments import Estimate, Proportion

NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(400)


@dataclass(frozen=True, slots=True)
class BayesianComparison:
    """Posterior summary of treatment against control."""

    chance_to_win: float
    """Probability (0..1) that the treatment is truly better (its metric higher)."""
    expected_loss_treatment: float
    """What choosing the treatment costs on average where it is worse: E[max(control - treatment, 0)], unit of the effect."""
    expected_loss_control: float
    """What staying with control costs on average where the treatment is better."""
    effect: float
    interval: Interval
    """Credible interval of the effect."""
    relative: bool


@dataclass(frozen=True, slots=True)
class EffectPrior:
    """A normal prior for the effect; the default says nothing."""

    mean: float = 0.0
    standard_deviation: float = float("inf")


def compare_bayesian(
    control: Estimate | None,
    treatment: Estimate | None,
    *,
    relative: bool = True,
    prior: EffectPrior | None = None,
    confidence: float = 0.95,
) -> BayesianComparison | NotEnoughData:
    """Return the posterior of the effect under a normal likelihood and a normal (by default flat) prior.

    Not safe against looking often under a flat prior, whatever is said about Bayes: decide at a planned look, or take a
    sceptical prior (mean 0, a standard deviation of the effects you usually see).

    >>> control, treatment = Proportion(100, 49).estimate(), Proportion(100, 51).estimate()
    >>> round(compare_bayesian(control, treatment).chance_to_win, 5)
    0.60918
    """
    blocked = obstacle(control, treatment, relative=relative)
    if blocked or control is None or treatment is None:
        return blocked or NotEnoughData("An arm has no estimate.")
    found = effects(as_arrays([control]), as_arrays([treatment]), relative=relative)
    mean, deviation = posterior(found, prior or EffectPrior())
    win, loss_treatment, loss_control = chances(mean, deviation)
    half = two_sided_z(confidence) * float(deviation[0])
    effect = float(mean[0])
    interval = Interval(effect - half, effect + half, confidence)
    losses = float(loss_treatment[0]), float(loss_control[0])
    return BayesianComparison(float(win[0]), *losses, effect, interval, relative)


def posterior(found: EffectArrays, prior: EffectPrior) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the effects' normal posteriors, shapes (metrics,)."""
    require("prior", prior.standard_deviation > 0, "needs a standard deviation above 0")
    precision = 1 / found.variance + 1 / prior.standard_deviation**2
    mean = (found.effect / found.variance + prior.mean / prior.standard_deviation**2) / precision
    return np.asarray(mean), np.asarray(1 / np.sqrt(precision))


def chances(mean: FloatArray, deviation: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return chance to win and the expected losses of treatment and of control for normal posteriors."""
    z = mean / deviation
    win = special.ndtr(z)
    density = deviation * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    loss_treatment = np.maximum(density - mean * special.ndtr(-z), 0.0)
    return np.asarray(win), loss_treatment, np.maximum(density + mean * win, 0.0)


def compare_shares_bayesian(
    control: Proportion, treatment: Proportion, *, prior: tuple[float, float] = (1.0, 1.0), confidence: float = 0.95
) -> BayesianComparison:
    """Return the exact posterior comparison of two shares with beta priors; right for few units, too.

    Absolute effect (treatment - control); its interval is the normal one of the posterior difference.

    >>> round(compare_shares_bayesian(Proportion(100, 49), Proportion(100, 51)).chance_to_win, 5)
    0.61077
    """
    a = (control.successes + prior[0], control.n - control.successes + prior[1])
    b = (treatment.successes + prior[0], treatment.n - treatment.successes + prior[1])
    win = _chance_beta(a, b)
    mean_a, mean_b = a[0] / sum(a), b[0] / sum(b)
    # E[max(B - A, 0)] = E[B] P(B' > A) - E[A] P(B > A'), where ' adds one success.
    gain = mean_b * _chance_beta(a, (b[0] + 1, b[1])) - mean_a * _chance_beta((a[0] + 1, a[1]), b)
    effect = mean_b - mean_a
    variance = sum(s * f / ((s + f) ** 2 * (s + f + 1)) for s, f in (a, b))
    half = two_sided_z(confidence) * float(np.sqrt(variance))
    interval = Interval(max(-1.0, effect - half), min(1.0, effect + half), confidence)
    return BayesianComparison(win, max(gain - effect, 0.0), max(gain, 0.0), effect, interval, relative=False)


def _chance_beta(a: tuple[float, float], b: tuple[float, float]) -> float:
    """P(B > A) for independent betas: the mean of A's distribution function over B's quantiles."""
    quantiles = special.betaincinv(*b, (NODES + 1) / 2)
    return float(NODE_WEIGHTS @ special.betainc(*a, quantiles) / 2)
