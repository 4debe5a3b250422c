"""Every code block of README and docs, run as it stands there against a whole installation: the demo company of `make run`.

Only what a reader has to put in is put in: the address, the write key. What can't be run here is in NOT_RUN with its reason.
"""

import gzip
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import clickhouse_connect
import pytest
import yaml

from stammgast.imports.ready import MAPS
from stammgast.kernel.settings import described_settings
from tools.docs_blocks import ROOT, all_blocks
from tools.installation import Installation, clean_environ

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(240)]

BLOCKS = all_blocks()
NODE_MODULES = ROOT / "assets" / "node_modules"
ADDRESSES = ("http://127.0.0.1:8400", "https://cx.example.com", "https://stammgast.example.com")
KEYS = ("YOUR_WRITE_KEY", "IHR_SCHLÜSSEL", "sgk_...")
ORDERS = 'ordered_at,customer_number,mail,total,order_number\n24.12.2025 18:30,c-1,anna@example.org,"42,50",A-9\n'
"""A shop's export as the how-to's map reads it."""

NOT_RUN = {
    "systemctl stop stammgast": "stops a service of systemd and copies to a second machine; there is neither in a test",
    'pip install "stammgast[matching]"': "fetches packages from the internet; that the extra exists is tested below",
    ".venv/bin/stammgast up --data /srv/stammgast": "runs until it is stopped; the installation of these tests is started so",
    "GRANT CREATE DATABASE": "makes accounts on a ClickHouse server; the embedded warehouse's parser reads it below",
    "stammgast text train DIR": "needs data sets of 300 MB and five minutes; tests/text trains on small ones",
}
"""Beginning of a block -> why it is not run. The command line's parser has read all of them (tests/docs)."""
RUN = [block for block in BLOCKS if not block.text.startswith(tuple(NOT_RUN))]
GENERATED = "docs/reference/commands.md"
"""The help of each command, held against the code by tests/docs."""


def put_in(text, url, key):
    """Put an address and a write key where a reader would."""
    for placeholder in ADDRESSES:
        text = text.replace(placeholder, url)
    for placeholder in KEYS:
        text = text.replace(placeholder, key)
    return text


