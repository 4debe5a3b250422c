"""What to paste to send the first event, for each way of sending. Existing Segment SDKs only need another host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Runtime
from stammgast.workspace.contracts import BrowserSnippet, SourceKind

PLACEHOLDER = "YOUR_WRITE_KEY"


@dataclass(frozen=True)
class Snippet:
    """One way of sending. `language` is its name for people, marked for translation."""

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
_GO = """\
// go get github.com/segmentio/analytics-go/v3
client, err := analytics.NewWithConfig("{key}", analytics.Config{{Endpoint: "{base}"}})
if err != nil {{
	log.Fatal(err)
}}
defer client.Close()

client.Enqueue(analytics.Identify{{UserId: "customer-17", Traits: analytics.NewTraits().SetEmail("anna@example.com")}})
client.Enqueue(analytics.Track{{
	UserId:     "customer-17",
	Event:      "Order Completed",
	Properties: analytics.NewProperties().Set("total", 42.50).Set("currency", "EUR"),
}})
"""
_PHP = """\
<?php
$event = [
    "userId" => "customer-17",
    "event" => "Order Completed",
    "properties" => ["total" => 42.50, "currency" => "EUR"],
];
$request = curl_init("{base}/v1/track");
curl_setopt_array($request, [
    CURLOPT_USERPWD => "{key}:",
    CURLOPT_HTTPHEADER => ["Content-Type: application/json"],
    CURLOPT_POSTFIELDS => json_encode($event),
    CURLOPT_RETURNTRANSFER => true,
]);
curl_exec($request);
"""
_CURL = """\
curl -u "{key}:" -H "Content-Type: application/json" {base}/v1/track \\
  -d '{{"userId": "customer-17", "event": "Order Completed", "properties": {{"total": 42.50, "currency": "EUR"}}}}'
"""
_BUNDLED = """\
// npm install @segment/analytics-next
import {{ AnalyticsBrowser }} from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load({{ writeKey: "{key}", cdnURL: "{base}" }});

analytics.page();
analytics.track("Product Viewed", {{ product_id: "A-1", name: "Tea", price: 4.9, currency: "EUR" }});
"""
_SWIFT = """\
// Package: https://github.com/segmentio/analytics-swift
import Segment

let configuration = Configuration(writeKey: "{key}")
    .apiHost("{host}/v1")
    .cdnHost("{host}/v1")
let analytics = Analytics(configuration: configuration)

analytics.identify(userId: "customer-17", traits: ["email": "anna@example.com"])
analytics.screen(title: "Basket")
"""
_KOTLIN = """\
// implementation("com.segment.analytics.kotlin:android:<version>")
import com.segment.analytics.kotlin.android.Analytics

val analytics = Analytics("{key}", applicationContext) {{
    apiHost = "{host}/v1"
    cdnHost = "{host}/v1"
}}

analytics.identify("customer-17")
analytics.screen("Basket")
"""
_REACT_NATIVE = """\
// npm install @segment/analytics-react-native @segment/sovran-react-native
import {{ createClient }} from "@segment/analytics-react-native";

const analytics = createClient({{
  writeKey: "{key}",
  proxy: "https://{host}/v1",
  cdnProxy: "https://{host}/v1",
  useSegmentEndpoints: true,
  trackAppLifecycleEvents: true,
}});

analytics.identify("customer-17", {{ email: "anna@example.com" }});
analytics.screen("Basket");
"""
_SERVERS = (("python", "Python", _PYTHON), ("node", "Node.js", _NODE), ("php", "PHP", _PHP), ("go", "Go", _GO))
_APPS = (
    ("swift", _("App for iOS (Swift)"), _SWIFT),
    ("kotlin", _("App for Android (Kotlin)"), _KOTLIN),
    ("react-native", "React Native", _REACT_NATIVE),
)
_ANYBODY = (("curl", "cURL", _CURL),)


def snippets_for(runtime: Runtime, kind: SourceKind, write_key: str = PLACEHOLDER) -> list[Snippet]:
    """Return the ways of sending that fit the source's kind, the usual one first."""
    base = runtime.settings.base_url
    host = base.partition("://")[2]

    def filled(templates: Sequence[tuple[str, str, str]]) -> list[Snippet]:
        return [
            Snippet(name, label, text.format(base=base, host=host, key=write_key)) for name, label, text in templates
        ]

    if kind == "browser":
        return [*_browser(runtime, base, write_key), *filled((("bundled", _("Website with npm"), _BUNDLED), *_ANYBODY))]
    return filled((*(_APPS if kind == "mobile" else _SERVERS), *_ANYBODY))


def _browser(runtime: Runtime, base: str, write_key: str) -> list[Snippet]:
    try:
        writer = runtime.service(BrowserSnippet)
    except KeyError:
        return []
    return [Snippet("browser", _("Website"), writer.write(base, write_key).strip() + "\n")]
