"""What to paste to send the first event, for each way of sending. Existing Segment SDKs only need another host."""

from __future__ import annotations

from dataclasses import dataclass

from stammgast.kernel.runtime import Runtime
from stammgast.workspace.contracts import BrowserSnippet, SourceKind

PLACEHOLDER = "YOUR_WRITE_KEY"


@dataclass(frozen=True)
class Snippet:
    """One way of sending. `language` is its name for people."""

    name: str
    language: str
    text: str


_PYTHON = """\
# pip install segment-analytics-python
import segment.analytics as analytics

analytics.write_key = "{key}"
analytics.host = "{base}"

analytics.identify("customer-17", {{"email": "anna@example.com"}})
analytics.track("customer-17", "Order Completed", {{"total": 42.50, "currency": "EUR"}})
analytics.flush()
"""
_NODE = """\
// npm install @segment/analytics-node
import {{ Analytics }} from "@segment/analytics-node";

const analytics = new Analytics({{ writeKey: "{key}", host: "{base}" }});

analytics.identify({{ userId: "customer-17", traits: {{ email: "anna@example.com" }} }});
analytics.track({{
  userId: "customer-17",
  event: "Order Completed",
  properties: {{ total: 42.5, currency: "EUR" }},
}});
await analytics.closeAndFlush();
"""
_CURL = """\
curl -u "{key}:" -H "Content-Type: application/json" {base}/v1/track \\
  -d '{{"userId": "customer-17", "event": "Order Completed", "properties": {{"total": 42.50, "currency": "EUR"}}}}'
"""


def snippets_for(runtime: Runtime, kind: SourceKind, write_key: str = PLACEHOLDER) -> list[Snippet]:
    """Return the ways of sending, the one that fits the source's kind first."""
    base = runtime.settings.base_url
    found = [
        Snippet("python", "Python", _PYTHON.format(base=base, key=write_key)),
        Snippet("node", "Node.js", _NODE.format(base=base, key=write_key)),
        Snippet("curl", "cURL", _CURL.format(base=base, key=write_key)),
    ]
    browser = _browser(runtime, base, write_key)
    if browser:
        found.insert(0 if kind in {"browser", "mobile"} else len(found), browser)
    return found


def _browser(runtime: Runtime, base: str, write_key: str) -> Snippet | None:
    try:
        writer = runtime.service(BrowserSnippet)
    except KeyError:
        return None
    return Snippet("browser", "HTML", writer.write(base, write_key).strip() + "\n")
