"""Digest of the code that a job runs, so that a change of science reruns what used it.

Snakemake watches a script but not what it imports. The digest covers the script and every
module of this package that it imports, directly or through others, as syntax trees without
docstrings: comments, layout and documentation change nothing. What only carries data or plans
jobs is left out and versioned by :data:`nanostitch.provenance.identity.FORMAT` instead.

Parsing hundreds of modules takes seconds, so what a module means and imports is kept between runs
(:func:`recall`, :func:`keep`), as long as the file system says that the file is the same.
"""

import ast
import hashlib
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from nanostitch.atomic import write_text
from nanostitch.provenance.digests import Stat, fingerprint, read_json
from nanostitch.provenance.identity import canonical, sha256

PACKAGE = Path(__file__).parent
CARRIERS = frozenset(
    f"nanostitch{name}"
    for name in (
        "",
        ".atomic",
        ".batch",
        ".cli",
        ".code",
        ".contracts",
        ".errors",
        ".plan",
        ".provenance",
    )
    + (".schema", ".sheets", ".store")
)
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class _Module(NamedTuple):
    """What one file of source says."""

    stat: Stat
    meaning: str
    """SHA-256 of its syntax tree without docstrings."""
    imports: frozenset[str]
    """Every module of this package that it may load: parents and members included."""


_known: dict[str, _Module] = {}
"""By absolute path, what was read in this run or recalled from the last."""


def recall(cache_file: Path) -> None:
    """Take over what the last run learnt, if the same Python and this very module read it."""
    kept = read_json(cache_file)
    if kept.get("reader") != _reader():
        return
    for path, (stat, meaning, imported) in kept["modules"].items():
        size, modified, changed, inode = stat
        same = (size, modified, changed, inode)
        _known.setdefault(path, _Module(same, meaning, frozenset(imported)))


def keep(cache_file: Path) -> None:
    """Keep what was learnt for the next run."""
    modules = {path: (m.stat, m.meaning, sorted(m.imports)) for path, m in _known.items()}
    text = canonical({"reader": _reader(), "modules": modules})
    if not (cache_file.is_file() and cache_file.read_text("utf-8") == text):
        write_text(cache_file, text)


def digest(*sources: Path) -> str:
    """SHA-256 over source files and the science modules that they reach (hexadecimal)."""
    whole = hashlib.sha256()
    reached = {path for source in sources for path in closure(source)}
    for path in [*sources, *sorted(reached - set(sources))]:
        whole.update(f"{path.stem}\0{_module(path).meaning}\0".encode())
    return whole.hexdigest()


def closure(script: Path) -> list[Path]:
    """Files of the package's modules that a script imports, directly or not, sorted."""
    return sorted(_reached([script], lambda name: not _is_carrier(name)).values())


def loadable(script: Path, named: Iterable[Path] = ()) -> list[str]:
    """Every module of the package, carriers too, that a script may load, sorted.

    Parameters
    ----------
    named
        Modules that it loads by name, which no import statement shows.
    """
    names = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in named}
    parents = {name.rpartition(".")[0] for name in names}
    return sorted(_reached([script, *named], lambda _: True).keys() | names | parents)


def _reached(sources: list[Path], is_followed: Callable[[str], bool]) -> dict[str, Path]:
    reached: dict[str, Path] = {}
    waiting = list(sources)
    while waiting:
        for name in imports(waiting.pop()) - reached.keys():
            path = _file_of(name) if is_followed(name) else None
            if path is not None:
                reached[name] = path
                waiting.append(path)
    return reached


def imports(path: Path) -> frozenset[str]:
    """Every module of this package that an import statement of a file may load, parents too."""
    return _module(path).imports


def _is_carrier(module: str) -> bool:
    return module in CARRIERS or module.startswith("nanostitch.provenance.")


def _reader() -> str:
    """What decides how a file is read: Python's syntax trees and this module."""
    return f"{sys.version} {sha256(Path(__file__))}"


@cache
def _module(path: Path) -> _Module:
    key, stat = str(path.absolute()), fingerprint(path)
    known = _known.get(key)
    if known is None or known.stat != stat:
        tree = ast.parse(path.read_text("utf-8"), filename=key)
        known = _known[key] = _Module(stat, _meaning(tree), _imported(tree, path))
    return known


def _meaning(tree: ast.Module) -> str:
    tree = ast.parse(ast.unparse(tree))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            node.body = [part for part in node.body if not _is_text(part)] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_text(node: ast.stmt) -> bool:
    """Whether a statement is a bare text: the docstring of a module, function or constant."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _imported(tree: ast.Module, path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, path)
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    ours = [name for name in found if name.split(".")[0] == "nanostitch"]
    return frozenset(
        ".".join(parts[:end])
        for parts in (name.split(".") for name in ours)
        for end in range(1, len(parts) + 1)
    )


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    folder = path.parents[node.level - 1].relative_to(PACKAGE.parent)
    return ".".join([*folder.parts, *([node.module] if node.module else [])])


@cache
def _file_of(module: str) -> Path | None:
    base = PACKAGE.parent.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None
