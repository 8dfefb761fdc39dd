"""Honest opponents of a network: what says forest everywhere, and what looks at one pixel at a time.

Each has ``fit(scenes)`` and ``predict(scenes)``; a fit uses the training scenes alone.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..errors import CourseError
from .class_weights import class_counts
from .legend import IGNORE
from .scenes import arrays, decibel, label_map, select_scenes
from .speckle import lee


class BaselineError(CourseError):
    """A baseline was used before it was fitted; the message says what to do."""


class AllForest:
    """Says the commonest class of the training labels, whatever the radar saw: the line that accuracy cannot fall below."""

    def fit(self, scenes: xr.Dataset) -> AllForest:
        self.label = int(class_counts(arrays(_train(scenes))[1]).argmax())
        return self

    def predict(self, scenes: xr.Dataset) -> xr.DataArray:
        _fitted(self, "label")
        return label_map(scenes, np.full(scenes["landcover"].shape, self.label, np.uint8))


class _PixelWise:
    """A classifier of scikit-learn on the decibels of one pixel, and of the same pixel filtered.

    Parameters
    ----------
    despeckle : give it the Lee-filtered decibels too (windows of 7 and 15 pixels)
    balanced : count every class the same in training
    pixels : at most so many training pixels, drawn at random
    seed : of the draw and of the classifier
    """

    def __init__(self, despeckle: bool = True, balanced: bool = False, pixels: int = 60_000, seed: int = 0):
        self.despeckle, self.balanced, self.pixels, self.seed = despeckle, balanced, pixels, seed

    def fit(self, scenes: xr.Dataset):
        power, labels = arrays(_train(scenes))
        rng = np.random.default_rng(self.seed)
        known = np.flatnonzero((labels.ravel() != IGNORE) & np.isfinite(power).all(-1).ravel())
        if self.balanced:
            known = np.concatenate([
                rng.choice(of, min(len(of), self.pixels // 8), replace=False)
                for c in np.unique(labels.ravel()[known]) if len(of := known[labels.ravel()[known] == c])
            ])  # fmt: skip
        drawn = rng.choice(known, min(len(known), self.pixels), replace=False)
        self.classifier = self._make().fit(self._features(power).reshape(len(labels.ravel()), -1)[drawn], labels.ravel()[drawn])
        return self

    def predict(self, scenes: xr.Dataset) -> xr.DataArray:
        _fitted(self, "classifier")
        power, labels = arrays(scenes)
        features = self._features(power)
        found = self.classifier.predict(features.reshape(-1, features.shape[-1])).astype(np.uint8)
        return label_map(scenes, found.reshape(labels.shape))

    def _features(self, power: np.ndarray) -> np.ndarray:
        channels = [np.moveaxis(power, -1, 0)]
        if self.despeckle:
            channels += [lee(channels[0], size) for size in (7, 15)]
        features = np.moveaxis(decibel(np.concatenate(channels)), 0, -1)
        return np.nan_to_num(features, nan=float(np.nanmean(features))).astype(np.float32)


class PixelForest(_PixelWise):
    """A random forest (Breiman 2001, doi:10.1023/A:1010933404324): it sees one pixel and its filtered brightness."""

    def _make(self):
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(60, min_samples_leaf=5, n_jobs=2, random_state=self.seed)


class PixelLDA(_PixelWise):
    """Linear discriminant analysis (Fisher 1936): a straight cut between the classes' clouds of decibels."""

    def _make(self):
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        return LinearDiscriminantAnalysis()


def _train(scenes: xr.Dataset) -> xr.Dataset:
    return select_scenes(scenes, "train") if "train" in scenes["split"].values else scenes


def _fitted(baseline, name: str) -> None:
    if not hasattr(baseline, name):
        raise BaselineError(f"this {type(baseline).__name__} has not seen any scene yet; fit(scenes) first")
