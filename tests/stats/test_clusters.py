import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from stammgast.stats.clusters import Clustering, NoClusters, assign_clusters, find_clusters

CENTRES = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])


def shoppers(seed, sizes=(80, 60, 50), shift=0.0):
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(3), sizes)
    return (CENTRES + shift)[truth] + rng.normal(0, 1, (len(truth), 2)), truth


def test_three_groups_are_found_and_the_choice_is_justified():
    rows, truth = shoppers(0)
    found = find_clusters(rows, k_max=6)
    assert found.k == 3
    assert adjusted_rand_score(truth, found.labels) > 0.98
    chosen = next(candidate for candidate in found.candidates if candidate.k == 3)
    assert chosen.silhouette == max(candidate.silhouette for candidate in found.candidates)
    assert chosen.stability > 0.9


def test_rows_without_groups_are_said_to_have_none():
    found = find_clusters(np.random.default_rng(1).normal(size=(300, 5)), k_max=5)
    assert isinstance(found, NoClusters)
    assert found.candidates
    assert "silhouette" in found.reason


def test_units_of_measure_do_not_matter():
    rows, _ = shoppers(0)
    assert (find_clusters(rows * [1, 1000], k_max=4).labels == find_clusters(rows, k_max=4).labels).all()


def test_groups_keep_their_labels_when_customers_are_added_and_drift():
    before = find_clusters(shoppers(0)[0], k_max=5)
    rows, truth = shoppers(2, sizes=(50, 90, 120), shift=0.4)
    after = find_clusters(rows, k_max=5, previous=before)
    old = assign_clusters(CENTRES, before)
    new = assign_clusters(CENTRES + 0.4, after)
    assert (old == new).all()
    assert adjusted_rand_score(truth, after.labels) > 0.98


def test_a_new_group_gets_a_new_label():
    rng = np.random.default_rng(3)
    before = find_clusters(shoppers(0)[0], k_max=5)
    rows = np.concatenate([shoppers(0)[0], rng.normal(9, 1, (60, 2))])
    after = find_clusters(rows, k_max=6, previous=before)
    assert after.k == 4
    assert assign_clusters([[9.0, 9.0]], after)[0] not in before.names
    assert set(before.names) < set(after.names)


def test_the_same_seed_gives_the_same_groups():
    rows, _ = shoppers(0)
    first, second = (find_clusters(rows, k_max=4, seed=9) for _ in range(2))
    assert isinstance(first, Clustering)
    assert (first.labels == second.labels).all()
    assert first.candidates == second.candidates


@pytest.mark.parametrize("rows", [np.zeros((50, 2)), np.ones((4, 2))])
def test_too_few_different_rows_are_a_named_answer(rows):
    assert isinstance(find_clusters(rows), NoClusters)
