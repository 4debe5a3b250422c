"""Numerics: lifetime-value fits, experiment verdicts, error rates by simulation, burst detection."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from bench.nab import best_threshold, load_series, nab_score, shared_data, windowed_gaussian
from bench.table import Row
from stammgast.stats.anomalies import AlarmTerms, TooShort, detect_bursts
from stammgast.stats.clv import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd
from stammgast.stats.experiments import verdicts
from stammgast.stats.experiments.compare import ArmArrays, effects, welch
from stammgast.stats.experiments.sequential import sequence
from stammgast.stats.intervals import nps_bounds
from stammgast.stats.moments import Moments
from stammgast.stats.off_policy import (
    EvaluationTerms,
    LoggedDecisions,
    PolicyValue,
    effective_sample_size,
    evaluate_policy,
)

Vector = NDArray[np.float64]


def run(quick: bool = False) -> list[Row]:
    """Return all rows; `quick` shrinks loads tenfold and leaves the slow reference to a sample."""
    return [
        *_lifetime_fits(100_000 if quick else 1_000_000),
        _verdict_row(),
        _peeking_row(400 if quick else 4000),
        _nps_row(),
        *_off_policy_rows(40 if quick else 400),
        *_nab_rows(),
    ]


def best_of(function: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of several runs: the machine's noise only ever adds."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        function()
        taken.append(time.perf_counter() - started)
    return min(taken)


@dataclass(frozen=True, slots=True)
class Buyers:
    """Customers drawn from BG/NBD with CDNOW's parameters, observed 27 to 78 weeks, times in whole weeks."""

    frequency: Vector
    recency: Vector
    age: Vector


def draw_buyers(customers: int, seed: int = 1) -> Buyers:
    """Simulate purchase by purchase for all customers at once."""
    rng = np.random.default_rng(seed)
    age = rng.integers(27, 79, customers).astype(np.float64)
    rate, drop_out = rng.gamma(0.2426, 1 / 4.4135, customers), rng.beta(0.7929, 2.4257, customers)
    frequency, recency, now = (np.zeros(customers) for _ in range(3))
    alive = np.ones(customers, dtype=bool)
    while alive.any():
        now[alive] += rng.exponential(1 / rate[alive])
        alive &= now < age
        frequency[alive] += 1
        recency[alive] = now[alive]
        alive &= rng.random(customers) > drop_out
    return Buyers(frequency, np.minimum(np.ceil(recency), age), age)


def _lifetime_fits(customers: int) -> list[Row]:
    buyers = draw_buyers(customers)
    columns = (buyers.frequency, buyers.recency, buyers.age)
    model = fit_bg_nbd(*columns)
    ours = best_of(lambda: fit_bg_nbd(*columns))
    started = time.perf_counter()
    reference = fit_by_numeric_gradient(buyers)
    theirs = time.perf_counter() - started
    gap = model.log_likelihood - reference
    shown = f"scipy L-BFGS-B, numeric gradient, same rows: {theirs:.1f} s; log-likelihood differs by {gap:+.3f}"
    same = gap > -0.01
    rows = [
        Row(
            f"BG/NBD, {customers:,} customers, grouping included",
            ours,
            "s",
            "under 1 s",
            shown,
            theirs / ours,
            ours < 1 and same,
        )
    ]
    for name, fit in (("MBG/NBD", fit_mbg_nbd), ("Pareto/NBD", fit_pareto_nbd)):
        taken = best_of(lambda fit=fit: fit(*columns), times=1)  # type: ignore[misc]
        rows.append(Row(f"{name}, the same rows", taken, "s"))
    return rows


def fit_by_numeric_gradient(buyers: Buyers) -> float:
    """The usual way: every row, no grouping, gradient by differences. Returns the log-likelihood."""
    x, t_x, t = buyers.frequency, buyers.recency, buyers.age

    def loss(log_parameters: Vector) -> float:
        r, alpha, a, b = np.exp(log_parameters)
        rate = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
        kept = special.gammaln(a + b) + special.gammaln(b + x) - special.gammaln(b) - special.gammaln(a + b + x)
        alive = -(r + x) * np.log(alpha + t)
        dead = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
        either = np.where(x > 0, np.logaddexp(alive, dead), alive)
        return float(-(rate + kept + either).mean())

    found = optimize.minimize(loss, np.zeros(4), method="L-BFGS-B", options={"ftol": 1e-13, "gtol": 1e-7})
    return float(-found.fun * len(x))


def _verdict_row() -> Row:
    rng = np.random.default_rng(0)
    control, treatment = (
        [Moments(2000 + i, 600 + rng.normal() * 9, 900.0).estimate() for i in range(1000)] for _ in range(2)
    )
    taken = best_of(lambda: verdicts(control, treatment), times=5) * 1000
    return Row(
        "Experiment verdict from sufficient statistics, 1,000 metrics", taken, "ms", "under 50 ms", holds=taken < 50
    )


