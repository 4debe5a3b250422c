"""How well and how fast likely duplicates are found, beside Splink with the settings its documentation gives for the same data.

Pairwise F1 at thresholds of the model's own probability, fixed beforehand (0.5, 0.9, 0.95); the best F1 over all thresholds
is told for both beside it. Nothing is fitted to the answers. The references are Splink's example notebooks "Febrl3 Dedupe" and
"Evaluation from ground truth column" (fake_1000), run by the installed Splink on the same machine in the same run. For Febrl3
the date format is given as the file has it (%Y%m%d): with the one that the notebook's charts show, %Y-%m-%d, no date is read
and the reference is worse.
"""

from __future__ import annotations

import csv
import gzip
import os
import resource
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.people import make_people
from bench.table import Row
from stammgast.whoiswho.matching.records import PersonRecord, person_record
from stammgast.whoiswho.matching.scoring import prior_bits, probability, score
from stammgast.whoiswho.matching.training import train

SHARED = Path(os.environ.get("STAMMGAST_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")
THRESHOLDS = (0.5, 0.9, 0.95)
MANY = 100_000
MANY_QUICK = 5_000
SECONDS_MAX = 300.0

Pairs = Sequence[tuple[Any, Any, float]]
"""(record, record, probability)."""
Truth = Mapping[Any, Any]


def run(*, quick: bool = False) -> list[Row]:
    rows: list[Row] = []
    if SHARED.exists():
        rows += _compare("febrl dataset3 (5,000 records)", *_ours(*_febrl_records()), *_splink_febrl())
        rows += _compare("fake_1000", *_ours(*_fake_records()), *_splink_fake())
    else:
        rows.append(Row(f"public data sets are not in {SHARED} (STAMMGAST_SHARED_DATA)", float("nan"), ""))
    return rows + _many(MANY_QUICK if quick else MANY)


def f1(pairs: Pairs, truth: Truth, threshold: float) -> float:
    """Return the pairwise F1 of what is at least as probable as `threshold`."""
    chosen = [(one, other) for one, other, likely in pairs if likely >= threshold]
    right = sum(truth[one] == truth[other] for one, other in chosen)
    return 2 * right / (len(chosen) + _true_pairs(truth))


def best_f1(pairs: Pairs, truth: Truth) -> float:
    """Return the best F1 that any threshold gives; it takes the answers to know which."""
    best, right, total = 0.0, 0, _true_pairs(truth)
    ordered = sorted(pairs, key=lambda one: -one[2])
    for count, (one, other, likely) in enumerate(ordered, 1):
        right += truth[one] == truth[other]
        if count == len(ordered) or ordered[count][2] < likely:
            best = max(best, 2 * right / (count + total))
    return best


def _true_pairs(truth: Truth) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(truth.values()).values())


def _compare(name: str, ours: Pairs, our_truth: Truth, theirs: Pairs, their_truth: Truth) -> list[Row]:
    def row(what: str, mine: float, reference: float) -> Row:
        told = f"Splink as documented: {reference:.4f}"
        ratio, holds = mine / reference, mine >= reference
        return Row(f"{name}: pairwise F1, {what}", mine, "", "at least Splink's", told, ratio, holds)

    fixed = [
        row(f"probability at least {one}", f1(ours, our_truth, one), f1(theirs, their_truth, one)) for one in THRESHOLDS
    ]
    return [*fixed, row("best of all thresholds", best_f1(ours, our_truth), best_f1(theirs, their_truth))]


def _ours(records: Sequence[PersonRecord], truth: Truth) -> tuple[Pairs, Truth]:
    comparable = [one for one in records if one.is_comparable]
    found = score(comparable, train(comparable))
    start = prior_bits(found.prior)
    return [(one.one, one.other, probability(one.bits + start)) for one in found.pairs], truth


def _rows(path: str) -> list[dict[str, str | None]]:
    with gzip.open(SHARED / path, "rt", encoding="utf-8") as file:
        lines = csv.reader(file)
        names = [name.strip() for name in next(lines)]
        return [dict(zip(names, (value.strip() or None for value in line), strict=True)) for line in lines]


