import numpy as np
import pytest

from stammgast.text.convolution import REACH, TILE, Convolution, Space, minimal_filter

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_a_minimal_filter_is_the_convolution_itself(order):
    given, weights = RANDOM.normal(size=TILE + order - 1), RANDOM.normal(size=order)
    filtered = minimal_filter(order)
    found = filtered.outputs @ ((filtered.weights @ weights) * (filtered.inputs @ given))
    assert np.abs(found - np.correlate(given, weights)).max() < 1e-12


@pytest.mark.parametrize("order", [2, 3, 5])
def test_a_convolution_equals_its_sum_taken_directly(order):
    tiles, width = 5, 16
    rows = RANDOM.normal(size=(TILE * tiles + order - 1, width)).astype(np.float32)
    weights = RANDOM.normal(size=(order, width, width)).astype(np.float32)
    bias = RANDOM.normal(size=width).astype(np.float32)
    direct = sum(rows[k : k + TILE * tiles].astype(np.float64) @ weights[k] for k in range(order)) + bias
    by_tile = np.stack([rows[j : j + TILE * tiles : TILE] for j in range(TILE + order - 1)])
    space = Space(
        np.empty((REACH, tiles, width), np.float32),
        np.empty((REACH, tiles, width), np.float32),
        np.zeros((TILE, tiles, width), np.float32),
    )
    out = np.empty((TILE, tiles, width), np.float32)
    Convolution(weights, bias).apply(by_tile, space, out)
    found = out.swapaxes(0, 1).reshape(-1, width)
    assert np.abs(found - np.maximum(direct, 0)).max() < 1e-5 * np.abs(direct).max()
    assert (found == 0).any()  # the rectifier was at work
