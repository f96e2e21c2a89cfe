"""What each measurement may be used for: its verdict, the reasons, and what was left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nanostitch import quality, run_files, store
from nanostitch.report import tables
from nanostitch.report.collect import Contents


@dataclass(frozen=True)
class Judged:
    """One product of one acquisition with its verdict."""

    acquisition: str
    sample: str
    condition: str
    product: str
    verdict: str
    reasons: str
    left_out: bool
    note: str
    trace: str


@dataclass(frozen=True)
class Count:
    """How many acquisitions of a product have which verdict."""

    product: str
    good: int
    doubtful: int
    bad: int
    left_out: int


def judged(contents: Contents) -> list[Judged]:
    """Verdict of every product with numbers, in the order of the tables."""
    found: list[Judged] = []
    for name in tables.products_tables(contents):
        path = contents.folder / "tables" / f"{name}.tsv"
        known = run_files.verdicts(path) if path.is_file() else {}
        for product in contents.plan[f"tables/{name}"]["products"]:
            if (contents.root / product).is_file():
                with contents.noting():
                    found.append(_judged(contents, name, product, known))
    return found


def counts(found: list[Judged]) -> list[Count]:
    """Verdicts by product."""
    return [
        Count(
            product=name,
            good=sum(one.verdict == "good" for one in its),
            doubtful=sum(one.verdict == "doubtful" for one in its),
            bad=sum(one.verdict == "bad" for one in its),
            left_out=sum(one.left_out for one in its),
        )
        for name in dict.fromkeys(one.product for one in found)
        for its in [[one for one in found if one.product == name]]
    ]


def _judged(
    contents: Contents, name: str, product: str, known: Mapping[str, tuple[str, str]]
) -> Judged:
    acquisition = Path(product).parent.name
    verdict, reasons = known.get(acquisition) or _of_product(contents.root / product)
    about = contents.acquisitions.get(acquisition, {})
    return Judged(
        acquisition=acquisition,
        sample=str(about.get("sample", "")),
        condition=str(about.get("condition_label", "")),
        product=name,
        verdict=verdict,
        reasons=reasons,
        left_out=about.get("use") == "no",
        note=str(about.get("note", "")),
        trace=product,
    )


def _of_product(path: Path) -> tuple[str, str]:
    """Verdict and reasons that a product states; of use where its table was not made."""
    found = store.read_product(str(path))
    return quality.level(found), str(found["verdict"].attrs.get("reasons", ""))
