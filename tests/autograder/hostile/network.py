"""Keras models as answers: the second lesson, for what TensorFlow needs of the walls, and for models that lie."""

from .case import Case

RIGHT = """\
def build_lstm(features, units):
    return keras.Sequential([
        keras.layers.Input((None, features)),
        keras.layers.LSTM(units, return_sequences=True),
        keras.layers.Dense(1),
    ])
"""


def network(tries: str, code: str = RIGHT, points: float = 0.0, status: set[str] = frozenset(
        {"wrong", "failed", "mistake", "crashed", "time-out", "memory"})) -> Case:
    """A case of the second lesson; the first one is right."""
    return Case(tries, network=code, points={"build_lstm": points}, status={"build_lstm": frozenset(status)})


CASES = {
    "network-right": network("builds the network that was asked for, and trains it a little", RIGHT + """
network = build_lstm(3, 4)
network.compile("adam", "mse")
history = network.fit(np.random.rand(8, 20, 3), np.random.rand(8, 20, 1), epochs=2, verbose=0)
""", 2.0, {"right"}),
    "network-mistake": network("builds the network with a relu at the end", RIGHT.replace(
        "Dense(1)", "Dense(1, activation='relu')"), status={"mistake"}),
    "network-that-lies": network("builds an object that says what a network says", """\
class Liar:
    input_shape, output_shape, layers, weights = (None, None, 3), (None, None, 1), [], []
    __call__ = predict = lambda self, x, **_: np.zeros((*np.shape(x)[:2], 1))
    __eq__ = lambda self, other: True
    count_params = lambda self: 133
    get_weights = lambda self: []
    set_weights = lambda self, weights: None
    __class__ = property(lambda self: keras.Sequential)


def build_lstm(features, units):
    return Liar()
"""),
    "network-with-code": network("builds a network with code in it that writes a file wherever it runs", """\
def build_lstm(features, units):
    def act(x):
        attempt(LOOT.write_text, "the layer ran outside")
        return x[..., :1]

    return keras.Sequential([keras.layers.Input((None, features)), keras.layers.Lambda(act)])
"""),
    "network-without-end": network("trains when it should only build", """\
def build_lstm(features, units):
    model = keras.Sequential([keras.layers.Input((None, features)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    while time.time() < UNTIL:
        model.fit(np.zeros((64, 10, features)), np.zeros((64, 10, 1)), verbose=0)
    return model
"""),
    "network-in-pieces": network("answers each question with another network", """\
made = []


def build_lstm(features, units):
    made.append(1)
    width = units if len(made) == 1 else 10_000
    return keras.Sequential([keras.layers.Input((None, features)), keras.layers.Dense(width), keras.layers.Dense(1)])
"""),
}