def _febrl_records() -> tuple[list[PersonRecord], Truth]:
    records, truth = [], {}
    for number, row in enumerate(_rows("febrl/dataset3.csv.gz"), 1):
        address = {
            "street": row["address_1"], "houseNumber": row["street_number"], "postalCode": row["postcode"], "city": row["suburb"],
        }  # fmt: skip
        traits = {
            "firstName": row["given_name"], "lastName": row["surname"], "birthday": row["date_of_birth"],
            "address": address, "taxId": row["soc_sec_id"],
        }  # fmt: skip
        records.append(person_record(number, traits, [], lambda *pair: pair))
        truth[number] = str(row["rec_id"]).split("-")[1]
    return records, truth


def _fake_records() -> tuple[list[PersonRecord], Truth]:
    records, truth = [], {}
    for number, row in enumerate(_rows("splink/fake_1000.csv.gz"), 1):
        traits = {
            "firstName": row["first_name"], "lastName": row["surname"], "birthday": row["dob"], "email": row["email"],
            "address": {"city": row["city"]},
        }  # fmt: skip
        records.append(person_record(number, traits, [], lambda *pair: pair))
        truth[number] = row["cluster"]
    return records, truth


def _splink(rows: list[dict[str, str | None]], settings: Any) -> Any:
    import pyarrow as pa
    from splink import DuckDBAPI, Linker

    engine = DuckDBAPI()
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    return Linker(engine.register(table), settings, log_level=None)


def _splink_febrl() -> tuple[Pairs, Truth]:
    from splink import SettingsCreator, block_on
    from splink import comparison_library as compare

    rows = _rows("febrl/dataset3.csv.gz")
    blocks = ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rec_id",
        blocking_rules_to_generate_predictions=[block_on(one) for one in blocks],
        comparisons=[
            compare.NameComparison("given_name"),
            compare.NameComparison("surname"),
            compare.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            compare.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            compare.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            compare.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
    )
    linker = _splink(rows, settings)
    swapped = "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth"
    rules = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth"), swapped]
    linker.training.estimate_probability_two_random_records_match(rules, recall=0.9)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for one in ("date_of_birth", "postcode"):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(one))
    return _predicted(linker, "rec_id"), {row["rec_id"]: str(row["rec_id"]).split("-")[1] for row in rows}


def _splink_fake() -> tuple[Pairs, Truth]:
    from splink import SettingsCreator, block_on
    from splink import comparison_library as compare

    rows = _rows("splink/fake_1000.csv.gz")
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(one) for one in ("first_name", "surname", "dob", "email")],
        comparisons=[
            compare.ForenameSurnameComparison("first_name", "surname"),
            compare.DateOfBirthComparison("dob", input_is_string=True),
            compare.ExactMatch("city").configure(term_frequency_adjustments=True),
            compare.EmailComparison("email"),
        ],
    )
    linker = _splink(rows, settings)
    rules = [
        "l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1",
        "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
        "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
        "l.email = r.email",
    ]
    linker.training.estimate_probability_two_random_records_match(rules, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=5)
    for columns in (("dob",), ("email",), ("first_name", "surname")):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns), estimate_without_term_frequencies=True
        )
    return _predicted(linker, "unique_id"), {row["unique_id"]: row["cluster"] for row in rows}


def _predicted(linker: Any, name: str) -> Pairs:
    found = linker.inference.predict(threshold_match_probability=0.01, warning_mode="never").as_record_list()
    return [(row[f"{name}_l"], row[f"{name}_r"], row["match_probability"]) for row in found]


def _many(count: int) -> list[Row]:
    records, truth = make_people(count, seed=1)
    began, worked = perf_counter(), process_time()
    pairs, _ = _ours(records, truth)
    seconds, work = perf_counter() - began, process_time() - worked
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    target = "under 5 minutes for 100,000"
    return [
        Row(f"{count:,} made-up customers: search", seconds, "s", target, "", None, seconds < SECONDS_MAX),
        # On a machine that does other things too, this is the honest bound: what one idle core would take.
        Row(f"{count:,} made-up customers: CPU time of the search", work, "s", target, "", None, work < SECONDS_MAX),
        Row(f"{count:,} made-up customers: most memory of the process", memory, "MB"),
        Row(f"{count:,} made-up customers: pairwise F1 at 0.5", f1(pairs, truth, 0.5), ""),
        Row(f"{count:,} made-up customers: pairs kept", len(pairs), ""),
    ]
