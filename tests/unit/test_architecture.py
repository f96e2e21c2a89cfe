"""The walls of the project: who may import whom, how long things may be, what nobody does."""

import ast
import re
from pathlib import Path

import pytest

from nanostitch import code, plan_files, products, raw, schema
from nanostitch.simulate import record
from nanostitch.simulate.registry import INSTRUMENTS

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "workflow" / "scripts" / "nanostitch"
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted((PROJECT / "workflow" / "scripts").glob("*.py"))
SCIENCE = [
    path for path in MODULES if set(products.MEASURED) & set(path.relative_to(PACKAGE).parts)
]


def imported(path: Path) -> set[str]:
    """Top-level packages, and modules of ours, that a file imports anywhere."""
    ours = {f"nanostitch.{name.split('.')[1]}" for name in code.imports(path) if "." in name}
    tree = ast.parse(path.read_text("utf-8"))
    froms = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level]
    names = [n.module or "" for n in froms]
    names += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    return ours | {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", SCIENCE, ids=lambda path: path.stem)
def test_science__knows_no_files_no_jobs_no_plots(path):
    forbidden = {"nanostitch.store", "nanostitch.raw", "nanostitch.plan", "nanostitch.batch"}
    forbidden |= {"nanostitch.draw", "nanostitch.simulate", "nanostitch.provenance"}
    forbidden |= {"matplotlib", "snakemake", "netCDF4", "rsciio", "pathlib", "os", "yaml"}
    assert not imported(path) & forbidden


def test_simulation_and_analysis__do_not_know_each_other():
    planning = {PACKAGE / "laboratory.py", PACKAGE / "plan_files.py"}
    planning |= {path for path in SCRIPTS if path.stem in ("specimen", "simulate")}
    for path in [*MODULES, *SCRIPTS]:
        if PACKAGE / "simulate" in path.parents:
            allowed = {"nanostitch.simulate", "nanostitch.atomic", "nanostitch.errors"}
            assert {name for name in imported(path) if "nanostitch." in name} <= allowed, path
        elif path not in planning:
            assert "nanostitch.simulate" not in imported(path), path


def test_truth__is_read_by_the_score_alone():
    rules = "".join(p.read_text() for p in sorted((PROJECT / "workflow/rules").glob("*.smk")))
    inputs = re.findall(r"^rule (\w+):\n    input:\n(.*?)    output:", rules, re.M | re.S)
    readers = {name for name, text in inputs if re.search(r"truth|simulated/|specimen", text)}
    assert readers == {"specimen", "simulate", "score"}
    assert len(inputs) == rules.count("\nrule ")
    for path in SCRIPTS:
        if path.stem not in readers:
            assert not re.search("truth|specimen", path.read_text("utf-8")), path


def test_vendor_formats_and_netcdf__have_one_door_each():
    for path in MODULES:
        if path.parent.name != "raw" and path.name != "bridge.py":
            assert "rsciio" not in imported(path), path
        if path.name != "store.py":
            assert "netCDF4" not in imported(path), path
            assert not re.search(r"\.to_netcdf|open_dataset|open_datatree", path.read_text("utf-8"))


def test_nothing__is_unpickled_or_evaluated():
    for path in [*MODULES, *SCRIPTS]:
        tree = ast.parse(path.read_text("utf-8"))
        calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
        names = {f.id for f in calls if isinstance(f, ast.Name)}
        assert not names & {"eval", "exec", "__import__"}, path
        assert not imported(path) & {"pickle", "dill", "shelve", "marshal", "joblib"}, path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions__stay_short(path):
    assert len(path.read_text("utf-8").splitlines()) <= 300
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert length <= 40, f"{node.name} has {length} lines below its docstring"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts__read_call_and_write(path):
    tree = ast.parse(path.read_text("utf-8"))
    body = [n for n in tree.body if not isinstance(n, ast.Import | ast.ImportFrom | ast.Expr)]
    guards = [n for n in body if isinstance(n, ast.If)]
    assert len(guards) == 1  # for the type checker alone
    assert not any(isinstance(n, ast.FunctionDef | ast.For) for n in body)
    assert len(path.read_text("utf-8").splitlines()) <= 21


def test_every_step__has_a_script_a_rule_and_tracks_its_code():
    rules = "".join(p.read_text() for p in sorted((PROJECT / "workflow/rules").glob("*.smk")))
    for step in plan_files.STEPS:
        assert (plan_files.SCRIPTS / f"{step}.py") in SCRIPTS
        assert f"../scripts/{step}.py" in rules
        assert f"plan/{step}.json" in rules
    fetched = {"fetch"}  # its bytes are named by their checksum, whatever code brought them
    steps = {*plan_files.STEPS, *plan_files.SIMULATION_STEPS, *fetched}
    assert {path.stem for path in SCRIPTS} == steps


@pytest.mark.parametrize("name", [*INSTRUMENTS, "specimen"])
def test_every_setting_of_the_laboratory__is_an_argument_and_has_default_and_reason(name):
    is_specimen = name == "specimen"
    allowed = schema.load(name if is_specimen else f"instruments/{name}")
    module = "specimen/__init__" if is_specimen else f"instruments/{name}"
    tree = ast.parse((PACKAGE / "simulate" / f"{module}.py").read_text("utf-8"))
    wanted = "grow" if is_specimen else "record"
    (found,) = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == wanted]
    assert {argument.arg for argument in found.args.kwonlyargs} == set(allowed["properties"])
    assert allowed["additionalProperties"] is False
    for key, sub in allowed["properties"].items():
        assert "default" in sub, key
        assert sub["description"], key


