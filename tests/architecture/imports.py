"""What imports what in `gateway/`, read with ast: nothing is executed.

Every import counts, wherever it stands: in a function, under TYPE_CHECKING, or as
`import_module("a.b")`. Importing a module also imports the packages above it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def modules() -> dict[str, Path]:
    """Every module of the import package, by its dotted name."""
    found = {}
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        found[".".join(parts)] = path
    return found


@cache
def imports(module: str) -> frozenset[str]:
    """The modules that `module` names itself: ours as far as they exist, others as written."""
    path = modules()[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return frozenset(_resolve(name) for name in _named(tree, package))


@cache
def reaches(module: str) -> frozenset[str]:
    """Everything that is imported when `module` is, and everything that imports in turn."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for name in imports(waiting.pop()):
            for each in _with_packages(name):
                if each not in found:
                    found.add(each)
                    if each in modules():
                        waiting.append(each)
    return frozenset(found)


def private_names(module: str) -> Iterator[str]:
    """Names with a leading underscore that `module` takes from another package of ours."""
    own = module.split(".")[:2]
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.level or not node.module:
            continue
        if node.module.startswith("gateway.") and node.module.split(".")[:2] != own:
            yield from (f"{node.module}.{a.name}" for a in node.names if a.name[0] == "_")


def _named(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(source, names, level):
                base = _absolute(source, level, package)
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Call(
                func=ast.Name("import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(str(name)), *_],
            ):
                yield name


def _absolute(source: str | None, level: int, package: str) -> str:
    if not level:
        return source or ""
    above = package.split(".")[: len(package.split(".")) - level + 1]
    return ".".join([*above, source] if source else above)


def _resolve(name: str) -> str:
    """`from a.b import c` names the module a.b.c, or something inside the module a.b."""
    if name.split(".", maxsplit=1)[0] != "gateway":
        return name
    while name not in modules() and "." in name and not name.endswith("._engine"):
        name = name.rpartition(".")[0]
    return name


def _with_packages(name: str) -> Iterator[str]:
    parts = name.split(".")
    if parts[0] != "gateway":
        yield name
        return
    for n in range(1, len(parts) + 1):
        yield ".".join(parts[:n])
