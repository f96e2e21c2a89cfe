"""What was done: the workflow with its steps, each run, each job, and who asked for them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from nanostitch.provenance import derivation
from nanostitch.provenance.crate import parameters
from nanostitch.provenance.crate.files import Files
from nanostitch.provenance.crate.graph import Graph, Reference, part_of_id
from nanostitch.provenance.crate.state import State, iso
from nanostitch.provenance.records import Record

SNAKEFILE = "Snakefile"
LOCK = "envs/lock.txt"
CONFIG = "config/config.yaml"
HOME = "https://snakemake.github.io"
DONE = "http://schema.org/CompletedActionStatus"
LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
BIOSCHEMAS_WORKFLOW = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
REQUIREMENTS = "https://pip.pypa.io/en/stable/reference/requirements-file-format/"

_FOLDERS = re.compile(r"(?<![\w.~-])~?/(?:[^/,=]*/)*")
"""The folders before the last name of an absolute path."""

MEASURED = {
    "wall_s": ("wall time", "https://qudt.org/vocab/unit/SEC"),
    "user_s": ("processor time of the user", "https://qudt.org/vocab/unit/SEC"),
    "max_rss_kib": ("largest memory", "https://qudt.org/vocab/unit/KibiBYTE"),
}
"""What a record tells of the resources of a job: name and unit, by its key."""


class Runs:
    """Describes the workflow and everything that it did for one batch."""

    def __init__(self, graph: Graph, files: Files, state: State, creator: Reference) -> None:
        self._graph = graph
        self._files = files
        self._state = state
        self._creator = creator
        self._steps: dict[str, Reference] = {}
        self._tools: dict[str, Reference] = {}

    def describe(self, version: str) -> Reference:
        """Add workflow, runs and jobs; returns the workflow."""
        workflow = self._workflow(version)
        controls, made = (
            defaultdict[str, list[Reference]](list),
            defaultdict[str, list[Record]](list),
        )
        for job in self._state.jobs:
            run = str(job["run"])
            controls[run].append(self._job(job, workflow))
            made[run].append(job)
        self._graph.say(
            workflow, step=list(self._steps.values()), hasPart=list(self._tools.values())
        )
        for run, jobs in made.items():
            self._run(run, jobs, controls[run], workflow)
        return workflow

    def agent(self, run: str) -> Reference:
        """Who started a run where they chose to be named, else who made the batch."""
        operator = self._state.operator(run)
        return person(self._graph, operator) if operator else self._creator

    def _workflow(self, version: str) -> Reference:
        graph = self._graph
        language = graph.note(
            LANGUAGE,
            "ComputerLanguage",
            name="Snakemake",
            url={"@id": HOME},
            identifier={"@id": HOME},
        )
        lock = self._files.named(LOCK, conformsTo={"@id": REQUIREMENTS})
        config = graph.note(
            "#input/config", "FormalParameter", name="configuration", additionalType="File"
        )
        self._files.named(CONFIG, exampleOfWork=config)
        return self._files.named(
            SNAKEFILE,
            *("SoftwareSourceCode", "ComputationalWorkflow", "HowTo"),
            name="nanostitch",
            description="From raw files to figures, numbers and claims.",
            version=version,
            programmingLanguage=language,
            conformsTo={"@id": BIOSCHEMAS_WORKFLOW},
            url={"@id": SNAKEFILE},
            license={"@id": "https://spdx.org/licenses/GPL-3.0-or-later"},
            encodingFormat="text/x-snakemake",
            input=config,
            buildInstructions=lock,
        )

    def _tool(self, job: Record) -> Reference:
        rule = job["rule"]
        if rule not in self._tools:
            name, code = job["script"], derivation.code_of(job["derivation"])
            tool = self._files.named(
                name,
                "SoftwareSourceCode",
                version=f"sha256:{code}" if code else "unknown",
                url={"@id": name},
                programmingLanguage=self._graph.note(
                    "https://www.python.org", "ComputerLanguage", name="Python"
                ),
            )
            self._tools[rule] = tool
            self._steps[rule] = self._graph.note(
                f"{SNAKEFILE}#{part_of_id(rule)}",
                "HowToStep",
                name=rule,
                position=str(len(self._steps) + 1),
                workExample=tool,
            )
        return self._tools[rule]

    def _job(self, job: Record, workflow: Reference) -> Reference:
        graph, uuid, tool = self._graph, part_of_id(job["uuid"]), self._tool(job)
        about = {key: value for key, value in job["wildcards"].items() if key != "batch"}
        wildcards = ", ".join(f"{key}={value}" for key, value in about.items())
        inputs = self._typed("input", job, tool)
        outputs = self._typed("output", job, tool)
        action = graph.note(
            f"urn:uuid:{uuid}",
            "CreateAction",
            name=f"{job['rule']}: {wildcards}" if wildcards else job["rule"],
            description=f"Job with derivation id {job['derivation_id']}",
            identifier=job["derivation_id"],
            instrument=tool,
            object=[*inputs, *parameters.of_job(graph, tool, job["derivation"])],
            result=outputs,
            startTime=iso(job["started"]),
            endTime=iso(job["ended"]),
            actionStatus=DONE,
            agent=self.agent(str(job["run"])),
            resourceUsage=self._usage(uuid, job["execution"]),
        )
        graph.mention(action)
        return graph.note(
            f"#control/{uuid}",
            "ControlAction",
            name=f"run {job['rule']}",
            instrument=self._steps[job["rule"]],
            object=action,
            actionStatus=DONE,
        )

    def _typed(self, way: str, job: Record, tool: Reference) -> list[Reference]:
        """Files that a job read or wrote, each tied to the formal parameter of its role."""
        found = []
        for told in job[f"{way}s"]:
            file = self._files.input(told) if way == "input" else self._files.output(told)
            found.append(file)
            if not file["@id"].startswith("#"):
                formal = self._graph.note(
                    f"#{way}/{part_of_id(job['rule'])}/{part_of_id(told['role'])}",
                    "FormalParameter",
                    name=told["role"],
                    additionalType="File",
                )
                self._graph.say(file, exampleOfWork=[formal])
                self._graph.say(tool, **{way: [formal]})
        return found

    def _usage(self, uuid: str, execution: Mapping[str, Any]) -> list[Reference]:
        return [
            self._graph.note(
                f"#usage/{uuid}/{key}",
                "PropertyValue",
                name=name,
                propertyID=key,
                value=execution[key],
                unitCode=unit,
            )
            for key, (name, unit) in MEASURED.items()
            if execution.get(key) is not None
        ]

    def _run(
        self, run: str, jobs: list[Record], controls: list[Reference], workflow: Reference
    ) -> None:
        graph, state, key = self._graph, self._state, part_of_id(run)
        begun, line = state.runs.get(run) or {}, state.closed.get(run) or {}
        start = iso(begun.get("started") or min(job["started"] for job in jobs))
        end = iso(line.get("ended") or max(job["ended"] for job in jobs))
        command = " ".join(_without_folders(begun.get("arguments") or ["snakemake"]))
        raw = [self._files.input(told) for job in jobs for told in job["inputs"] if _is_leaf(told)]
        said = {"startTime": start, "endTime": end, "agent": self.agent(run), "actionStatus": DONE}
        action = graph.note(
            f"urn:uuid:{key}",
            "CreateAction",
            name="Run of nanostitch",
            description=command,
            instrument=workflow,
            object=[self._files.named(CONFIG), *_each_once(raw)],
            result=_each_once(self._files.output(o) for job in jobs for o in job["outputs"]),
            **said,
        )
        graph.mention(action)
        held = [file for file in _each_once(raw) if not file["@id"].startswith("#")]
        for file in held:
            formal = graph.note(
                "#input/raw", "FormalParameter", name="raw files", additionalType="File"
            )
            graph.say(file, exampleOfWork=[formal])
            graph.say(workflow, input=[formal])
        graph.note(
            f"#engine/{key}",
            "OrganizeAction",
            name="Snakemake schedules the jobs",
            description=command,
            instrument=self._engine(begun.get("snakemake") or "unknown"),
            object=controls,
            result=action,
            **said,
        )

    def _engine(self, version: str) -> Reference:
        return self._graph.note(
            HOME,
            "SoftwareApplication",
            name="Snakemake",
            softwareVersion=version,
            url={"@id": HOME},
        )


def person(graph: Graph, who: Mapping[str, Any]) -> Reference:
    """Somebody by name, with their ORCID and affiliation where they give them."""
    orcid, affiliation, ror = who.get("orcid"), who.get("affiliation"), who.get("ror")
    named = f"https://orcid.org/{orcid}" if orcid else f"#person/{part_of_id(who['name'])}"
    place = None
    if affiliation:
        page = f"https://ror.org/{ror}" if ror else None
        known = page or f"#organization/{part_of_id(affiliation)}"
        place = graph.note(known, "Organization", name=affiliation, url=page)
    return graph.note(named, "Person", name=who["name"], affiliation=place)


def _is_leaf(told: Mapping[str, Any]) -> bool:
    """Whether an input was made by no job."""
    return told["record"] is None


def _each_once(references: Iterable[Reference]) -> list[Reference]:
    return list({reference["@id"]: reference for reference in references}.values())


def _without_folders(arguments: Iterable[str]) -> list[str]:
    """A command line without the folders of the machine on which it was given."""
    return [_FOLDERS.sub("", argument) for argument in arguments]
