"""Run as a program: the collection API alone, as web serves it, over a log in a folder and fixed write keys."""

import sys
from pathlib import Path

from stammgast.events.http import Collector
from stammgast.kernel.log import LogWriter
from stammgast.kernel.processes.serving import serve
from stammgast.kernel.settings import Settings
from stammgast.workspace.contracts import Source


def source(number, **changes):
    facts = {"name": str(number), "kind": "browser", "brand": 1, "allowed_origins": (), "rate_limit": 0}
    return Source(id=number, created_at=0, revoked_at=None, **(facts | changes))


class FixedKeys(dict):
    """A key ring that never changes."""

    def source(self, write_key):
        return self.get(write_key)


KEYS = FixedKeys(
    key=source(7),
    picky=source(8, allowed_origins=("https://shop.example",)),
    slow=source(9, rate_limit=5),
)

if __name__ == "__main__":
    data, port, backlog_limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    settings = Settings(data=data, port=port, log_backlog_limit=backlog_limit)
    log = LogWriter(settings.log_dir)
    serve(lambda: Collector(settings, KEYS, log), settings)
    log.close()
