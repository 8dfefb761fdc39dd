"""Where CAMELS-US is published, and what is in which archive.

====================================================  =========  =====================================================
file                                                  size       what it holds
====================================================  =========  =====================================================
``basin_timeseries_v1p2_metForcing_obsFlow.zip``      3.4 GB     daily forcing (three products) and discharge of all
                                                                 basins; no attributes
``camels_clim.txt`` ... ``camels_vege.txt``           0.6 MB     the attributes, one table for each kind
====================================================  =========  =====================================================

Both are files of one record, https://zenodo.org/records/15529996 (CC-BY-4.0; earlier at
https://gdex.ucar.edu/dataset/camels.html). The MD5 sums below are those of that record; those of the tables were also
verified against the tables themselves.

Newman et al. (2014), doi:10.5065/D6MW2F4D; Addor et al. (2017), doi:10.5065/D6G73C3Q
"""

from __future__ import annotations

import os
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..download import FetchError, NoParts, check_space, fetch, open_remote, write_whole
from .basins import BasinError, no_such_basin
from .camels_folder import FORCING, STREAMFLOW, CamelsWarning, is_camels

ZENODO = "https://zenodo.org/records/15529996/files"


@dataclass(frozen=True)
class Archive:
    """One published file: its size [bytes] and its checksum, None where none is published."""

    size: int
    checksum: str | None


TIME_SERIES = "basin_timeseries_v1p2_metForcing_obsFlow.zip"

CAMELS: Mapping[str, Archive] = {
    TIME_SERIES: Archive(3_406_626_583, "md5:8e9a466710e8270b58f01d332a87184f"),
    "camels_clim.txt": Archive(100_673, "md5:67f22592f3fb72c57df81358ce68458b"),
    "camels_geol.txt": Archive(71_583, "md5:f5ce5de53eb1ea2532cda7e3b4813993"),
    "camels_hydro.txt": Archive(122_799, "md5:55ebdeb36c42ee7acdb998229c3edb3a"),
    "camels_name.txt": Archive(30_417, "md5:c96491b32c4df55a31bead7ceca7d64b"),
    "camels_soil.txt": Archive(109_125, "md5:8edb46a363a20b466a4b7105ba633767"),
    "camels_topo.txt": Archive(38_677, "md5:0f6267838c40b1507b64582433bc0b8e"),
    "camels_vege.txt": Archive(107_970, "md5:f40e843defc1e654a800be9fe5fd5090"),
    "readme.txt": Archive(1_704, "md5:b37d64950e9d4c5c10a8b4ef82bc6219"),
}

PRODUCTS = ("daymet", "maurer", "nldas")

#: Up to this many files are picked out of the archive on the server, where that gives parts of files.
PICKED = 60

#: Bytes on disk of a basin's forcing file and of its streamflow file.
FORCING_SIZE, STREAMFLOW_SIZE = 800_000, 420_000

_MEMBER = re.compile(rf"(?:^|/)({FORCING}/(?:{'|'.join(PRODUCTS)})|{STREAMFLOW})/(\d\d)/((\d{{8}})_\w+\.txt)$")


def data_folder() -> Path:
    """Where fetched data are kept on this machine unless another folder is named."""
    import pooch

    return Path(pooch.os_cache("dla"))


def camels_root() -> Path:
    """The CAMELS-US folder on this machine: in ``DLA_DATA``, or where :func:`fetch_camels` put it.

    ``DLA_DATA`` may be that folder itself, or one that holds ``camels_us/`` or ``camels_us_daymet.nc``.

    Raises
    ------
    BasinError : there is none; the message says where it was looked for
    """
    looked = []
    if named := os.environ.get("DLA_DATA"):
        home = Path(named).expanduser()
        looked += [home, home / "camels_us", home / "camels_us_daymet.nc"]
    looked.append(data_folder() / "camels_us")
    for place in looked:
        if is_camels(place) or (place.suffix == ".nc" and place.is_file()):
            return place
    raise BasinError(
        f"no CAMELS-US data on this machine; looked in {', '.join(map(str, looked))}. `dla fetch camels` fetches "
        "them, or set DLA_DATA to the folder that holds camels_us/"
    )


