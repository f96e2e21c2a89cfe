"""What is kept of compiled code belongs to the sources as they are."""

import subprocess
import sys

from nanostitch import compiled

CALLED = """from nanostitch.compiled import compiled

@compiled
def inner(x: float) -> float:
    return {factor} * x
"""
CALLING = """from called import inner
from nanostitch.compiled import compiled

@compiled
def outer(x: float) -> float:
    return inner(x)

print(outer(1.0))
"""


def test_function_of_another_module__is_compiled_anew_where_it_is_called(tmp_path):
    script = (
        "import sys; from pathlib import Path; from nanostitch import compiled;"
        "compiled.PACKAGE = Path(sys.argv[1]); sys.path.insert(0, sys.argv[1]);"
        "compiled.numba.config.CACHE_DIR = str(compiled._folder()); import calling"
    )
    (tmp_path / "calling.py").write_text(CALLING)
    for factor in (2.0, 3.0):
        (tmp_path / "called.py").write_text(CALLED.format(factor=factor))
        package = str(compiled.PACKAGE.parent)
        done = subprocess.run(
            [sys.executable, "-B", "-c", script, str(tmp_path)],
            env={"PYTHONPATH": package, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        assert float(done.stdout) == factor
