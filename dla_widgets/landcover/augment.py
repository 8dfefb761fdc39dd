"""More scenes out of the same ones: what may be turned, what may be shaken.

Radar looks sideways. Mirroring or turning a scene moves the side from which it was lit, so the shadows and bright slopes of
mountains would fall the wrong way. Where the terrain effect has been taken out (gamma nought on a terrain model), and in flat
land, what is left is texture with hardly a direction (trees beside a clearing still face the radar as a bright wall), and all
eight positions of a square are taken as fair. Brightness may be shaken by
a fraction of a decibel, as calibration does, and speckle is drawn anew at each pass of the satellite.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("dla_widgets")
class Positions(keras.layers.Layer):
    """One of the eight positions of a square for each crop: four turns, mirrored or not; power and labels alike."""

    def __init__(self, seed: int = 0, **options):
        super().__init__(**options)
        self.seed = seed
        self.draw = keras.random.SeedGenerator(seed)

    def call(self, pair):
        power, labels = pair
        turn = keras.random.randint((3,), 0, 2, seed=self.draw)
        together = [power, labels[..., None]]
        for axis in (1, 2):
            together = [tf.where(turn[axis - 1] == 1, tf.reverse(t, [axis]), t) for t in together]
        together = [tf.where(turn[2] == 1, tf.transpose(t, (0, 2, 1, 3)), t) for t in together]
        return together[0], together[1][..., 0]

    def get_config(self):
        return super().get_config() | {"seed": self.seed}


@keras.saving.register_keras_serializable("dla_widgets")
class RadiometricJitter(keras.layers.Layer):
    """A gain for each crop and channel, normally distributed in decibel."""

    def __init__(self, decibels: float = 0.3, seed: int = 0, **options):
        super().__init__(**options)
        self.decibels, self.seed = decibels, seed
        self.draw = keras.random.SeedGenerator(seed)

    def call(self, power):
        shape = (tf.shape(power)[0], 1, 1, power.shape[-1])
        return power * 10 ** (self.decibels / 10 * keras.random.normal(shape, seed=self.draw))

    def get_config(self):
        return super().get_config() | {"decibels": self.decibels, "seed": self.seed}


@keras.saving.register_keras_serializable("dla_widgets")
class SpeckleNoise(keras.layers.Layer):
    """More speckle on power that has some: a factor of mean 1 with the spatial correlation of Sentinel-1.

    A pass of `looks` looks more or less is what another date would look like through a worse radar. The factor is the sum of
    squares of Gaussian noise that was blurred by 1.08 pixels, which correlates as measured on real scenes (0.65, 0.18 and 0
    at 1, 2 and 3 pixels).
    """

    def __init__(self, looks: int = 20, seed: int = 0, **options):
        super().__init__(**options)
        self.looks, self.seed = looks, seed
        self.draw = keras.random.SeedGenerator(seed)
        taps = tf.exp(-0.5 * (tf.range(-4.0, 5.0) / 1.08) ** 2)
        self.taps = taps / tf.sqrt(tf.reduce_sum(taps**2))

    def call(self, power):
        shape = tf.shape(power)
        batch, rows, columns, channels = shape[0], shape[1], shape[2], shape[3]
        n = 2 * self.looks  # real and imaginary part of each look
        noise = keras.random.normal((batch * channels * n, rows + 8, columns + 8, 1), seed=self.draw)
        noise = tf.nn.conv2d(noise, tf.reshape(self.taps, (9, 1, 1, 1)), 1, "VALID")
        noise = tf.nn.conv2d(noise, tf.reshape(self.taps, (1, 9, 1, 1)), 1, "VALID")
        factor = tf.reduce_mean(tf.reshape(noise**2, (batch, channels, n, rows, columns)), 2)
        return power * tf.transpose(factor, (0, 2, 3, 1))

    def get_config(self):
        return super().get_config() | {"looks": self.looks, "seed": self.seed}


def augmentation(decibels: float = 0.3, seed: int = 0) -> Callable:
    """``augment(power, labels)`` for :func:`~.sampling.crop_dataset`: positions and a little gain."""
    positions, jitter = Positions(seed), RadiometricJitter(decibels, seed + 1)

    def augment(power, labels):
        power, labels = positions((power, labels))
        return jitter(power), labels

    return augment
