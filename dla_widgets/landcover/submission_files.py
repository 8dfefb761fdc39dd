"""The bytes of a submission: maps out of an NPZ, a ZIP or a folder of GeoTIFFs, or the reason why there are none; and back.

Whatever a stranger sends, nothing in it is run, and never more is unpacked than a right file would hold: shapes and types
are read from the headers before any pixel is.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from ..submission_csv import SubmissionError, refusal
from .legend import CLASSES, IGNORE

TIFF = (".tif", ".tiff")

#: What is written.
KINDS = (".npz", ".zip", ".tif")

#: The longest block of a GeoTIFF that is unpacked [pixel along a side]; ours have 512.
BLOCK = 4096


class Limits(NamedTuple):
    """How much of a file is read: so many scenes, so many pixels in each."""

    scenes: int = 10_000
    pixels: int = 30_000_000

    @property
    def bytes(self) -> int:
        """The largest file that can be right: nothing compressed, in the widest type."""
        return 100_000 + self.scenes * (8 * self.pixels + 10_000)


class Map(NamedTuple):
    """One map (y, x) uint8, and where it lies if its file says so; a GeoTIFF that does not has the CRS ""."""

    scene: str
    labels: np.ndarray
    crs: str | None = None
    transform: tuple[float, ...] = ()


def read_maps(path: Path, limits: Limits, name: str | None = None) -> Iterator[Map]:
    """The maps of a submission file, one after the other: no more than one of them is in memory.

    Raises
    ------
    SubmissionError : no such file, too large, of no known kind, damaged, or with something else than whole numbers
    """
    name = name or str(path)
    if path.is_dir():
        for file in _tiffs(path, limits, name):
            yield _read_tiff(file, file.stem, limits, f"{name}, {file.name}")
        return
    if not path.is_file():
        near = get_close_matches(path.name, [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else [], n=1)
        raise refusal(f"{name}: no such file; " + (f"did you mean {near[0]!r}?" if near else "write_submission() writes one."))
    if (size := path.stat().st_size) > limits.bytes:
        raise refusal(f"{name}: {size / 1e6:.1f} MB is more than a right submission can have ({limits.bytes / 1e6:.1f} MB). "
                      "Is it the right file? Write it with write_submission().")  # fmt: skip
    if path.suffix.lower() in TIFF or _is_tiff(path):
        yield _read_tiff(path, Path(name).stem, limits, name)
        return
    if not zipfile.is_zipfile(path):
        raise refusal(f"{name}: this is neither an NPZ nor a ZIP of GeoTIFFs{_kind(path)}. Write it with write_submission().")
    with _damage(name), zipfile.ZipFile(path) as archive:
        yield from _unpacked(archive, limits, name)


def whole_numbers(values: np.ndarray, place: str, dimensions: int = 2) -> np.ndarray:
    """`values` as uint8, unless they are no labels: fractions, scores per class, or beyond 255."""
    _check_header(values.shape, values.dtype, place, dimensions)
    if values.size and (values.min() < 0 or values.max() > IGNORE):
        raise refusal(f"{place}: the map holds numbers from {values.min()} to {values.max()}; "
                      f"labels run from 0 to {len(CLASSES) - 1}.")  # fmt: skip
    return values.astype(np.uint8)


def _check_header(shape: tuple[int, ...], dtype: np.dtype, place: str, dimensions: int = 2) -> None:
    if min(shape, default=0) < 0:
        raise refusal(f"{place}: the shape {shape} of the array is damaged. Write it again with write_submission().")
    if len(shape) != dimensions:
        scores = len(shape) == dimensions + 1 and len(CLASSES) in (shape[0], shape[-1])
        axis = -1 if scores and shape[-1] == len(CLASSES) else 0
        label = f"Of scores per class take the label of the highest: .argmax(axis={axis})."
        remedy = label if scores else "Hand in one map per scene."
        raise refusal(f"{place}: expected a map (y, x), found an array of shape {shape}. {remedy}")
    if dtype.kind not in "ui":
        what = {"f": "probabilities, or labels that became floats on the way?", "b": "true and false, a mask of one class?",
                "O": "Python objects, which are never unpacked."}.get(dtype.kind, "no numbers?")  # fmt: skip
        raise refusal(f"{place}: expected whole numbers, found {dtype}: {what} Labels are uint8: "
                      "scores.argmax(axis=-1).astype('uint8').")  # fmt: skip


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        return " (the file is empty)"
    if start.startswith(b"\x93NUMPY"):
        return " (a single array: np.savez_compressed, with the scenes' names, makes an NPZ)"
    if start.startswith(b"PK"):
        return " (an archive that is cut off?)"
    return " (text?)" if all(32 <= byte < 127 or byte in b"\r\n\t" for byte in start) else ""


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """What zipfile, NumPy and GDAL raise on a damaged file, as a sentence."""
    from rasterio.errors import RasterioError

    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, UnicodeError,
            RasterioError) as reason:  # fmt: skip
        why = re.sub(r"/[\w./-]+", "it", str(reason))  # where it lies here is nobody's business, and in memory nobody's help
        raise refusal(f"{name}: the file is damaged or was not sent completely ({why}). Write it again with "
                      "write_submission().") from None  # fmt: skip


def _unpacked(archive: zipfile.ZipFile, limits: Limits, name: str) -> Iterator[Map]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _litter(entry.filename)]
    if not entries:
        raise refusal(f"{name}: the archive is empty. Write it with write_submission().")
    if len(entries) > limits.scenes:
        raise refusal(f"{name}: {len(entries)} arrays are more than there are scenes. Hand in the withheld scenes only.")
    for entry in entries:
        stem, _, kind = entry.filename.rpartition(".")
        place = f"{name}, scene {stem.rpartition('/')[2]}"[:200]
        if f".{kind.lower()}" in TIFF:
            if entry.file_size > Limits(1, limits.pixels).bytes:
                raise refusal(f"{place}: {entry.file_size / 1e6:.1f} MB are more than a map of a scene can have.")
            yield _read_tiff(archive.read(entry), stem.rpartition("/")[2], limits, place)
        elif kind == "npy":
            with archive.open(entry) as file:
                yield Map(stem, _read_npy(file, limits, place))
        else:
            raise refusal(f"{name}: {entry.filename[:60]!r} is neither an array nor a GeoTIFF. Put in the maps alone.")


def _litter(name: str) -> bool:
    """What macOS and Windows put into every archive."""
    last = name.rpartition("/")[2]
    return name.startswith("__MACOSX/") or last.startswith("._") or last in (".DS_Store", "Thumbs.db")


def _read_npy(file: BinaryIO, limits: Limits, place: str) -> np.ndarray:
    """One array: its header is judged first, and then no more bytes are unpacked than it announces."""
    try:
        version = npy.read_magic(file)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = header(file)
    except (ValueError, TypeError, LookupError, SyntaxError, TokenError) as reason:  # its header is a line of Python
        raise refusal(f"{place}: this is no NumPy array ({str(reason)[:80]}). Use np.savez_compressed.") from None
    _check_header(shape, dtype, place)
    pixels = shape[0] * shape[1]
    if pixels > limits.pixels:
        raise refusal(f"{place}: a map of {shape[0]} by {shape[1]} pixels is larger than any scene here. "
                      "Map the scenes as they are.")  # fmt: skip
    raw = file.read(pixels * dtype.itemsize + 1)
    if len(raw) != pixels * dtype.itemsize:
        raise refusal(f"{place}: the array is cut off or has bytes too many. Write it again with write_submission().")
    return whole_numbers(np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C"), place)


def _tiffs(folder: Path, limits: Limits, name: str) -> list[Path]:
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in TIFF and not _litter(p.name))
    if not files:
        raise refusal(f"{name}: the folder holds no GeoTIFF. Put one map per scene into it, SCENE.tif.")
    if len(files) > limits.scenes:
        raise refusal(f"{name}: {len(files)} maps are more than there are scenes. Hand in the withheld scenes only.")
    return files


def _read_tiff(source: Path | bytes, scene: str, limits: Limits, place: str) -> Map:
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    # Only a TIFF, with nothing beside it: other formats of GDAL may point to other files, or to the network.
    alone = rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_PAM_ENABLED="NO")
    with _damage(place), alone, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # it becomes a refusal
        if isinstance(source, bytes):
            with MemoryFile(source) as memory, memory.open(driver="GTiff") as file:
                return _map_of(file, scene, limits, place)
        with rasterio.open(source, driver="GTiff") as file:
            return _map_of(file, scene, limits, place)


def _map_of(file, scene: str, limits: Limits, place: str) -> Map:
    shape = file.shape if file.count == 1 else (file.count, *file.shape)
    _check_header(shape, np.dtype(file.dtypes[0]), place)
    if file.width * file.height > limits.pixels or max(max(block) for block in file.block_shapes) > max(BLOCK, *file.shape):
        raise refusal(f"{place}: a map of {file.height} by {file.width} pixels is larger than any scene here. "
                      "Map the scenes as they are.")  # fmt: skip
    crs = "" if file.crs is None else f"EPSG:{file.crs.to_epsg()}" if file.crs.to_epsg() else file.crs.to_wkt()
    return Map(scene, whole_numbers(file.read(1), place), crs, tuple(file.transform[:6]))


def write_maps(maps: list[Map], path: Path, kind: str) -> None:
    """Write maps as one of :data:`KINDS`; GeoTIFFs need to know where they lie."""
    if kind == ".npz":
        with path.open("wb") as file:
            np.savez_compressed(file, **{each.scene: each.labels for each in maps})
        return
    if any(not each.crs for each in maps):
        raise SubmissionError("a GeoTIFF says where it lies, and nobody has said it here; pass the competition's scenes "
                              "as `expected`, or write .npz")  # fmt: skip
    if kind == ".tif":
        if len(maps) != 1:
            raise SubmissionError(f"a single GeoTIFF holds one scene; these are {len(maps)}. Write .zip or .npz")
        path.write_bytes(tiff_bytes(*maps[0][1:]))
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for each in maps:
            archive.writestr(f"{each.scene}.tif", tiff_bytes(*each[1:]))


def tiff_bytes(labels: np.ndarray, crs: str, transform: tuple[float, ...]) -> bytes:
    """A map (y, x) uint8 as the bytes of a GeoTIFF."""
    from affine import Affine
    from rasterio.crs import CRS
    from rasterio.io import MemoryFile

    where = {"crs": CRS.from_user_input(crs), "transform": Affine(*transform)}
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "height": labels.shape[0], "width": labels.shape[1]}
    with MemoryFile() as memory:
        with memory.open(**profile, **where, nodata=IGNORE, compress="deflate") as file:
            file.write(labels, 1)
        return bytes(memory.getbuffer())
