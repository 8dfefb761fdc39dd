"""A network as one ``.keras`` file: weights, scaling and structure, no code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import CourseError

if TYPE_CHECKING:
    import keras


class ModelError(CourseError):
    """A model cannot be made, saved or read; the message says what to do."""


def save(model: keras.Model, path: str | os.PathLike) -> Path:
    """Write `model` with its scaling to `path` (``.keras``); the file appears whole or not at all."""
    path = Path(path).expanduser()
    if path.suffix != ".keras":
        raise ModelError(f"a model is saved as one .keras file, got {path.name!r}; try {path.stem + '.keras'!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.keras")
    try:
        model.save(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def load(path: str | os.PathLike) -> keras.Model:
    """Read a model that :func:`save` wrote; nothing in the file is executed."""
    path = Path(path).expanduser()
    if not path.is_file():
        near = ", ".join(sorted(p.name for p in path.parent.glob("*.keras"))) or "no .keras file"
        raise ModelError(f"no model at {path}; in that folder there is {near}")
    import keras

    return keras.saving.load_model(path, compile=False, safe_mode=True)
