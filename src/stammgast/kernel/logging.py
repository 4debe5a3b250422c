"""What the processes write down: one line a happening, as JSON (for machines) or as text (on a terminal), to stderr.

Personal fields never reach a log line. So an exception is told by its kind and by where it happened, not by its
message (which may quote a value), and whatever still looks like an address, a mail or a secret is blotted out. Only the
level `debug`, which is for a developer's own machine, tells messages of exceptions too.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from types import TracebackType
from typing import Any

from stammgast.kernel.errors import StammgastError

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"  # mail
    r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"  # IPv4; loopback is let through below
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}::[0-9a-fA-F:]*|(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4})(?![\w:])"  # IPv6
    r"|\+\d[\d ()/-]{6,}\d"  # telephone
    r"|\bsg[a-z]_[0-9a-f]{8,}"  # write keys and tokens
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user and password of an address
)


def blotted(text: str) -> str:
    """Return `text` with mails, addresses, telephone numbers and secrets blotted out.

    >>> blotted("no profile for anna@example.org from 203.0.113.9")
    'no profile for [...] from [...]'
    >>> blotted("listening on 127.0.0.1:8400")
    'listening on 127.0.0.1:8400'
    """
    return _PERSONAL.sub(lambda found: found[0] if found[0].startswith(("127.", "0.0.0.0")) else "[...]", text)  # noqa: S104


class LineFormatter(logging.Formatter):
    """Make one line of a record: JSON, or readable text when `as_text`."""

    def __init__(self, process: str, *, as_text: bool, tells_messages: bool = False) -> None:
        """`process` is named on every line; `tells_messages` of exceptions too, which may quote personal values."""
        super().__init__()
        self._process = process
        self._as_text = as_text
        self._tells_messages = tells_messages

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; extra fields given by `extra=` stand beside the message."""
        facts = {
            name: blotted(value) if isinstance(value, str) else value
            for name, value in vars(record).items()
            if name not in _STANDARD and isinstance(value, (str, int, float, bool))
        }
        if record.exc_info and record.exc_info[1] is not None:
            facts |= _told(record.exc_info[1], record.exc_info[2])
            if self._tells_messages:
                facts["detail"] = blotted(str(record.exc_info[1]))
        message = blotted(record.getMessage())
        if self._as_text:
            return self._text(record, message, facts)
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        head = {"time": moment, "level": record.levelname.lower(), "process": self._process, "logger": record.name}
        return json.dumps({**head, "message": message, **facts})

    def _text(self, record: logging.LogRecord, message: str, facts: dict[str, Any]) -> str:
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        rest = "".join(f" {name}={value}" for name, value in facts.items())
        return " ".join(f"{moment} {self._process:<9} {level}{message}{rest}".splitlines())


def _told(problem: BaseException, trace: TracebackType | None) -> dict[str, str]:
    kind = problem.code if isinstance(problem, StammgastError) else type(problem).__name__
    frames = traceback.extract_tb(trace)[-8:]
    where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return {"error": kind, "where": where}


def start_logging(process: str, level: str = "info") -> None:
    """Send everything this process logs to stderr in our form; other people's libraries only from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(process, as_text=sys.stderr.isatty(), tells_messages=level == "debug"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("stammgast").setLevel(level.upper())
    logging.captureWarnings(True)
