"""The exercises of lesson 04 on the network: build a U-Net, and put a large map together from its overlapping tiles."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np

from ...exercise import Exercise, Probe

# --- build_unet --------------------------------------------------------------------------------------------------------
# Building a network takes Keras a few hundredths of a second, so this check takes about a second. What is built is kept.


@cache
def _network(channels, classes, base, depth, skips=True, pool=True, kernel=3, momentum=0.9, relu=True, double=True, bottom=True,
             head=None, outputs=0, side=None):  # fmt: skip
    import keras

    def convolve(x, level):
        x = keras.layers.Conv2D(base * 2**level if double else base, kernel, padding="same")(x)
        x = keras.layers.BatchNormalization(momentum=momentum)(x) if momentum else x
        return keras.layers.ReLU()(x) if relu else x

    x = power = keras.layers.Input((side, side, channels))
    fine = []
    for level in range(depth):
        fine.append(x := convolve(x, level))
        x = keras.layers.MaxPooling2D()(x) if pool else x
    x = convolve(x, depth) if bottom else x
    for level in reversed(range(depth)):
        x = keras.layers.UpSampling2D()(x) if pool else x
        x = keras.layers.Concatenate()([x, fine[level]]) if skips else x
        x = convolve(x, level)
    return keras.Model(power, keras.layers.Conv2D(classes + outputs, 1, activation=head)(x))


def build_unet_answer(channels, classes, base, depth):
    """An untrained U-Net, (batch, y, x, channels) to logits (batch, y, x, classes); see Ronneberger et al. (2015).

    doi:10.1007/978-3-319-24574-4_28
    """
    return _network(channels, classes, base, depth)


@lru_cache(maxsize=128)
def _facts(model, channels):
    """What can be said of a network from outside: shapes, size, and what it answers when its weights are set.

    A convolution with a bias and one without are equally right before a normalisation, and so are both orders in which two
    tensors may be concatenated: biases are left out, and the weights are the same for all inputs of a layer.
    """
    import keras

    facts = {
        "input shape": str(tuple(model.input_shape)),
        "output shape": str(tuple(model.output_shape)),
        "momentum of the normalisations": [layer.momentum for layer in _layers(model) if hasattr(layer, "momentum")],
        "weights of the convolutions": sum(int(np.prod(w.shape)) for w in model.weights if len(w.shape) == 4),
    }
    if None not in model.input_shape[1:3]:
        return facts
    image = np.cos(3 * np.arange(8 * 12 * channels) ** 1.5).reshape(1, 8, 12, channels)
    before, answers = model.get_weights(), []
    for sign in (1, -1):  # one of them is below zero, which a relu would hide
        for weight in model.weights:
            weight.assign(_pattern(weight.name, tuple(weight.shape), sign))
        answers.append(keras.ops.convert_to_numpy(model(image))[0])
    model.set_weights(before)
    return facts | {"answers with known weights": np.stack(answers)}


def _layers(model):
    for layer in model.layers:
        yield from _layers(layer) if hasattr(layer, "layers") else (layer,)


def _pattern(name, shape, sign):
    if len(shape) < 4:
        waves = 0.1 * np.cos(np.arange(np.prod(shape, dtype=int))).reshape(shape)
        return {"gamma": 1 + waves, "moving_variance": 1 + waves, "beta": waves, "moving_mean": waves}.get(name, 0 * waves)
    rows, columns, inputs, outputs = shape
    each = np.sin(1 + np.arange(rows * columns * outputs)).reshape(rows, columns, 1, outputs)
    return np.broadcast_to(sign * each / inputs, shape)


def _observe_network(model, channels, *_):
    if not hasattr(model, "weights") or not hasattr(model, "input_shape"):
        return f"{type(model).__name__}, not a Keras model"
    return _facts(model, channels)


def _sizes(rng):
    yield 2, 4, 3, 1
    yield int(rng.choice([2, 4])), 9, 4, 2  # few, because each is built once for every mistake


build_unet = Exercise(
    "build_unet",
    build_unet_answer,
    _sizes,
    hints=[
        "Write a little function first: convolution, normalisation, ReLU. Way down, once for each level: call it, keep the "
        "result in a list, then `MaxPooling2D()`. At the bottom, call it once more.",
        "Way up, the levels in reverse: `UpSampling2D()`, then `Concatenate()([x, fine[level]])`, then a convolution as wide "
        "as the one on the way down.",
        "Level k has `base * 2**k` features, the bottom `base * 2**depth`. All 3x3 convolutions have "
        "`padding='same'`, and every `BatchNormalization` has `momentum=0.9`.",
        "The head is `Conv2D(classes, 1)` without an activation: one logit per class and pixel. `keras.Model(inputs, head)`.",
    ],
    observe=_observe_network,
    rtol=1e-3,
    atol=1e-5,
    seconds=60.0,
)


@build_unet.mistake("The bridges are missing: what the pooling lost never comes back, and no border is sharper than the "
                    "coarsest level. Concatenate the features of the same level on the way up.")
def no_bridges(channels, classes, base, depth):
    return _network(channels, classes, base, depth, skips=False)


@build_unet.mistake("It never goes down. Without pooling each layer sees one pixel further, and context costs a fortune: "
                    "MaxPooling2D on the way down, UpSampling2D on the way up.")
def never_goes_down(channels, classes, base, depth):
    return _network(channels, classes, base, depth, pool=False)


@build_unet.mistake("There is a softmax at the end. The losses here take logits and do that themselves: twice is wrong, and "
                    "hardly learns. Leave the head linear.")
def softmax_head(channels, classes, base, depth):
    return _network(channels, classes, base, depth, head="softmax")


@build_unet.mistake("The head has a relu: a logit can never fall below zero, so no class can be ruled out. Leave it linear.")
def relu_head(channels, classes, base, depth):
    return _network(channels, classes, base, depth, head="relu")


@build_unet.mistake("Convolutions of 1x1 see no neighbour. That is a pixel-wise classifier with extra steps: use 3x3.")
def sees_no_neighbour(channels, classes, base, depth):
    return _network(channels, classes, base, depth, kernel=1)


@build_unet.mistake("Between your convolutions there is no activation, and a chain of linear layers is one linear layer: end "
                    "each block with ReLU().")
def no_activation(channels, classes, base, depth):
    return _network(channels, classes, base, depth, relu=False)


@build_unet.mistake("The normalisation is missing. Without it the network learns too, but in a few hundred steps it does not get "
                    "far: BatchNormalization(momentum=0.9) between convolution and ReLU.")
def no_normalisation(channels, classes, base, depth):
    return _network(channels, classes, base, depth, momentum=None)


@build_unet.mistake("With Keras' own momentum of 0.99 the normalisation remembers its first hundreds of steps, which are all "
                    "that we have. Set momentum=0.9.")
def slow_normalisation(channels, classes, base, depth):
    return _network(channels, classes, base, depth, momentum=0.99)


@build_unet.mistake("All levels are equally wide. Double the features whenever the image halves: level k has base * 2**k.")
def equally_wide(channels, classes, base, depth):
    return _network(channels, classes, base, depth, double=False)


@build_unet.mistake("The convolution at the bottom is missing: the coarsest level is where the context is.")
def no_bottom(channels, classes, base, depth):
    return _network(channels, classes, base, depth, bottom=False)


@build_unet.mistake("One level too many: `depth` is how often the image is halved.")
def one_level_too_many(channels, classes, base, depth):
    return _network(channels, classes, base, depth + 1)


@build_unet.mistake("There is one class too many. 255 is no class but the mark of what nobody knows, and the loss skips it.")
def a_class_for_the_unknown(channels, classes, base, depth):
    return _network(channels, classes, base, depth, outputs=1)


@build_unet.mistake("Your network takes images of 64 pixels and no others. Input((None, None, channels)) takes any size, and "
                    "a scene is larger than a patch.")
def fixed_size(channels, classes, base, depth):
    return _network(channels, classes, base, depth, side=64)


# --- blend_tiles -------------------------------------------------------------------------------------------------------


def blend_tiles_answer(tiles, corners, window, shape):
    """The mean of the tiles' logits at each pixel of a map, weighted by `window`; NaN where no tile lies."""
    total, weight = _sums(tiles, corners, window, shape)
    with np.errstate(invalid="ignore"):
        return total / weight


