"""The digest of code follows its meaning and its imports."""

import shutil
from pathlib import Path

import pytest

from nanostitch import code


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package: script -> a -> b; c is imported by nobody; store carries data."""
    package = tmp_path / "nanostitch"
    (package / "deep").mkdir(parents=True)
    sources = {
        "__init__.py": "",
        "a.py": "from nanostitch.deep import b\nX = b.Y + 1\n",
        "deep/__init__.py": "",
        "deep/b.py": '"""B."""\nfrom .. import store\nY = 1\n',
        "c.py": "Z = 1\n",
        "store.py": "S = 1\n",
        "../script.py": "def f():\n    from nanostitch.a import X\n    return X\n",
    }
    for name, text in sources.items():
        (package / name).write_text(text)
    monkeypatch.setattr(code, "PACKAGE", package)
    return package


def digest(package: Path) -> str:
    for cached in (code._module, code._file_of):
        cached.cache_clear()
    return code.digest(package.parent / "script.py")


def test_closure__follows_imports_of_imports_and_leaves_out_carriers(package):
    found = code.closure(package.parent / "script.py")
    assert [path.name for path in found] == ["a.py", "__init__.py", "b.py"]


@pytest.mark.parametrize("name", ["a.py", "deep/b.py", "deep/__init__.py", "../script.py"])
def test_digest__changes_with_any_reached_module(package, name):
    before = digest(package)
    with (package / name).open("a") as file:
        file.write("NEW = 2\n")
    assert digest(package) != before


@pytest.mark.parametrize("name", ["c.py", "store.py"])
def test_digest__ignores_what_is_not_reached_or_only_carries(package, name):
    before = digest(package)
    (package / name).write_text("Q = 5\n")
    assert digest(package) == before


def test_digest__ignores_docstrings_comments_and_layout(package):
    before = digest(package)
    text = (
        '"""Other words."""\n# why\nfrom .. import store\n\n\nY = (\n    1\n)\n"""What Y is."""\n'
    )
    (package / "deep" / "b.py").write_text(text)
    assert digest(package) == before


def test_digest__is_the_same_in_another_folder(package, tmp_path, monkeypatch):
    before = digest(package)
    shutil.copytree(package.parent, tmp_path / "elsewhere", ignore=lambda *_: ["elsewhere"])
    monkeypatch.setattr(code, "PACKAGE", tmp_path / "elsewhere" / "nanostitch")
    assert digest(tmp_path / "elsewhere" / "nanostitch") == before