class Reader:
    """Somebody who follows the docs, beside the checkout and the data folder of a running demo."""

    def __init__(self, folder, browser):
        self.folder = folder
        self.browser = browser
        self.installation = Installation(folder / "data", "--demo")
        self.installation.start()
        self.token = self.installation.token()
        self.bi = clickhouse_connect.get_client(
            host="127.0.0.1",
            port=int((folder / "data/run/warehouse.port").read_text()),
            username="bi",
            password=(folder / "data/run/bi.password").read_text().strip(),
            database="stammgast_bi",
        )
        (folder / "node_modules").symlink_to(NODE_MODULES)
        (folder / "orders.csv.gz").write_bytes(gzip.compress(ORDERS.encode()))
        (folder / "orders.csv").write_text(ORDERS)
        for page, name in (("docs/how-to/import.md", "orders.yaml"), ("docs/how-to/identity-rules.md", "rules.yaml")):
            (written,) = (one for one in BLOCKS if (one.page, one.language) == (page, "yaml"))
            (folder / name).write_text(written.text)

    def close(self):
        self.bi.close()
        self.installation.stop()

    def new_source(self):
        status, made = self.installation.ask("/api/sources", self.token, {"name": f"Docs {time.monotonic_ns()}"})
        assert status == 201, made
        return made["id"], made["writeKey"]

    def run(self, command, **more):
        """Run a program as in a shell that stands in the folder, `stammgast` on its path."""
        environ = {
            **clean_environ(),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "STAMMGAST_PORT": str(self.installation.port),
        }
        done = subprocess.run(
            command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False, timeout=120, **more
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def names_from(self, source):
        """Return names of events that came from a source, in history or in quarantine."""
        self.installation.wait_until_processed(self.token)
        rows = self.bi.query("SELECT DISTINCT name FROM events WHERE source = {s:UInt32}", {"s": source}).result_rows
        _, quarantine = self.installation.ask("/api/quarantine?limit=100", self.token)
        return {name for (name,) in rows} | {one["event"] for one in quarantine["events"]}


@pytest.fixture(scope="module")
def reader(tmp_path_factory, browser):
    reader = Reader(tmp_path_factory.mktemp("reader"), browser)
    yield reader
    reader.close()


SHELL = f"""
set -euo pipefail
curl() {{ command curl --silent --show-error --fail-with-body "$@"; }}
make() {{ command make --dry-run --no-print-directory -C '{ROOT}' "$@"; }}
"""
"""An answer that refuses fails the block. What `make` would do is only told: the suite itself was begun by it."""


def run_sh(reader, text):
    return reader.run(["bash", "-c", SHELL + text])


def run_python(reader, text):
    return reader.run([sys.executable, "-c", text])


def run_js(reader, text):
    """Run a program for Node, or what a page says to the tracker, in a page that carries the snippet of the README."""
    if "import " in text:
        if shutil.which("node") is None or not (NODE_MODULES / "@segment" / "analytics-node").exists():
            pytest.skip("Node with @segment/analytics-node is not installed (`make setup`)")
        (reader.folder / "program.mjs").write_text(text)
        return reader.run(["node", "program.mjs"])
    (snippet,) = (one.text for one in BLOCKS if (one.page, one.language) == ("README.md", "html"))
    return run_html(reader, put_in(snippet, reader.installation.url, reader.key), text)


def run_html(reader, text, then="undefined"):
    (reader.folder / "page.html").write_text(f"<!doctype html><html><head><title>Shop</title>{text}</head><p>Welcome")
    served = partial(SimpleHTTPRequestHandler, directory=reader.folder)
    site = ThreadingHTTPServer(("127.0.0.1", 0), served)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    page = reader.browser.new_page()
    try:
        with page.expect_response(lambda one: "/v1/" in one.url and one.request.method == "POST"):
            page.goto(f"http://127.0.0.1:{site.server_port}/page.html")
        page.wait_for_function("window.analytics && window.analytics.initialized")
        page.evaluate(f"async () => {{ {then} }}")
        page.wait_for_load_state("networkidle")
    finally:
        page.close()
        site.shutdown()
        site.server_close()


def run_sql(reader, text):
    assert reader.bi.query(text).result_rows


def run_yaml(reader, text):
    """Rules and maps: the commands beside them read the files; a map that comes along is the one in the package."""
    told = yaml.safe_load(text)
    packaged = {path.stem: yaml.safe_load(path.read_text()) for path in MAPS.glob("*.yaml")}
    if told.get("name") in packaged:
        assert told == packaged[told["name"]]
    else:
        assert text in {(reader.folder / name).read_text() for name in ("orders.yaml", "rules.yaml")}


def run_ini(reader, text):
    """A unit for systemd: its settings exist, and what it starts is a command."""
    known = {variable for _name, variable, _default, _help in described_settings()}
    assert set(re.findall(r"^Environment=(\w+)=", text, re.MULTILINE)) <= known
    reader.run([*re.search(r"^ExecStart=\S*/(stammgast \w+)$", text, re.MULTILINE)[1].split(), "--help"])


def run_text(reader, text):
    """What a program prints, `...` for what varies."""
    for line in text.splitlines():
        pattern = re.escape(put_in(line, reader.installation.url, "")).replace(r"\.\.\.", ".+")
        assert re.search(f"^{pattern}$", reader.installation.text, re.MULTILINE), line


RUNNERS = {
    "sh": run_sh,
    "python": run_python,
    "js": run_js,
    "html": run_html,
    "sql": run_sql,
    "yaml": run_yaml,
    "ini": run_ini,
    "text": run_text,
}


@pytest.mark.browser
@pytest.mark.parametrize("block", [one for one in RUN if one.page != GENERATED], ids=lambda block: block.name)
def test_a_block_of_the_docs_does_what_it_says(reader, block):
    assert block.language in RUNNERS, "say in RUNNERS how to run it, or in NOT_RUN why not"
    has_key = any(one in block.text for one in KEYS) or block.language == "js"
    source, reader.key = reader.new_source() if has_key else (0, "")
    RUNNERS[block.language](reader, put_in(block.text, reader.installation.url, reader.key))
    if has_key and "--to" not in block.text:  # What the import sends is asked for below.
        assert reader.names_from(source) >= expected_names(block.text)


def expected_names(text):
    """Return what a block sends: names of events are two words or more in quotes, other calls go by their kind."""
    named = re.findall(r'(?:"event": |event: |track\(.*?)"([A-Z]\w+(?: [A-Z]\w+)+)"', text)
    return {*named, *re.findall(r"\.(identify|group|page)\(", text)} or {"page"}


def test_every_reason_for_not_running_a_block_belongs_to_some():
    for beginning, reason in NOT_RUN.items():
        assert any(block.text.startswith(beginning) for block in BLOCKS), beginning
        assert len(reason.split()) > 5


def test_what_the_import_of_the_how_to_brings_is_there(reader):
    reader.run(["stammgast", "import", "orders.csv.gz", "--map", "orders.yaml"])
    reader.installation.wait_until_processed(reader.token)
    found = reader.bi.query("SELECT DISTINCT toString(amount), currency FROM orders WHERE order_id = 'A-9'").result_rows
    assert found == [("42.5", "EUR")]


def test_the_extra_that_the_docs_install_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "matching" in project["project"]["optional-dependencies"]


def test_the_engine_reads_the_statements_that_make_accounts_on_a_server(reader):
    (block,) = (one for one in BLOCKS if one.text.startswith("GRANT CREATE DATABASE"))
    for statement in filter(str.strip, block.text.split(";\n")):
        told = reader.bi.query(
            "SELECT formatQuerySingleLine({s:String})", {"s": statement.strip().rstrip(";")}
        ).first_row
        assert told[0].startswith(("GRANT", "CREATE USER"))
