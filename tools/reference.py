"""Write docs/reference from the code: settings, commands, HTTP API. `make docs` runs it, a test compares."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "<!-- Written by `make docs` out of the code. Do not edit by hand. -->\n\n"


def settings_page() -> str:
    """Return the page of all settings."""
    from stammgast.kernel.settings import described_settings

    lines = [
        "# Settings",
        "",
        "Each setting is an environment variable or a line `name = value` in a TOML file: `STAMMGAST_CONFIG`, else",
        "`stammgast.toml` in the data folder. What is given on the command line beats the variable, the variable beats",
        "the file. A name or value that is not known stops the start with a sentence that says what to mend.",
        "",
        "| Setting | Variable | Default | What it does |",
        "|---|---|---|---|",
    ]
    for name, variable, default, text in described_settings():
        shown = f"`{default}`" if str(default) else "empty"
        lines.append(f"| `{name}` | `{variable}` | {shown} | {text.replace('|', chr(92) + '|')} |")
    return NOTE + "\n".join(lines) + "\n"


def commands_page() -> str:
    """Return the page of all commands, each with its own help."""
    import typer

    from stammgast.cli import make_cli

    os.environ["COLUMNS"] = os.environ["TERMINAL_WIDTH"] = "100"
    root = typer.main.get_command(make_cli())
    parts = ["# Commands\n\nAll of them take `--data DIR`; without it, `STAMMGAST_DATA`, else `data`.\n"]
    for path, command in _walk("stammgast", root):
        with command.context_class(command, info_name=path, terminal_width=100, max_content_width=100) as context:
            parts.append(f"## `{path}`\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return NOTE + "\n".join(parts)


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        if not inner.hidden:
            yield from _walk(f"{path} {name}", inner)


def http_page() -> str:
    """Return the page of the management API, from the OpenAPI document that the running system serves."""
    document = openapi_document()
    introduction = (
        "# HTTP API\n\n"
        "Requests carry `Authorization: Bearer TOKEN` (Settings, API tokens, or `stammgast token create`). Errors are\n"
        "problem details (RFC 9457). The running system serves the same as OpenAPI at `/api/openapi.json`. The endpoints\n"
        "that trackers use are in [collection](collection.md); `/healthz`, `/readyz` and `/metrics` in\n"
        "[running in production](../how-to/production.md).\n"
    )
    parts = [introduction]
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            parts.append(_operation(method, path, operation, document["components"]["schemas"]))
    return NOTE + "\n".join(parts)


def views_page() -> str:
    """Return the page of the views that BI tools see, from the files that make them."""
    from stammgast.app import manifests

    parts = [
        (
            "# Views for BI\n\n"
            "What a BI tool sees of the history, in the database `stammgast_bi` ([attach BI tools](../how-to/bi.md)). Times are in\n"
            "UTC. A customer's number is the one on their page; after a merge all rows show the one that stayed.\n"
        )
    ]
    for view in (view for one in manifests() for view in one.views):
        lines = [f"## `{view.name}`", "", view.about, "", "| Column | Type | What it is |", "|---|---|---|"]
        lines += [f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in view.columns]
        parts.append("\n".join([*lines, ""]))
    return NOTE + "\n".join(parts)


def permissions_page() -> str:
    """Return the page of who may do what: the table that the running system goes by."""
    from stammgast.web.access import doors

    table = access()
    with _fresh_application() as (runtime, _):
        standing_before = list(doors(runtime))
    lines = [
        "# Who may do what",
        "",
        "Every page and every request with the role that it needs, as the running system checks it before anything else. Each",
        "role may also do what the roles below it may: administrator, analyst, agent, viewer. The last column is what somebody",
        "gets who is bound to brands: `their brands` shows only what is theirs, `as everybody` holds nothing",
        "of a brand, `refused` can't be told apart by brand.",
        "",
        "| Request | Needs | Bound to brands |",
        "|---|---|---|",
    ]
    for route, needs in sorted(table.items(), key=lambda one: (one[0].path, one[0].method)):
        needed = f"`{needs.role}`" if needs.role else "nobody in particular"
        lines.append(f"| `{route.method} {route.path}` | {needed} | {BOUND_WORDS[needs.bound]} |")
    lines += [
        "",
        "What stands before all that, for trackers and for watching, checks for itself:",
        "",
        "| Path | Lets in |",
        "|---|---|",
    ]
    lines += [f"| `{place}` | {lets_in} |" for place, lets_in in standing_before]
    return NOTE + "\n".join(lines) + "\n"


def access() -> Mapping[Any, Any]:
    """Return the table of who may do what, of a fresh installation."""
    with _fresh_application() as (_, app):
        table: Mapping[Any, Any] = app.state["access"]
    return table


BOUND_WORDS = {"refused": "refused", "own": "their brands", "same": "as everybody"}


@contextmanager
def _fresh_application() -> Iterator[tuple[Any, Any]]:
    from stammgast.app import open_runtime
    from stammgast.kernel.settings import Settings
    from stammgast.web.app import make_litestar

    with tempfile.TemporaryDirectory() as folder:
        runtime = open_runtime(Settings(data=Path(folder)), "command")
        try:
            yield runtime, make_litestar(runtime)
        finally:
            runtime.close()


def openapi_document() -> Mapping[str, Any]:
    """Return the OpenAPI document of a fresh installation."""
    with _fresh_application() as (_, app):
        document: Mapping[str, Any] = app.openapi_schema.to_schema()
    return document


def _operation(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    lines = [f"## `{method.upper()} {path}`", "", operation.get("description") or operation.get("summary", ""), ""]
    parameters = operation.get("parameters", [])
    if parameters:
        lines += ["| Parameter | In | Required | What it is |", "|---|---|---|---|"]
        lines += [
            f"| `{one['name']}` | {one['in']} | {'yes' if one.get('required') else 'no'} | {_one_line(one)} |"
            for one in parameters
        ]
        lines.append("")
    if "requestBody" in operation:
        lines += [f"Takes {_shape(_schema_of(operation['requestBody']), schemas)}.", ""]
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            lines.append(f"Answers {status}: {_shape(_schema_of(answer), schemas)}.")
    refusals = ", ".join(status for status in operation["responses"] if not status.startswith("2"))
    return "\n".join([*lines, f"Refuses with {refusals}." if refusals else "", ""])


def _schema_of(content: Mapping[str, Any]) -> Mapping[str, Any]:
    kinds = list(content.get("content", {}).values())
    return kinds[0].get("schema", {}) if kinds else {}


def _shape(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> str:
    """Return a schema in one line: `{name, other: [{inner}]}`; two levels deep."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "array":
        return f"[{_shape(schema['items'], schemas, depth)}]"
    fields = schema.get("properties")
    if not fields:
        return "nothing" if depth == 0 and not schema else str(schema.get("type", "a value"))
    if depth > 1:
        return "{...}"
    inner = (f"`{name}`{_deeper(field, schemas, depth)}" for name, field in fields.items())
    return "{" + ", ".join(inner) + "}"


def _deeper(field: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> str:
    is_compound = "$ref" in field or "$ref" in field.get("items", {})
    shape = _shape(field, schemas, depth + 1) if is_compound else ""
    return f": {shape}" if shape.startswith(("{", "[")) else ""


def _one_line(parameter: Mapping[str, Any]) -> str:
    return " ".join(str(parameter.get("description", "")).split()).replace("|", "\\|")


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "commands.md": commands_page,
    "http-api.md": http_page,
    "bi-views.md": views_page,
    "permissions.md": permissions_page,
}


def main() -> None:
    """Write the pages that are named, or all."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or PAGES:
        (REFERENCE / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
