"""Customer lifetime value without contracts: who is still alive, how often they will buy, how much they spend.

Inputs everywhere: `frequency` repeat purchases (0 = bought once), `recency` time of the last purchase since the first (0 if
frequency is 0), `age` time since the first purchase; one unit of time for both, weeks by habit. Vectors of shape (customers,).
"""

from stammgast.stats.clv.bg_nbd import BgNbd, fit_bg_nbd, fit_mbg_nbd
from stammgast.stats.clv.calibration import Calibration, CalibrationRow, calibrate
from stammgast.stats.clv.choice import ModelChoice, choose_purchase_model
from stammgast.stats.clv.gamma_gamma import GammaGamma, IndependenceCheck, check_independence, fit_gamma_gamma
from stammgast.stats.clv.lifetime import PurchaseModel, ValueTerms, discounted_lifetime_value
from stammgast.stats.clv.nbd import Nbd, fit_nbd
from stammgast.stats.clv.pareto_nbd import ParetoNbd, fit_pareto_nbd

__all__ = [
    "BgNbd",
    "Calibration",
    "CalibrationRow",
    "GammaGamma",
    "IndependenceCheck",
    "ModelChoice",
    "Nbd",
    "ParetoNbd",
    "PurchaseModel",
    "ValueTerms",
    "calibrate",
    "check_independence",
    "choose_purchase_model",
    "discounted_lifetime_value",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_mbg_nbd",
    "fit_nbd",
    "fit_pareto_nbd",
]
