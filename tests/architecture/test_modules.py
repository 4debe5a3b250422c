"""House rules that a linter can't see. Each failure names the file and what to do instead."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from stammgast.app import MODULES, command_tables, manifests
from stammgast.outgoing import addressees, engine

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "stammgast"
LIBRARIES = {"kernel", "stats", "text", "web", "identity"}
"""Packages below the modules: everything public in them may be used. `identity` is the law that worker and pages go by."""
OPEN = {"api", "contracts"}
"""What one module may import of another."""
LOADED_BY_NAME = {"chdb", "psycopg", "tzdata"}
"""By the warehouse the engine inside chdb, by SQLAlchemy psycopg, by zoneinfo the zones of a machine that has none."""
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500


def packages():
    return sorted(one.name for one in SOURCE.iterdir() if (one / "__init__.py").exists())


def python_files(*folders):
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "node_modules" not in path.parts)


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_layers_and_contracts_of_import_linter_hold():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_every_module_is_in_the_list_of_the_composition_root():
    assert set(packages()) - (LIBRARIES - {"web"}) == set(MODULES)


@pytest.mark.parametrize("package", packages())
def test_every_package_says_what_it_owns(package):
    readme = SOURCE / package / "README.md"
    assert readme.exists(), f"{package} needs a README.md: what it owns, its words, what lives elsewhere"
    assert len(readme.read_text(encoding="utf-8").split()) > 20


@pytest.mark.parametrize("manifest", manifests(), ids=lambda one: one.name)
def test_every_module_joins_by_its_manifest(manifest):
    assert manifest.folder == SOURCE / manifest.name
    assert manifest.commands == command_tables().get(manifest.name, {})


def test_no_module_reaches_into_another_ones_inside():
    reaches = []
    for package in packages():
        for path in python_files(f"src/stammgast/{package}"):
            for name in imports_of(path):
                parts = name.split(".")
                if parts[0] != "stammgast" or len(parts) < 3:
                    continue
                target, inside = parts[1], parts[2]
                if target not in LIBRARIES | {package} and target in packages() and inside not in OPEN:
                    reaches.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not reaches, "Use the other module's api or contracts"


def test_only_stores_and_histories_speak_sql_to_sqlalchemy_tables():
    speakers = [
        str(path.relative_to(ROOT))
        for path in python_files("src/stammgast")
        if path.name in {"http.py", "pages.py", "manifest.py", "contracts.py", "commands.py"}
        and any(name.startswith("sqlalchemy") for name in imports_of(path))
    ]
    assert not speakers, "SQL belongs into store.py or history.py"


def test_the_product_declares_every_library_that_it_imports_and_imports_every_one_that_it_declares():
    providers = packages_distributions()
    imported = {name.split(".")[0] for path in python_files("src") for name in imports_of(path)}
    needed = {normal(one) for name in imported - {"stammgast"} for one in providers.get(name, ())}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {normal(re.split(r"[\[<>=]", one)[0]) for one in project["dependencies"]}
    extras = {
        normal(re.split(r"[\[<>=]", one)[0]) for many in project["optional-dependencies"].values() for one in many
    }
    assert needed - declared - extras == set(), "declare it in pyproject.toml"
    assert extras <= needed, "nothing imports it any more"
    assert declared - needed == LOADED_BY_NAME, "nothing imports it any more"


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_whatever_leaves_the_house_is_ordered_through_outgoing_which_delivers_it():
    made = [
        path.relative_to(SOURCE).as_posix()
        for path in python_files("src")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Deliver"
    ]
    assert set(made) == {"outgoing/ordering.py"}, "Use outgoing.api.order_mail or order_webhook"
    assert set(engine.KINDS) == set(addressees.TAKES)


def test_no_function_is_too_long_to_read():
    long = []
    for path in python_files("src", "bench", "tools", "tests"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines")
    assert not long, "Split by concept"


def test_no_file_is_too_long_to_find_ones_way():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in python_files("src", "bench", "tools", "tests")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES_MAX
    }
    assert not long, "Split by concept"


def test_the_tree_names_no_registry_host_and_no_path_of_a_machine():
    hosts = ["registry.npm" + "js.org", "py" + "pi.org", "pythonhosted" + ".org", "deb.debian" + ".org"]
    machine = [r"(?<![\w.])/" + "work" + r"/", r"(?<![\w.])/" + "root" + r"/", r"/" + "home" + r"/\w+/"]
    pattern = re.compile("|".join([*map(re.escape, hosts), *machine]))
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    if not listed:
        pytest.skip("not a git clone")
    found = []
    for name in listed.decode().split("\0")[:-1]:
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        found += [f"{name}: {match[0]}" for match in pattern.finditer(text)]
    assert not found
