"""What is where in a CAMELS-US folder, and what may have been meant by one that is none."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from .basins import BasinError, no_such_basin

FORCING, STREAMFLOW = "basin_mean_forcing", "usgs_streamflow"


class CamelsError(BasinError):
    """A folder does not hold what CAMELS-US holds; the message says what was expected and what may have been meant."""


class CamelsWarning(UserWarning):
    """Something in the data that one should know of: a gap, a known defect, a basin left out."""


def is_camels(folder: Path) -> bool:
    """Whether this is a folder of CAMELS-US time series as published."""
    return (folder / FORCING).is_dir() and (folder / STREAMFLOW).is_dir()


def check_folder(root: Path, products: list[str]) -> None:
    """Do nothing if `root` is a CAMELS-US folder with these forcing products.

    Raises
    ------
    CamelsError : it is not; the message looks one level up and down for what may have been meant
    """
    if not is_camels(root):
        raise CamelsError(_wrong_folder(root))
    known = sorted(path.name for path in (root / FORCING).iterdir() if path.is_dir())
    for product in products:
        if product not in known:
            close = get_close_matches(product, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"`dla fetch camels --product {product}` fetches it"
            raise CamelsError(
                f"no forcing {product!r} in {root / FORCING} (there: {', '.join(known) or 'nothing'}); {hint}"
            )


def gauge_files(
    root: Path, products: list[str], basins: list[str] | None = None
) -> tuple[dict[str, list[Path]], dict[str, str]]:
    """The files of each basin: its forcing, one for each product, then its streamflow.

    Parameters
    ----------
    basins : gauge ids, in the order wanted; all in the folder by default

    Returns
    -------
    files : gauge id -> paths, for the basins that have all of them
    missing : gauge id -> what is missing and what to do, for the others
    """
    parts = [_by_gauge(root / FORCING / product, "_forcing_leap.txt") for product in products]
    parts.append(_by_gauge(root / STREAMFLOW, "_streamflow_qc.txt"))
    known = sorted(set().union(*parts))
    if not known:
        raise CamelsError(f"no files in {root / FORCING} and {root / STREAMFLOW}; `dla fetch camels` fetches them")
    labels = [f"{product} forcing" for product in products] + ["streamflow"]
    files, missing = {}, {}
    for basin in known if basins is None else basins:
        lacking = [label for label, part in zip(labels, parts) if basin not in part]
        if not lacking:
            files[basin] = [part[basin] for part in parts]
        elif basin not in known:
            missing[basin] = no_such_basin(basin, known, root.name)
        else:
            options = "".join(f" --product {product}" for product in products)
            fetch = f"`dla fetch camels --basins {basin}{options}` fetches it"
            missing[basin] = f"{basin} has no {' and no '.join(lacking)} file in {root}; {fetch}"
    return files, missing


def _by_gauge(folder: Path, ending: str) -> dict[str, Path]:
    """The files in `folder` and in its folders for the hydrologic units, by the gauge id in front of their names."""
    return {path.name[:8]: path for path in sorted(folder.glob(f"**/*{ending}"), reverse=True)}


def _wrong_folder(root: Path) -> str:
    found = "it does not exist"
    if root.is_dir():
        inside = sorted(path.name + "/" * path.is_dir() for path in root.iterdir())
        found = f"found {', '.join(inside[:6]) + (' ...' if len(inside) > 6 else '') if inside else 'nothing'}"
    near = next((folder for folder in _nearby(root) if is_camels(folder)), None)
    hint = f"Did you mean {near}?" if near else "`dla fetch camels` fetches them; camels_root() says where they are."
    return f"{root} is no CAMELS-US folder: expected {FORCING}/ and {STREAMFLOW}/; {found}. {hint}"


def _nearby(root: Path) -> Iterable[Path]:
    """Folders one and two levels up and down, where a published archive may have been unzipped."""
    yield from list(root.parents)[:2]
    for pattern in ("*/", "*/*/"):
        yield from sorted(root.glob(pattern))
    if root.parent.is_dir():
        yield from sorted(root.parent.glob("*/"))
