"""Experiments: did it really help? Every function works from sufficient statistics that a warehouse can add up.

Take `Proportion`, `Moments` or `PairMoments` from `stammgast.stats.moments`, turn them into an `Estimate` (plain, ratio, CUPED or
post-stratified), and compare estimates.
"""

from stammgast.stats.experiments.bayesian import BayesianComparison, compare_bayesian, compare_shares_bayesian
from stammgast.stats.experiments.compare import (
    Comparison,
    NonInferiority,
    NotEnoughData,
    check_non_inferiority,
    compare,
)
from stammgast.stats.experiments.multiplicity import benjamini_hochberg, holm
from stammgast.stats.experiments.planning import (
    Design,
    duration_days,
    minimum_detectable_effect,
    power,
    sample_size_per_arm,
)
from stammgast.stats.experiments.sample_ratio import SampleRatio, check_sample_ratio, check_sample_ratio_sequentially
from stammgast.stats.experiments.sequential import compare_always_valid
from stammgast.stats.experiments.variance import Winsorised, cuped, post_stratify, winsorise
from stammgast.stats.experiments.verdict import Verdict, VerdictTerms, verdicts

__all__ = [
    "BayesianComparison",
    "Comparison",
    "Design",
    "NonInferiority",
    "NotEnoughData",
    "SampleRatio",
    "Verdict",
    "VerdictTerms",
    "Winsorised",
    "benjamini_hochberg",
    "check_non_inferiority",
    "check_sample_ratio",
    "check_sample_ratio_sequentially",
    "compare",
    "compare_always_valid",
    "compare_bayesian",
    "compare_shares_bayesian",
    "cuped",
    "duration_days",
    "holm",
    "minimum_detectable_effect",
    "post_stratify",
    "power",
    "sample_size_per_arm",
    "verdicts",
    "winsorise",
]