def peeking_rates(simulations: int, looks: int = 100, per_look: int = 100, seed: int = 0) -> tuple[float, float]:
    """Share of A/A tests (conversion 0.1) called significant at any look: by Welch's test and by our sequence."""
    rng = np.random.default_rng(seed)
    n = np.arange(1, looks + 1) * float(per_look)
    arms = []
    for _ in range(2):
        share = np.cumsum(rng.binomial(per_look, 0.1, (simulations, looks)), axis=1) / n
        arms.append(ArmArrays(np.broadcast_to(n, share.shape), share, np.maximum(share * (1 - share), 1e-9)))
    found = effects(*arms, relative=False)
    fixed, always = welch(found, 0.95)[0], sequence(found, 0.95, 5000)[0]
    wrong = [(np.abs(found.effect) > half).any(axis=1).mean() for half in (fixed, always)]
    return float(wrong[0]), float(wrong[1])


def _peeking_row(simulations: int) -> Row:
    fixed, always = peeking_rates(simulations)
    reference = f"Welch at every look: {fixed:.1%}"
    what = f"A/A, 100 looks, {simulations:,} simulations: false positives of the always-valid reading"
    return Row(what, always * 100, "%", "at or under 5 %", reference, fixed / max(always, 1e-9), always <= 0.05)


def nps_coverage(n: int, shares: Vector, confidence: float = 0.95) -> Vector:
    """Exact coverage of `nps_interval` at each row of `shares` (promoters, passives, detractors), over all outcomes of n."""
    p, d = np.meshgrid(np.arange(n + 1), np.arange(n + 1))
    p, d = p[p + d <= n], d[p + d <= n]
    low, high = nps_bounds(p, d, n, confidence)
    log_shares = np.log(np.maximum(shares, 1e-300))
    ways = special.gammaln(n + 1) - special.gammaln(p + 1) - special.gammaln(d + 1) - special.gammaln(n - p - d + 1)
    chance = np.exp(ways + log_shares @ np.array([p, n - p - d, d], dtype=np.float64))
    truth = 100 * (shares[:, :1] - shares[:, 2:])
    covered = (low <= truth + 1e-9) & (truth <= high + 1e-9)
    return np.asarray((chance * covered).sum(axis=1))


def _nps_row() -> Row:
    shares = np.random.default_rng(1).dirichlet([1, 1, 1], 400)
    edges = np.array([[1, 0, 0], [0, 0, 1], [0.99, 0.005, 0.005], [0.95, 0.05, 0], [0.5, 0, 0.5], [0.9, 0.1, 0]])
    worst = min(float(nps_coverage(n, np.vstack([shares, edges])).min()) for n in (1, 2, 3, 5, 8, 13, 20, 40, 80, 150))
    return Row(
        "NPS interval: worst exact coverage, n from 1 to 150", worst * 100, "%", "at least 94 %", holds=worst >= 0.94
    )


def _off_policy_rows(simulations: int) -> list[Row]:
    covered, normal, refused = off_policy_coverage(simulations)
    what = "Off-policy, epsilon 0.1, n 2,000, 10 arms, best arm 3 %"
    reference = f"normal interval: {normal:.2f}"
    return [
        Row(f"{what}: coverage", covered, "", "at least 0.95", reference, covered / max(normal, 1e-9), covered >= 0.95),
        Row(f"{what}: refused by the threshold of 50 effective decisions", refused * 100, "%"),
    ]


def off_policy_coverage(simulations: int, n: int = 2000, arms: int = 10, seed: int = 3) -> tuple[float, float, float]:
    """Coverage of ours (threshold off) and of the normal interval, and the share refused, for an arm shown by chance alone."""
    rng = np.random.default_rng(seed)
    clicks, epsilon, target = np.linspace(0.015, 0.03, arms), 0.1, arms - 1
    shown = np.full(arms, epsilon / arms)
    shown[0] += 1 - epsilon
    ours = normal = refused = 0
    for _ in range(simulations):
        arm = rng.choice(arms, size=n, p=shown)
        reward = (rng.random(n) < clicks[arm]).astype(np.float64)
        log = LoggedDecisions.of(reward, shown[arm], (arm == target).astype(np.float64))
        terms = log.weight * reward
        normal += abs(terms.mean() - clicks[target]) <= 1.96 * terms.std(ddof=1) / np.sqrt(n)
        refused += effective_sample_size(log.weight) < EvaluationTerms().effective_sample_min
        value = evaluate_policy(log, propensity_min=epsilon / arms, terms=EvaluationTerms(effective_sample_min=1))
        ours += isinstance(value, PolicyValue) and value.interval.contains(float(clicks[target]))
    return ours / simulations, normal / simulations, refused / simulations


def _nab_rows() -> list[Row]:
    folder = shared_data() / "nab"
    if not folder.is_dir():
        return []
    series = load_series(folder)
    terms = AlarmTerms(season=288)
    started = time.perf_counter()
    found = [detect_bursts(one.values, terms) for one in series]
    taken = time.perf_counter() - started
    alarms = [np.array([] if isinstance(f, TooShort) else [b.start for b in f], dtype=np.intp) for f in found]
    ours = nab_score(series, alarms)
    theirs, level = best_threshold(series, [windowed_gaussian(one.values) for one in series])
    reference = f"windowed Gaussian, its best threshold on these series ({level:g}): {theirs:.1f}"
    points = sum(len(one.values) for one in series)
    return [
        Row(
            "NAB, standard profile, five series, default terms",
            ours,
            "",
            "above reference",
            reference,
            ours / theirs,
            ours > theirs,
        ),
        Row(f"Burst detection, {points:,} points", taken, "s"),
    ]
