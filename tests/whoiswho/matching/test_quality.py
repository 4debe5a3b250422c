"""How good suggestions are, on public data with known truth, beside Splink with the settings that its documentation gives."""

import pytest

from bench import matching_bench as bench
from stammgast.whoiswho.matching.scoring import score
from stammgast.whoiswho.matching.training import train

pytest.importorskip("splink", reason="the extra matching is not installed")


@pytest.fixture(scope="module")
def fake(shared_data):
    shared_data("splink/fake_1000.csv.gz")
    return bench._fake_records()


def test_on_fake_1000_pairwise_f1_is_at_least_that_of_splink_as_documented(fake):
    ours, truth = bench._ours(*fake)
    theirs, their_truth = bench._splink_fake()
    for threshold in bench.THRESHOLDS:
        assert bench.f1(ours, truth, threshold) >= bench.f1(theirs, their_truth, threshold)
    assert bench.best_f1(ours, truth) >= bench.best_f1(theirs, their_truth)


def test_the_order_of_records_changes_nothing(fake):
    records, _ = fake
    some = [one for one in records if one.is_comparable][:300]
    model = train(some)
    assert train(some[::-1]) == model
    forward = [(pair.one, pair.other, round(pair.bits, 6)) for pair in score(some, model).pairs]
    assert [(pair.one, pair.other, round(pair.bits, 6)) for pair in score(some[::-1], model).pairs] == forward