def _sums(tiles, corners, window, shape):
    total, weight = np.zeros((*shape, tiles.shape[-1])), np.zeros((*shape, 1))
    size = len(window)
    for tile, (top, left) in zip(tiles, corners):
        place = slice(top, top + size), slice(left, left + size)
        total[place] += window[..., None] * tile
        weight[place] += window[..., None]
    return total, weight


def _tile_probes(rng):
    def tiles(n, size, classes):
        return (rng.normal(size=(n, size, size, classes)) + rng.normal(size=(n, 1, 1, 1))).round(2) + 3

    def hill(size):
        edge = np.minimum(np.arange(1, size + 1), np.arange(size, 0, -1)).astype(float)
        return np.outer(edge, edge)

    yield tiles(2, 2, 2), np.array([[0, 0], [0, 1]]), np.array([[1.0, 3.0], [2.0, 4.0]]), (2, 3)
    yield tiles(4, 4, 3), np.array([[0, 0], [0, 3], [2, 0], [2, 3]]), hill(4), (6, 7)
    yield Probe((tiles(3, 3, 2), np.array([[0, 0], [0, 2], [2, 1]]), hill(3), (5, 6)), "pixels that no tile reaches")


blend_tiles = Exercise("blend_tiles", blend_tiles_answer, _tile_probes, hints=[
    "Two arrays of the map's size: the sum of weight times logits, and the sum of the weights. Their ratio is the weighted mean.",
    "For each tile: `place = slice(top, top + size), slice(left, left + size)`, then `total[place] += ...` and "
    "`weight[place] += ...`.",
    "`window[..., None]` gives the weights a last axis, so that they fit (size, size, class). 0/0 is NaN, which is right.",
])


