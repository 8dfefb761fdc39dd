"""Networks that say a class for every pixel: plain Keras models, linear power in, a logit per class out.

====================  ===============================================================================================
:func:`unet`          down, across and up again, with the fine detail handed over (Ronneberger et al. 2015)
:func:`dilated`       never goes down: ever wider gaps between the taps (Yu and Koltun 2016)
:func:`deeplab`       goes down once, looks at several widths at a time, comes up (Chen et al. 2018)
====================  ===============================================================================================

All take (batch, y, x, channel) power with NaN where nothing was measured, of any size that is a multiple of 8
(:func:`~.prediction.predict` takes any size), and give (batch, y, x, class) logits. The first layer makes decibels and
scales them.
"""

from __future__ import annotations

from pathlib import Path

import keras

from ..model_files import ModelError, load, save
from .layers import Decibels
from .legend import CLASSES

__all__ = ["ModelError", "deeplab", "dilated", "load", "load_reference", "references", "save", "unet"]

WEIGHTS = Path(__file__).parent / "weights"


def unet(channels: int = 2, classes: int = len(CLASSES), base: int = 16, depth: int = 3, seed: int = 0) -> keras.Model:
    """A U-Net whose first step halves the resolution: a third of the work of one that begins at full size.

    Ronneberger et al. (2015), doi:10.1007/978-3-319-24574-4_28, with batch normalisation and residual-free blocks of two
    3x3 convolutions.

    Parameters
    ----------
    channels : polarisations times dates
    classes : how many it tells apart
    base : features of the first block; each level down has twice as many
    depth : how often the resolution is halved, the first step included
    seed : of the first weights
    """
    draw = _seeds(seed)
    power = keras.Input((None, None, channels), name="power")
    x = _block(Decibels(name="decibels")(power), base, draw, strides=2, repeat=1)
    across = []
    for level in range(1, depth):
        x = _block(x, base * 2 ** (level - 1), draw)
        across.append(x)
        x = keras.layers.MaxPooling2D()(x)
    x = _block(x, base * 2 ** (depth - 1), draw)
    for level in reversed(range(1, depth)):
        x = keras.layers.UpSampling2D(interpolation="bilinear")(x)
        x = keras.layers.Concatenate()([x, across[level - 1]])
        x = _block(x, base * 2 ** (level - 1), draw)
    logits = keras.layers.Conv2D(classes, 1, kernel_initializer=_initial(draw))(x)
    logits = keras.layers.UpSampling2D(interpolation="bilinear", name="logits")(logits)
    return keras.Model(power, logits, name="unet")


def dilated(channels: int = 2, classes: int = len(CLASSES), base: int = 24, seed: int = 0) -> keras.Model:
    """Convolutions with gaps of 1, 2, 4, 8 and 16 pixels at half resolution.

    After Yu and Koltun (2016), arXiv:1511.07122.
    """
    draw = _seeds(seed)
    power = keras.Input((None, None, channels), name="power")
    x = _block(Decibels(name="decibels")(power), base, draw, strides=2, repeat=1)
    for gap in (1, 2, 4, 8, 16):
        x = _block(x, base, draw, repeat=1, dilation_rate=gap)
    logits = keras.layers.Conv2D(classes, 1, kernel_initializer=_initial(draw))(x)
    logits = keras.layers.UpSampling2D(interpolation="bilinear", name="logits")(logits)
    return keras.Model(power, logits, name="dilated")


def deeplab(channels: int = 2, classes: int = len(CLASSES), base: int = 16, seed: int = 0) -> keras.Model:
    """Features at a quarter of the resolution, seen through gaps of 1, 3 and 6 pixels side by side, and the fine ones beside.

    After DeepLabv3+ (Chen et al. 2018), doi:10.1007/978-3-030-01234-2_49.
    """
    draw = _seeds(seed)
    power = keras.Input((None, None, channels), name="power")
    fine = _block(Decibels(name="decibels")(power), base, draw, strides=2)
    coarse = _block(fine, 2 * base, draw, strides=2)
    coarse = _block(coarse, 2 * base, draw)
    views = [_block(coarse, base, draw, repeat=1, dilation_rate=gap) for gap in (1, 3, 6)]
    x = _block(keras.layers.Concatenate()(views), 2 * base, draw, repeat=1, kernel_size=1)
    x = keras.layers.UpSampling2D(interpolation="bilinear")(x)
    x = _block(keras.layers.Concatenate()([x, fine]), base, draw, repeat=1)
    logits = keras.layers.Conv2D(classes, 1, kernel_initializer=_initial(draw))(x)
    logits = keras.layers.UpSampling2D(interpolation="bilinear", name="logits")(logits)
    return keras.Model(power, logits, name="deeplab")


def references() -> list[str]:
    """Names of the bundled models; each has a card beside it, ``weights/<name>.md``."""
    return sorted(path.stem for path in WEIGHTS.glob("*.keras"))


def load_reference(name: str = "simulated") -> keras.Model:
    """A bundled model; data, scores and limits are on its card."""
    if name not in references():
        raise ModelError(f"no bundled model {name!r}; there are {', '.join(references()) or 'none'}")
    return load(WEIGHTS / f"{name}.keras")


def _block(x, features: int, draw, repeat: int = 2, strides: int = 1, kernel_size: int = 3, dilation_rate: int = 1):
    """Convolution, batch normalisation, ReLU, and again; the first convolution may stride."""
    for turn in range(repeat):
        x = keras.layers.Conv2D(
            features, kernel_size, strides=strides if turn == 0 else 1, dilation_rate=dilation_rate, padding="same",
            use_bias=False, kernel_initializer=_initial(draw),
        )(x)  # fmt: skip
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
    return x


def _seeds(seed: int):
    """A seed for each layer in turn."""
    number = seed * 1000
    while True:
        yield number
        number += 1


def _initial(draw):
    return keras.initializers.HeNormal(seed=next(draw))
