"""No file leans on another that leans back on it, not even inside a function: what is read can be read from the bottom up."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"


def module_of(path):
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def files():
    return {module_of(path): path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts}


def imported_by(path, known):
    """Every file of ours that one imports, also inside functions and only for types."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                if inside in known:
                    yield inside
                elif node.module in known:
                    yield node.module


def circle(edges):
    """One circle of files, its first also last; empty when everything can be read from the bottom up."""
    try:
        list(TopologicalSorter(edges).static_order())
    except CycleError as problem:
        return problem.args[1]
    return []


def test_a_circle_is_found():
    assert set(circle({"a": ["b"], "b": ["c"], "c": ["b"], "d": []})) == {"b", "c"}
    assert circle({"a": ["b"], "b": []}) == []


def test_no_files_lean_on_each_other_in_a_circle():
    known = files()
    edges = {name: set(imported_by(path, known)) - {name} for name, path in known.items()}
    assert circle(edges) == [], "move what both need into a file below them"
