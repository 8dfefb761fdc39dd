"""The bundled model is what its card says, and the script makes it."""

import numpy as np
import pytest

from dla_widgets.landcover import models
from dla_widgets.landcover.prediction import predict
from dla_widgets.landcover.scenes import arrays, open_scenes, select_scenes
from dla_widgets.landcover.skill import Confusion
from dla_widgets.landcover.weights import make


def test_its_scores_are_those_of_the_card():
    test = select_scenes(open_scenes(), "test")
    confusion = Confusion().add(arrays(test)[1], predict(models.load_reference(), test).values)
    assert confusion.macro_f1 == pytest.approx(make.recorded(), abs=0.002)
    assert confusion.accuracy == pytest.approx(make.recorded("accuracy"), abs=0.002)
    assert (models.WEIGHTS / "simulated.keras").stat().st_size < 1.5e6
    assert models.references() == ["simulated"]


def test_a_model_that_is_not_bundled():
    with pytest.raises(models.ModelError, match="no bundled model 'congo'; there are simulated"):
        models.load_reference("congo")


def test_the_script_makes_a_model_its_card_and_its_scores(tmp_path):
    scenes = open_scenes(n=10, size=64)
    recipes = {name: make.RECIPES[name] for name in list(make.RECIPES)[:2]}
    scores = make.make(scenes, tmp_path, steps=3, base=4, recipes=recipes)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["simulated.keras", "simulated.md"]
    assert make.recorded(folder=tmp_path) == pytest.approx(scores["macro F1"], abs=5e-4)
    test = select_scenes(scenes, "test")
    labels = predict(models.load(tmp_path / "simulated.keras"), test)
    assert np.isclose(Confusion().add(arrays(test)[1], labels.values).macro_f1, scores["macro F1"])
    with pytest.raises(KeyError, match="the card has no 'mood'"):
        make.recorded("mood", tmp_path)