def test_every_instrument__writes_files_that_a_module_knows_and_its_technique_is_read():
    for name, device in INSTRUMENTS.items():
        assert device.technique in raw.TECHNIQUES
        for writer in device.writers.values():
            assert all(path.is_file() for path in record.modules(name, writer))


def test_every_setting__is_an_argument_of_its_function():
    config = schema.load("config")["properties"]
    named = {("eels", "zero_loss"): "align", ("eels", "background"): "remove_zero_loss"}
    places = [place for place in plan_files.STEPS.values() if place]
    assert sorted(places) == sorted(
        (t, m) for t in products.MEASURED for m in config[t]["properties"]
    )
    for technique, module in places:
        function = named.get((technique, module), "measure")
        tree = ast.parse((PACKAGE / technique / f"{module}.py").read_text("utf-8"))
        (found,) = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function]
        arguments = {argument.arg for argument in found.args.kwonlyargs}
        assert arguments == set(config[technique]["properties"][module]["properties"])


def test_every_key_of_the_schemas__has_a_description_and_every_choice_a_default():
    def walk(node: dict, where: str) -> None:
        for key, sub in node.get("properties", {}).items():
            assert sub.get("description") or "$schema" in sub, f"{where}.{key}"
            walk(sub, f"{where}.{key}")

    for name in ("config", "batch", "acquisitions", "samples", "conditions"):
        walk(schema.load(name), name)
    for technique in products.MEASURED:
        for step in schema.load(technique)["properties"].values():
            assert all("default" in sub for sub in step["properties"].values())


def test_no_file__names_a_path_of_a_machine_or_a_package_registry():
    slash = "/"
    forbidden = [f"{slash}work{slash}", f"{slash}root{slash}", "pypi" + ".org", "python" + "hosted"]
    tracked = [p for p in PROJECT.rglob("*") if p.is_file() and p.suffix in SUFFIXES]
    hidden = {".git", ".venv", ".snakemake", "results"}
    for path in tracked:
        if not hidden & set(path.relative_to(PROJECT).parts):
            text = path.read_text("utf-8")
            assert not [word for word in forbidden if word in text], path


SUFFIXES = {".py", ".smk", ".md", ".yaml", ".yml", ".toml", ".tsv", ".txt", ".sh", ".cff", ".rst"}