def _each(tiles, corners, window, shape):
    for tile, (top, left) in zip(tiles, corners):
        yield tile, (slice(top, top + len(window)), slice(left, left + len(window)))


@blend_tiles.mistake("Where tiles overlap the last one has the word, which leaves a seam. Take the weighted mean of all.")
def last_tile_wins(tiles, corners, window, shape):
    blended = np.full((*shape, tiles.shape[-1]), np.nan)
    for tile, place in _each(tiles, corners, window, shape):
        blended[place] = tile
    return blended


@blend_tiles.mistake("The weighted logits are summed up, but not divided by the sum of the weights: where four tiles meet, all "
                     "logits are larger.")
def not_divided(tiles, corners, window, shape):
    return _sums(tiles, corners, window, shape)[0]


@blend_tiles.mistake("You divided by the number of tiles. Divide by the sum of their weights at that pixel.")
def divided_by_the_number(tiles, corners, window, shape):
    with np.errstate(invalid="ignore"):
        return _sums(tiles, corners, window, shape)[0] / _sums(tiles, corners, np.ones_like(window), shape)[1]


@blend_tiles.mistake("That is the plain mean: the edge of a tile, where the network saw half of the surroundings, counts as much "
                     "as its centre. Use the window.")
def plain_mean(tiles, corners, window, shape):
    return blend_tiles_answer(tiles, corners, np.ones_like(window), shape)


@blend_tiles.mistake("Rows and columns are swapped: a corner is (row, column).")
def corners_swapped(tiles, corners, window, shape):
    wide = max(shape) + len(window)
    return blend_tiles_answer(tiles, corners[:, ::-1], window, (wide, wide))[:shape[0], :shape[1]]


@blend_tiles.mistake("You took the winning class of each tile first. Blend the logits, and decide once, at the very end.")
def classes_blended(tiles, corners, window, shape):
    with np.errstate(invalid="ignore"):
        return blend_tiles_answer(tiles.argmax(-1)[..., None], corners, window, shape)[..., 0]


@blend_tiles.mistake("The window is laid over the map twice: multiply each tile by it once, and sum the window itself for the "
                     "weights.")
def window_squared(tiles, corners, window, shape):
    with np.errstate(invalid="ignore"):
        return _sums(tiles * window[..., None], corners, window, shape)[0] / _sums(tiles, corners, window, shape)[1]


@blend_tiles.mistake("You took the highest logit of the overlapping tiles. Whoever shouts loudest is not right: take the "
                     "weighted mean.")
def loudest_tile(tiles, corners, window, shape):
    blended = np.full((*shape, tiles.shape[-1]), np.nan)
    for tile, place in _each(tiles, corners, window, shape):
        blended[place] = np.fmax(blended[place], tile)
    return blended


@blend_tiles.mistake("Where no tile lies you say 0, and all classes are equally likely there. Nobody has looked: NaN.")
def zero_where_nobody_looked(tiles, corners, window, shape):
    return np.nan_to_num(blend_tiles_answer(tiles, corners, window, shape))