def fetch_camels(
    folder: str | os.PathLike | None = None,
    basins: Iterable[str] | str | None = None,
    products: Iterable[str] | str = ("daymet",),
    mirror: str | None = None,
    progress: bool = True,
    archives: Mapping[str, Archive] = CAMELS,
) -> Path:
    """Download CAMELS-US: the attribute tables, and the forcing and discharge of `basins`.

    What is there already is not fetched again; an interrupted download goes on where it stopped. For all basins the
    whole archive comes (3.4 GB) and is verified by its checksum. A few basins are picked out of it on the server, half
    a megabyte each; then only the archive's own check of each file (CRC-32) guards them.

    Parameters
    ----------
    folder : where to put it; by default where :func:`camels_root` looks
    basins : gauge ids; all 671 by default
    products : forcing products, of ``daymet``, ``maurer`` and ``nldas``
    mirror : address under which the published files are found by their names, in place of Zenodo; or ``DLA_MIRROR``
    progress : show bars
    archives : the files, if the mirror has others than the published ones

    Returns
    -------
    folder : for :func:`~.camels.load_camels`

    Raises
    ------
    FetchError : no network, no such file, damaged twice, or no space on the disk (before anything is downloaded)
    BasinError : there is no such basin or product
    """
    folder = Path(folder).expanduser() if folder is not None else data_folder() / "camels_us"
    mirror = (mirror or os.environ.get("DLA_MIRROR") or ZENODO).rstrip("/")
    products = _checked_products(products)
    wanted = [basins] if isinstance(basins, str) else None if basins is None else [str(basin) for basin in basins]
    count = (len(wanted) if wanted is not None else 671) * (len(products) + 1)
    whole = count > PICKED or (folder / TIME_SERIES).exists()
    check_space(folder, _bytes_needed(folder, archives, count, len(products), whole), "CAMELS-US")
    for name, archive in archives.items():
        if name != TIME_SERIES:
            fetch(f"{mirror}/{name}", folder / "camels_attributes_v2.0" / name, archive.checksum, progress)
    if missing := _missing(folder, products, _checked_basins(folder, wanted)):
        with _opened(mirror, folder, archives[TIME_SERIES], whole, progress) as file:
            lacking = _extract(file, folder, missing, progress)
        if lacking and wanted is not None:
            raise FetchError(lacking)
        if lacking:
            warnings.warn(lacking, CamelsWarning, stacklevel=2)
    return folder


def _checked_products(products: Iterable[str] | str) -> list[str]:
    products = [products] if isinstance(products, str) else list(products)
    if strange := [product for product in products if product not in PRODUCTS]:
        raise BasinError(f"no forcing product {strange[0]!r}; CAMELS-US has {', '.join(PRODUCTS)}")
    return products


def _checked_basins(folder: Path, wanted: list[str] | None) -> list[str]:
    """The basins wanted, all of them known to the table of names."""
    lines = (folder / "camels_attributes_v2.0" / "camels_name.txt").read_text(encoding="utf-8-sig").split("\n")[1:]
    known = [line.partition(";")[0].zfill(8) for line in lines if line.strip()]
    for basin in wanted or []:
        if basin not in known:
            raise BasinError(no_such_basin(basin, known, "CAMELS-US"))
    return known if wanted is None else wanted


def _bytes_needed(folder: Path, archives: Mapping[str, Archive], count: int, products: int, whole: bool) -> int:
    """Bytes that are still to come: the archive less what is there of it, and the `count` files out of it."""
    part = folder / f"{TIME_SERIES}.part"
    there = part.stat().st_size if part.exists() else 0
    archive = archives[TIME_SERIES].size - there if whole and not (folder / TIME_SERIES).exists() else 0
    basins = count // (products + 1)
    return archive + basins * (products * FORCING_SIZE + STREAMFLOW_SIZE)


def _missing(folder: Path, products: list[str], basins: list[str]) -> set[tuple[str, str]]:
    """Part and gauge id of the files that are not in `folder` yet."""
    parts = [*(f"{FORCING}/{product}" for product in products), STREAMFLOW]
    there = {(part, path.name[:8]) for part in parts for path in (folder / part).glob("*/*.txt")}
    return {(part, basin) for part in parts for basin in basins} - there


def _opened(mirror: str, folder: Path, archive: Archive, whole: bool, progress: bool) -> BinaryIO:
    """The archive: on the server if it may stay there and the server gives parts of files, else downloaded."""
    url, path = f"{mirror}/{TIME_SERIES}", folder / TIME_SERIES
    if not whole:
        try:
            return open_remote(url)
        except NoParts:
            check_space(folder, archive.size, "CAMELS-US, of which this server gives no parts,")
    return open(fetch(url, path, archive.checksum, progress), "rb")


def _extract(file: BinaryIO, folder: Path, missing: set[tuple[str, str]], progress: bool) -> str:
    """Write the missing files out of the archive, each in one step; and say what the archive lacks."""
    from tqdm import tqdm

    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as reason:
        raise FetchError(
            f"the archive of CAMELS-US is damaged ({reason}); delete {folder / TIME_SERIES} if it is there, and "
            "try again, or try another mirror (DLA_MIRROR)"
        ) from None
    members = {}
    for info in archive.infolist():
        if (match := _MEMBER.search(info.filename)) and (match[1], match[4]) in missing:
            members.setdefault((match[1], match[4]), (info, folder / match[1] / match[2] / match[3]))
    check_space(folder, sum(info.file_size for info, _ in members.values()), "what was chosen of CAMELS-US")
    for info, path in tqdm(members.values(), desc="files", disable=not progress):
        write_whole(path, _content(archive, file, info))
    lacking = sorted(f"{basin} ({part})" for part, basin in missing - members.keys())
    some = ", ".join(lacking[:3]) + (" ..." if len(lacking) > 3 else "")
    return (
        f"the archive lacks {len(lacking)} of the {len(missing)} files asked for: {some}. All others are in {folder}"
        if lacking
        else ""
    )


def _content(archive: zipfile.ZipFile, file: BinaryIO, info: zipfile.ZipInfo) -> bytes:
    """One file of the archive; read once more if it arrived damaged."""
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, zlib.error):
        file.seek(0, os.SEEK_END)  # drops what was buffered
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, zlib.error) as reason:
        raise FetchError(
            f"{info.filename} arrived damaged twice ({reason}). Try again later, or from another mirror "
            "(DLA_MIRROR); what came before it is kept"
        ) from None
