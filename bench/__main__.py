"""Run all `bench/*_bench.py`, or those named as arguments, and print one table; always exits 0: a bench tells, a test judges."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path

from bench.table import Row, print_table

SUFFIX = "_bench"


def bench_names() -> list[str]:
    """Names of all bench modules without their suffix, sorted."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(module.name.removesuffix(SUFFIX) for module in found if module.name.endswith(SUFFIX))


def main(arguments: list[str]) -> None:
    """Run the benches chosen and print their rows."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of: {', '.join(bench_names())}")
    parser.add_argument("--quick", action="store_true", help="smaller loads, to see that a bench runs")
    chosen = parser.parse_args(arguments)
    names = [name.removesuffix(SUFFIX) for name in chosen.names] or bench_names()
    rows: list[Row] = []
    for name in names:
        started = time.perf_counter()
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            rows += importlib.import_module(f"bench.{name}{SUFFIX}").run(quick=chosen.quick)
        except Exception as error:  # noqa: BLE001 - one bench that fails must not hide the others' figures
            rows.append(Row(f"{name} failed: {type(error).__name__}: {error}", float("nan"), "", holds=False))
        print(f"{name} took {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)
    print_table(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
