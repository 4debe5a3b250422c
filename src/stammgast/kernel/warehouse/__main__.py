"""Run the warehouse alone: `python -m stammgast.kernel.warehouse DIRECTORY --port 8123`, for trying out and tests.

The password comes from the environment (WAREHOUSE_PASSWORD, WAREHOUSE_READER_PASSWORD), so that it
shows in no list of processes. The port is printed once requests are answered.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from stammgast.kernel.warehouse.options import WarehouseOptions
from stammgast.kernel.warehouse.server import serve


def _announce(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m stammgast.kernel.warehouse")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="stammgast")
    parser.add_argument("--reader-user", default="")
    parser.add_argument("--memory-fraction", type=float, default=0.4)
    parser.add_argument("--query-seconds", type=float, default=300.0)
    parser.add_argument("--query-memory", type=int, default=0)
    given = parser.parse_args()
    serve(
        WarehouseOptions(
            directory=given.directory.resolve(),
            user=given.user,
            password=os.environ["WAREHOUSE_PASSWORD"],
            port=given.port,
            on_ready=_announce,
            reader_user=given.reader_user,
            reader_password=os.environ.get("WAREHOUSE_READER_PASSWORD", ""),
            memory_fraction=given.memory_fraction,
            query_seconds_max=given.query_seconds,
            query_memory_max=given.query_memory,
        )
    )


if __name__ == "__main__":
    main()
