"""Reads the checkout's Python without running it: who imports whom, and who touches private members."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One imported module or member, by its full dotted name."""

    name: str
    line: int
    at_run_time: bool


@dataclass(frozen=True)
class Module:
    """One source file: `name` is dotted, `path` is for messages."""

    name: str
    path: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, self.path)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(self._imports(self.tree, at_run_time=True))

    def private_members(self) -> Iterator[tuple[str, int]]:
        """Private members used of anything but `self` and `cls`, with their lines."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and is_private(node.attr) and not _is_own(node.value):
                yield node.attr, node.lineno

    def built_on(self, libraries: Iterable[str]) -> Iterator[tuple[str, str, int]]:
        """Classes derived from a library's: the class, the library and the line."""
        origins = {alias.asname or alias.name.split(".")[0]: origin for alias, origin in self._aliases()}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                for base in node.bases:
                    library = origins.get(ast.unparse(base).split(".")[0], "").split(".")[0]
                    if library in libraries:
                        yield node.name, library, node.lineno

    def _aliases(self) -> Iterator[tuple[ast.alias, str]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((alias, self._base(node)) for alias in node.names)

    def _imports(self, node: ast.AST, *, at_run_time: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, child.lineno, at_run_time)
            elif isinstance(child, ast.ImportFrom):
                base = self._base(child)
                for alias in child.names:
                    yield Import(f"{base}.{alias.name}", child.lineno, at_run_time)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from self._imports(child, at_run_time=False)
            else:
                yield from self._imports(child, at_run_time=at_run_time)

    def _base(self, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        package = self.name if self.path.endswith("__init__.py") else self.name.rpartition(".")[0]
        for _ in range(node.level - 1):
            package = package.rpartition(".")[0]
        return f"{package}.{node.module}" if node.module else package


def read_modules(root: Path, rooms: Iterable[str]) -> dict[str, Module]:
    """Every Python file of the rooms, by module name."""
    modules = {}
    for room in rooms:
        for file in sorted((root / room).rglob("*.py")):
            path = file.relative_to(root)
            if "node_modules" in path.parts:
                continue
            parts = path.with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            modules[name] = Module(name, str(path), file.read_text())
    return modules


def module_of(name: str, modules: Mapping[str, Module]) -> str | None:
    """The module of ours that an imported name is or belongs to."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def cycles(modules: Mapping[str, Module]) -> list[list[str]]:
    """Circles of modules that import each other at run time, each told once from its first name."""
    links = {name: _links(module, modules) for name, module in modules.items()}
    found: dict[frozenset[str], list[str]] = {}
    for start in sorted(links):
        circle = _way_back(start, links)
        if circle:
            found.setdefault(frozenset(circle), circle)
    return list(found.values())


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _links(module: Module, modules: Mapping[str, Module]) -> set[str]:
    targets = {module_of(item.name, modules) for item in module.imports if item.at_run_time}
    return {target for target in targets if target is not None and target != module.name}


def _way_back(start: str, links: Mapping[str, set[str]]) -> list[str]:
    """The shortest way from a module through its imports back to itself; empty when there is none."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for target in sorted(links[way[-1]]):
            if target == start:
                return [*way, start]
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []


def _is_own(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in {"self", "cls"}
