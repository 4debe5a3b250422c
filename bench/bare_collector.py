"""The reference for collection: the least that decodes JSON and has it on disk before it answers. Run as a program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from stammgast.kernel.clock import now_millis
from stammgast.kernel.log import LogEntry, LogWriter
from stammgast.kernel.processes.serving import serve
from stammgast.kernel.settings import Settings


def bare_app(log: LogWriter) -> Any:
    """An ASGI app: decode, append, answer."""
    decode = msgspec.json.Decoder().decode

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message.get("more_body"):
                break
        decoded = decode(body)
        count = len(decoded["batch"]) if "batch" in decoded else 1
        await log.append_async(LogEntry(now_millis(), 1, count, "batch", b"", body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"success": true}', "more_body": False})

    return app


if __name__ == "__main__":
    settings = Settings(data=Path(sys.argv[1]), port=int(sys.argv[2]))
    writer = LogWriter(settings.log_dir)
    serve(lambda: bare_app(writer), settings)
    writer.close()
