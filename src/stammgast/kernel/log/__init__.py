"""The log: every accepted request, durable before it is answered, kept until all readers have passed it.

One process writes (`LogWriter`), any process on the same host reads (`LogReader`). A log is a folder of segment files.

A position counts events, not requests: an entry's position is the number of events accepted up to and including it, so
the difference of two positions is the number of events between them. Positions grow for ever and are never reused.
"""

from stammgast.kernel.log.entry import LogEntry, LogInUse, LogUnavailable
from stammgast.kernel.log.reader import LogReader
from stammgast.kernel.log.writer import LogWriter

__all__ = ["LogEntry", "LogInUse", "LogReader", "LogUnavailable", "LogWriter"]
