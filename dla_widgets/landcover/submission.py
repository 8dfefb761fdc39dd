"""The file that a team hands in, and whether it can be used.

A submission is one file with a label 0 to 8 (:mod:`.legend`) for every pixel that the radar saw in every withheld scene:

- ``NAME.npz``, one (y, x) array of whole numbers per scene, under the scene's name, and no pickled objects; or
- ``NAME.zip``, or a folder, of one GeoTIFF per scene, ``SCENE.tif``, in the CRS and on the grid of that scene; a single
  ``SCENE.tif`` where one scene is asked for.

It is used as a whole or not at all: any fault raises a :class:`SubmissionError` that says where it is and what to do.
A team runs these checks before it sends a file, and the leaderboard runs the same ones when it arrives.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import xarray as xr

from ..submission_csv import SubmissionError, refusal
from .legend import CLASSES, IGNORE, LC100, NAMES, legend_attrs
from .scenes import LABELS
from .submission_files import KINDS, Limits, Map, read_maps, whole_numbers, write_maps

#: Grids may differ by this part of a pixel: a file rounds its origin.
SAME = 1e-2


class SubmissionWarning(UserWarning):
    """An entry that can be used and looks like a mistake."""


@dataclass(frozen=True)
class Expected:
    """What a submission must hold: a map of `shape` for each of `scenes`.

    Attributes
    ----------
    scenes : the names of the withheld scenes
    shape : rows and columns of each
    seen : (scene, y, x) where the radar measured, and a label is needed; None for everywhere
    crs, transform : of each scene, for files that lie on a map; None where they are not checked
    others : scenes of the competition that are not asked for, to say so
    commonest : the label that covers more than half of what is labelled, or None: maps without it are not believed
    """

    scenes: tuple[str, ...]
    shape: tuple[int, int]
    seen: np.ndarray | None = None
    crs: tuple[str, ...] | None = None
    transform: tuple[tuple[float, ...], ...] | None = None
    others: tuple[str, ...] = ()
    commonest: int | None = None

    @classmethod
    def of(cls, scenes: xr.Dataset) -> Expected:
        """What the competition `scenes` (see :func:`~.competition.withhold`) asks for."""
        if "withheld" not in scenes.attrs:
            raise SubmissionError(
                "these scenes withhold nothing, so there is nothing to map; "
                "get a competition's scenes from competition_scenes() or withhold(scenes)"
            )
        names = [str(name) for name in np.atleast_1d(scenes.attrs["withheld"])]
        there = [str(name) for name in scenes["scene"].values]
        if lost := [name for name in names if name not in there]:
            raise SubmissionError(f"the scene {lost[0]!r} is withheld and not among these {len(there)} scenes; "
                                  "pass the competition's scenes as a whole")  # fmt: skip
        asked = scenes.sel(scene=names)
        shares = sum(np.bincount(scenes[LABELS].isel(scene=k).values.ravel(), minlength=IGNORE + 1) for k in range(len(there)))
        shares = shares[: len(CLASSES)]
        return cls(
            tuple(names),
            (asked.sizes["y"], asked.sizes["x"]),
            asked["valid"].values,
            tuple(map(str, asked["crs"].values)),
            tuple(tuple(map(float, row)) for row in asked["transform"].values),
            tuple(name for name in there if name not in names),
            int(shares.argmax()) if shares.max() > 0.5 * shares.sum() else None,
        )

    @classmethod
    def of_file(cls, path: str | os.PathLike) -> Expected:
        """What the competition in this netCDF file asks for. The radar, by far the largest part of it, is not read.

        Raises
        ------
        SubmissionError : the file is damaged, or holds no scenes
        """
        try:
            with xr.open_dataset(path, engine="netcdf4", mask_and_scale=False) as stored:
                if LABELS not in stored:  # what was torn off early is read as an empty file
                    raise KeyError(LABELS)
                return cls.of(stored)
        except (OSError, KeyError, RuntimeError, ValueError) as reason:
            if isinstance(reason, SubmissionError):
                raise
            raise SubmissionError(f"{path} is damaged ({reason}). Get the inputs from the competition again.") from None

    @property
    def limits(self) -> Limits:
        """How much a file may hold before it is read no further."""
        return Limits(scenes=len(self.scenes) + len(self.others) + 1, pixels=4 * self.shape[0] * self.shape[1] + 1024)

    @property
    def max_bytes(self) -> int:
        """A larger file cannot be right."""
        return self.limits.bytes


def write_submission(
    prediction: xr.DataArray, path: str | os.PathLike, expected: xr.Dataset | Expected | None = None
) -> Path:
    """Write maps as a submission file; a faulty one is not written, and a file that was there stays.

    Parameters
    ----------
    prediction : (scene, y, x) labels 0 to 8
    path : ``*.npz``, or ``*.zip`` for GeoTIFFs, or ``*.tif`` for one scene; folders are made as needed
    expected : the competition's scenes. With them, the prediction is cut to the scenes that are asked for, and is checked
        as :func:`validate_submission` does before anything is written

    Returns
    -------
    the path

    Raises
    ------
    SubmissionError : the prediction cannot be used, or the file would be of no kind that the leaderboard reads
    """
    path = Path(path).expanduser()
    if path.suffix not in KINDS:
        raise SubmissionError(f"{path.name}: a submission is written as .npz, or as GeoTIFF: .zip, or .tif for one scene. "
                              f"Try {path.with_suffix('.npz').name}")  # fmt: skip
    maps = _as_stack(prediction, "the prediction")
    expected = Expected(_names(maps), maps.shape[1:]) if expected is None else _expected(expected)
    wanted = np.isin(_names(maps), expected.scenes)
    maps = validate_submission(maps.isel(scene=wanted), expected, name="the prediction")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    try:
        write_maps([_on_its_grid(each, expected, k) for k, each in enumerate(maps)], draft, path.suffix)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def read_submission(path: str | os.PathLike, limits: Limits | None = None) -> dict[str, np.ndarray]:
    """The maps of a submission file by scene, (y, x) uint8; :func:`validate_submission` also judges them.

    Parameters
    ----------
    path : file or folder, see the top of this page
    limits : more scenes or pixels are not read

    Raises
    ------
    SubmissionError : no such file, none of the kinds that are read, damaged, or not maps of whole numbers from 0 to 255
    """
    return {m.scene: m.labels for m in read_maps(Path(path).expanduser(), limits or Limits())}


def validate_submission(
    submission: str | os.PathLike | xr.DataArray | Mapping[str, np.ndarray],
    expected: xr.Dataset | Expected,
    *,
    name: str | None = None,
) -> xr.DataArray:
    """Judge a submission as the leaderboard does.

    Parameters
    ----------
    submission : a file or folder; or maps (scene, y, x), or by scene
    expected : the competition's scenes, or what they ask for
    name : what to call the submission in messages; the file's name by default

    Returns
    -------
    (scene, y, x) uint8 labels, in the order of `expected`; IGNORE where the radar saw nothing

    Raises
    ------
    SubmissionError : the first fault that was found, with its place and a remedy

    Warns
    -----
    SubmissionWarning : every pixel is of one class
    """
    expected = _expected(expected)
    labels = np.full((len(expected.scenes), *expected.shape), IGNORE, np.uint8)
    for k, each in checked_maps(submission, expected, name=name):
        labels[k] = each
    coords = {"scene": list(expected.scenes)} | ({} if expected.crs is None else {"crs": ("scene", list(expected.crs))})
    return xr.DataArray(labels, coords, ("scene", "y", "x"), LABELS, legend_attrs())


def checked_maps(
    submission: str | os.PathLike | xr.DataArray | Mapping[str, np.ndarray],
    expected: xr.Dataset | Expected,
    *,
    name: str | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """What :func:`validate_submission` judges, a scene at a time: its place in `expected` and its labels (y, x).

    Whoever sums them up needs no more memory than one scene takes. A fault may come out at the very end: a sum is worth
    something only if the maps came to their end.
    """
    expected = _expected(expected)
    if isinstance(submission, (str, os.PathLike)):
        name = name or str(submission)
        maps = read_maps(Path(submission).expanduser(), expected.limits, name)
    else:
        name = name or "the entry"
        maps = _as_maps(submission, name)
    there, found = np.zeros(IGNORE + 1, bool), set()
    for each in maps:
        k = _place(each.scene, found, expected, name)
        _check_grid(each, expected, k, name)
        labels = _judged(each.labels, expected, k, name)
        there |= _occurring(labels)
        found.add(each.scene)
        yield k, labels
    _check_whole(there, found, expected, name)


def _occurring(labels: np.ndarray) -> np.ndarray:
    """(256,) whether a label occurs."""
    there = np.zeros(IGNORE + 1, bool)
    for start in range(0, labels.size, 1 << 20):
        there |= np.bincount(labels.ravel()[start : start + (1 << 20)], minlength=IGNORE + 1) > 0
    return there


def _place(scene: str, found: set[str], expected: Expected, name: str) -> int:
    if scene not in expected.scenes:
        raise refusal(f"{name}: the scene {_short(scene)!r} is not asked for. {_scene_remedy(scene, expected)}")
    if scene in found:
        raise refusal(f"{name}: the scene {scene!r} is there twice. Keep one map of each scene.")
    return expected.scenes.index(scene)


def _judged(labels: np.ndarray, expected: Expected, k: int, name: str) -> np.ndarray:
    """The labels of the scene `k`, IGNORE where the radar saw nothing."""
    seen = True if expected.seen is None else expected.seen[k]
    strange = (labels >= len(CLASSES)) & (labels != IGNORE)
    if strange.any():
        _fault(strange, labels, expected.scenes[k], name, "{label} is no label", _code_remedy(labels))
    _fault((labels == IGNORE) & seen, labels, expected.scenes[k], name, "no label (255) where the radar has measured",
           "Every measured pixel needs a class; where your model has none, say forest.")  # fmt: skip
    return labels if seen is True else np.where(seen, labels, np.uint8(IGNORE))


def _check_whole(there: np.ndarray, found: set[str], expected: Expected, name: str) -> None:
    """What can only be said when all maps were seen."""
    if missing := [scene for scene in expected.scenes if scene not in found]:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        raise refusal(f"{name}: {len(missing)} of {len(expected.scenes)} scenes {'is' if len(missing) == 1 else 'are'} missing "
                      f"({shown}). Map every withheld scene.")  # fmt: skip
    if expected.commonest is not None and not there[expected.commonest]:
        raise refusal(f"{name}: no pixel of {len(found)} scenes is {NAMES[expected.commonest]}, which covers most of the scenes "
                      f"whose labels are known. Labels run from 0 to {len(CLASSES) - 1}; do yours begin with 1?")  # fmt: skip
    classes = np.flatnonzero(there[:IGNORE])
    if classes.size == 1:
        warnings.warn(f"{name}: every pixel of every scene is {NAMES[classes[0]]}. It can be scored; is it the map that you "
                      "wanted to hand in?", SubmissionWarning, stacklevel=4)  # fmt: skip


def _on_its_grid(labels: xr.DataArray, expected: Expected, k: int) -> Map:
    known = expected.crs is not None and expected.transform is not None
    return Map(str(labels["scene"].values), labels.values, *((expected.crs[k], expected.transform[k]) if known else ()))


def _expected(expected: xr.Dataset | Expected) -> Expected:
    return expected if isinstance(expected, Expected) else Expected.of(expected)


def _names(maps: xr.DataArray) -> tuple[str, ...]:
    return tuple(str(name) for name in maps["scene"].values)


def _as_stack(maps, name: str) -> xr.DataArray:
    dims = getattr(maps, "dims", None)
    if not isinstance(maps, xr.DataArray) or set(dims) != {"scene", "y", "x"} or "scene" not in maps.coords:
        scores = isinstance(maps, xr.DataArray) and {"scene", "y", "x"} < set(dims)
        what = f"an array with the dimensions {', '.join(map(str, dims))}" if dims else f"a {type(maps).__name__}"
        remedy = "Of scores per class take the label of the highest." if scores else "predict(model, scenes) returns one."
        raise refusal(f"{name}: maps are an xarray.DataArray (scene, y, x) with the scenes' names; this is {what}. {remedy}")
    return maps.transpose("scene", "y", "x")


def _as_maps(submission, name: str) -> list[Map]:
    if isinstance(submission, Mapping):
        return [Map(str(scene), whole_numbers(np.asarray(v), f"{name}, scene {scene}")) for scene, v in submission.items()]
    stack = _as_stack(submission, name)
    labels = whole_numbers(stack.values, name, dimensions=3)
    where = np.broadcast_to(stack["crs"].values, len(labels)) if "crs" in stack.coords else [None] * len(labels)
    return [Map(scene, each, None if crs is None else str(crs)) for scene, each, crs in zip(_names(stack), labels, where)]


def _scene_remedy(scene: str, expected: Expected) -> str:
    if scene in expected.others:
        return "Its labels are known: hand in the withheld scenes only."
    if close := get_close_matches(scene, expected.scenes, n=1):
        return f"Did you mean {close[0]!r}?"
    return f"There are {len(expected.scenes)}: {expected.scenes[0]} ... {expected.scenes[-1]}."


def _short(text: str) -> str:
    return text[:40] + "..." if len(text) > 40 else text


def _check_grid(each: Map, expected: Expected, k: int, name: str) -> None:
    """Raise unless the map has the size of its scene and, if it says where it lies, lies there."""
    place, (rows, columns) = f"{name}, scene {each.scene}", expected.shape
    if each.labels.shape != expected.shape:
        y, x = each.labels.shape
        remedy = "Transpose it: rows first." if (x, y) == (rows, columns) else "Map whole scenes, pixel for pixel."
        raise refusal(f"{place}: expected {rows} rows and {columns} columns, found {y} and {x}. {remedy}")
    if each.crs is None or expected.crs is None:
        return
    if not _same_crs(each.crs, expected.crs[k]):
        raise refusal(f"{place}: the map is in {_short(each.crs) or 'no CRS at all'}, the scene in {expected.crs[k]}. "
                      "Keep the crs and transform of the scene; write_submission() does.")  # fmt: skip
    if not each.transform or expected.transform is None:
        return
    right = np.array(expected.transform[k])
    if not np.abs(np.array(each.transform) - right).max() <= SAME * abs(right[0]):  # NaN is elsewhere too
        a, _, x, _, e, y = each.transform
        raise refusal(f"{place}: the map lies elsewhere: its corner is at ({x:.1f}, {y:.1f}) with pixels of {a:g} by {e:g}, the "
                      f"scene's at ({right[2]:.1f}, {right[5]:.1f}) with {right[0]:g} by {right[4]:g}. Write it on "
                      "the scene's own grid.")  # fmt: skip


def _same_crs(one: str, other: str) -> bool:
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        return one == other or CRS.from_user_input(one) == CRS.from_user_input(other)
    except CRSError:
        return False


def _fault(bad: np.ndarray, labels: np.ndarray, scene: str, name: str, what: str, remedy: str) -> None:
    """Raise for the first True in `bad`, if any; ``{label}`` is that pixel's."""
    if not bad.any():
        return
    row, column = np.unravel_index(int(np.argmax(bad)), bad.shape)
    more = f" ({bad.sum()} such pixels)" if bad.sum() > 1 else ""
    what = what.format(label=labels[row, column])
    raise refusal(f"{name}, scene {scene}, row {row}, column {column}: {what}{more}. {remedy}")


def _code_remedy(labels: np.ndarray) -> str:
    """What the numbers might be that are no labels."""
    found = set(np.flatnonzero(_occurring(labels)).tolist()) - {IGNORE}
    if found <= set(range(1, len(CLASSES) + 1)):
        return f"Labels run from 0 (forest) to {len(CLASSES) - 1}; do yours begin with 1?"
    if found - {0} <= set(LC100) | {254}:
        return "These look like codes of LC100: legend.regroup(map, 'lc100') makes labels of them."
    if found - {0} <= {code for land in CLASSES for code in land.worldcover}:
        return "These look like codes of WorldCover: legend.regroup(map, 'worldcover') makes labels of them."
    return f"Labels run from 0 to {len(CLASSES) - 1}: " + ", ".join(NAMES) + "."
