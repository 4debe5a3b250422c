"""Which purchase model do the rows support? Fit them all, keep the best, say what became of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numpy.typing import ArrayLike

from stammgast.stats.clv.bg_nbd import BgNbd, fit_bg_nbd, fit_mbg_nbd
from stammgast.stats.clv.histories import group_histories
from stammgast.stats.clv.nbd import Nbd, fit_nbd
from stammgast.stats.clv.pareto_nbd import ParetoNbd, fit_pareto_nbd
from stammgast.stats.errors import NotConverged


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The purchase model with the lowest AIC, and what became of each one tried: its AIC, or why it did not fit."""

    model: BgNbd | ParetoNbd | Nbd
    name: str
    tried: tuple[tuple[str, float | str], ...]


def choose_purchase_model(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, weights: ArrayLike | None = None
) -> ModelChoice:
    """Fit BG/NBD, MBG/NBD, Pareto/NBD and NBD and return the one with the lowest AIC, saying what became of the others.

    Raises `NotIdentified` when nobody bought twice, `NotConverged` when no model fits.
    """
    fits: dict[str, Callable[..., BgNbd | ParetoNbd | Nbd]] = {
        "BG/NBD": fit_bg_nbd,
        "MBG/NBD": fit_mbg_nbd,
        "Pareto/NBD": fit_pareto_nbd,
        "NBD": fit_nbd,
    }
    tried: list[tuple[str, float | str]] = []
    best: tuple[float, str, BgNbd | ParetoNbd | Nbd] | None = None
    histories = group_histories(frequency, recency, age, weights)
    columns = (histories.frequency, histories.recency, histories.age, histories.weight)
    for name, fit in fits.items():
        try:
            model = fit(*columns)
        except NotConverged as failure:
            tried.append((name, str(failure)))
            continue
        aic = 2 * len(model.parameters) - 2 * model.log_likelihood
        tried.append((name, aic))
        if best is None or aic < best[0]:
            best = aic, name, model
    if best is None:
        raise NotConverged(
            model="purchase", reason="no model fits; look for test or bulk buyers and at the unit of time"
        )
    return ModelChoice(best[2], best[1], tuple(tried))
