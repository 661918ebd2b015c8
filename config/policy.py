"""Which clause of the policy is done where, and which tests prove it: read from the files, not from memory."""

import ast
import tomllib
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
CLAUSES = BASE_DIR / "docs" / "policy-clauses.toml"
MAP = BASE_DIR / "docs" / "policy-map.md"
HEAD = """\
# Policy map

Made by `manage.py policy_map` from [policy-clauses.toml](policy-clauses.toml) and the tests' `clause` marks.
{proven} of {total} clauses have a test. A dash: not there yet.

| clause | what it asks | where it is done | tests |
|---|---|---|---|
"""


def clauses() -> list[dict]:
    return tomllib.loads(CLAUSES.read_text(encoding="utf-8"))["clause"]


def is_clause_mark(node) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "clause"


def marked(node, inherited=()) -> list[tuple[str, str]]:
    """(clause, name) of the tests in a module or class; a class's or module's marks count for its tests."""
    found = []
    for child in node.body:
        if isinstance(child, ast.Assign) and getattr(child.targets[0], "id", "") == "pytestmark":
            inherited = (*inherited, *numbers(ast.walk(child.value)))
        if isinstance(child, ast.ClassDef):
            found += [(clause, f"{child.name}::{name}")
                      for clause, name in marked(child, (*inherited, *numbers(child.decorator_list)))]  # fmt: skip
        if isinstance(child, ast.FunctionDef) and child.name.startswith("test_"):
            found += [(clause, child.name) for clause in (*inherited, *numbers(child.decorator_list))]
    return found


def numbers(nodes) -> list[str]:
    return [argument.value for node in nodes if is_clause_mark(node) for argument in node.args]


def proofs() -> dict[str, list[str]]:
    """{clause: tests that carry its mark}."""
    found = {}
    for path in sorted((BASE_DIR / "tests").rglob("test_*.py")):
        for clause, name in marked(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(clause, []).append(f"{path.relative_to(BASE_DIR)}::{name}")
    return found


def names_in(path: Path) -> set[str]:
    if path.suffix != ".py":
        return set()
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def problems() -> list[str]:
    """Marks of clauses that do not exist, and places that are not there."""
    known = {clause["number"] for clause in clauses()}
    unknown = [f"{tests[0]}: there is no clause {number}" for number, tests in proofs().items() if number not in known]
    gone = []
    for clause in clauses():
        for place in clause["done_in"]:
            file, _, name = place.partition("::")
            path = BASE_DIR / file
            if not path.exists() or (name and name not in names_in(path)):
                gone.append(f"clause {clause['number']}: {place} is not there")
    return unknown + gone


def cell(values) -> str:
    return "<br>".join(f"`{value}`" for value in values) or "–"


def page() -> str:
    rows, tests = clauses(), proofs()
    head = HEAD.format(total=len(rows), proven=sum(clause["number"] in tests for clause in rows))
    return head + "".join(
        f"| {clause['number']} | {clause['asks']}<br>{clause['text']} | {cell(clause['done_in'])}"
        f" | {cell(tests.get(clause['number'], []))} |\n"
        for clause in rows
    )
