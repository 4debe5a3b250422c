"""Pure numerics: intervals, lifetime value, experiments, bandits, drivers, anomalies. No I/O, no state.

Import the concept you need, e.g. `from stammgast.stats.intervals import nps_interval`; nothing is loaded by this package
itself, so that one interval does not cost the start-up time of scikit-learn.
"""
