"""Digest of the code that a job runs, so that a change of science reruns what used it.

Snakemake watches a script but not what it imports. The digest covers the script and every
module of this package that it imports, directly or through others, as syntax trees without
docstrings: comments, layout and documentation change nothing. What only carries data or plans
jobs is left out and versioned by :data:`nanostitch.provenance.identity.FORMAT` instead.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

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


def digest(*sources: Path) -> str:
    """SHA-256 over source files and the science modules that they reach (hexadecimal)."""
    whole = hashlib.sha256()
    reached = {path for source in sources for path in closure(source)}
    for path in [*sources, *sorted(reached - set(sources))]:
        whole.update(path.stem.encode() + b"\0" + _meaning(path).encode() + b"\0")
    return whole.hexdigest()


def closure(script: Path) -> list[Path]:
    """Files of the package's modules that a script imports, directly or not, sorted."""
    reached: set[Path] = set()
    waiting = [script]
    while waiting:
        for module in _imports(waiting.pop()):
            path = _file_of(module)
            if path is not None and not _is_carrier(module) and path not in reached:
                reached.add(path)
                waiting.append(path)
    return sorted(reached)


def _is_carrier(module: str) -> bool:
    return module in CARRIERS or module.startswith("nanostitch.provenance.")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


@cache
def _meaning(path: Path) -> str:
    tree = ast.parse(ast.unparse(_tree(path)))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            node.body = [part for part in node.body if not _is_text(part)] or [ast.Pass()]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    """Whether a statement is a bare text: the docstring of a module, function or constant."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@cache
def _imports(path: Path) -> frozenset[str]:
    """Every module that an import statement of a file may load: parents and members included."""
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
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


def _file_of(module: str) -> Path | None:
    base = PACKAGE.parent.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None
