"""What the linked views share: which acquisitions have one, and numbers as JSON has them."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from nanostitch.report.collect import Contents, Json


def of_acquisitions(
    contents: Contents, technique: str, products: tuple[str, ...], view: Callable[[Path], Json]
) -> list[Json]:
    """One view for each acquisition that has every product it is made from, in their order.

    Parameters
    ----------
    technique
        Technique of the acquisitions.
    products
        Products that a view needs; the numbers that it shows are those of the last.
    view
        What a view holds of its own, given the folder of the products.
    """
    found = []
    for name, about in contents.acquisitions.items():
        folder = contents.folder / technique / name
        if all((folder / f"{product}.nc").is_file() for product in products):
            with contents.noting():
                found.append(
                    {
                        "id": name,
                        "label": f"{name} ({about['sample']}, {about['condition_label']})",
                        "trace": f"{contents.prefix}{technique}/{name}/{products[-1]}.nc",
                        **view(folder),
                    }
                )
    return found


def finite(numbers: Iterable[float]) -> list[float | None]:
    """Numbers as JSON has them: what is not finite becomes null."""
    return [number if np.isfinite(number) else None for number in numbers]
