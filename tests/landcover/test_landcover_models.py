"""Networks for maps: sizes, scaling, files, training that learns, predictions of any size, tiles, GeoTIFFs, opponents."""

import keras
import numpy as np
import pytest
import rasterio
from sklearn.metrics import f1_score

from dla_widgets.landcover import losses, models
from dla_widgets.landcover.baselines import AllForest, BaselineError, PixelForest, PixelLDA
from dla_widgets.landcover.class_weights import class_counts
from dla_widgets.landcover.layers import Decibels, LayerError
from dla_widgets.landcover.legend import IGNORE
from dla_widgets.landcover.prediction import PredictionError, adjust_prior, predict, predict_logits, write_cog
from dla_widgets.landcover.scenes import SceneError, arrays, georeferenced, open_scenes, select_scenes
from dla_widgets.landcover.skill import macro_f1
from dla_widgets.landcover.tiling import TilingError, tiled, windows
from dla_widgets.landcover.training import TrainingError, rate_at, train

NETWORKS = {"unet": models.unet, "dilated": models.dilated, "deeplab": models.deeplab}


def one_layer():
    """The smallest network, where a test is about the training and not about the network."""
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((None, None, 2)), Decibels(), keras.layers.Conv2D(9, 1)])


@pytest.fixture(scope="module")
def scenes():
    return open_scenes(n=10, size=64)


@pytest.fixture(scope="module")
def trained(scenes):
    model = models.unet(base=8, seed=1)
    look = {"valid": select_scenes(scenes, "valid"), "every": 10}
    history = train(model, scenes, steps=20, batch=4, size=32, learning_rate=2e-2, progress=False, **look)
    return model, history


@pytest.mark.parametrize("name", NETWORKS)
def test_a_logit_per_class_for_every_pixel(name):
    model = NETWORKS[name](channels=4, seed=3)
    power = np.full((2, 48, 64, 4), 0.1, np.float32)
    assert model(power).shape == (2, 48, 64, 9)
    same, other = NETWORKS[name](channels=4, seed=3), NETWORKS[name](channels=4, seed=4)
    np.testing.assert_array_equal(model.get_weights()[3], same.get_weights()[3])
    assert not np.array_equal(model.get_weights()[3], other.get_weights()[3])
    assert 10_000 < model.count_params() < 400_000


def test_scaling_is_measured_once_and_on_the_training_scenes(scenes, trained):
    layer = trained[0].get_layer("decibels")
    power = arrays(select_scenes(scenes, "train"))[0]
    decibels = 10 * np.log10(power)
    np.testing.assert_allclose(layer.mean.numpy(), np.nanmean(decibels, (0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(layer.spread.numpy(), np.nanstd(decibels, (0, 1, 2)), rtol=1e-4)
    train(trained[0], open_scenes(n=5, size=64, seed=9), steps=0, progress=False)
    np.testing.assert_allclose(layer.mean.numpy(), np.nanmean(decibels, (0, 1, 2)), rtol=1e-4)


def test_what_was_not_seen_is_the_mean():
    layer = Decibels()
    layer.build((None, 4, 4, 1))
    layer.adapt(np.array([0.1, 0.001], np.float32).reshape(1, 1, 2, 1))
    out = layer(np.array([0.1, np.nan, 0.01, 0.0], np.float32).reshape(1, 1, 4, 1)).numpy().ravel()
    np.testing.assert_allclose(out, [1, 0, 0, -4], atol=1e-5)  # 0 is taken for -60 dB
    with pytest.raises(LayerError, match="a channel has no measured pixel at all"):
        layer.adapt(np.full((1, 2, 2, 1), np.nan, np.float32))


def test_training_learns_and_tells(scenes, trained):
    _, history = trained
    assert len(history["loss"]) == len(history["seconds"]) == 20
    assert np.mean(history["loss"][-3:]) < 0.6 * history["loss"][0]
    assert history["step"] == [10, 20] and len(history["macro_f1"]) == 2
    again, once_more = (train(one_layer(), scenes, steps=3, batch=4, size=32, progress=False) for _ in range(2))
    np.testing.assert_allclose(again["loss"], once_more["loss"], rtol=1e-4)


def test_the_rate_rises_and_falls():
    rates = [rate_at(step, 0.01, 200) for step in range(1, 201)]
    assert rates[9] == max(rates) == 0.01 and rates[0] == 0.001 and rates[-1] == pytest.approx(1e-4)
    assert (np.diff(rates[:10]) > 0).all() and (np.diff(rates[10:]) < 0).all()


def test_the_test_scenes_are_not_learnt_from(scenes):
    """With the test scenes gone from the stack, training is the same."""
    without = scenes.isel(scene=np.flatnonzero(scenes["split"].values != "test"))
    a, b = (train(one_layer(), s, steps=3, batch=2, size=32, progress=False)["loss"] for s in (scenes, without))
    np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_model_of_other_channels_is_refused(scenes):
    with pytest.raises(TrainingError, match=r"takes 4 channels and these scenes have 2 .* make it with channels=2"):
        train(models.unet(channels=4), scenes, progress=False)


def test_a_loss_that_is_no_number_stops_the_training(scenes):
    def broken(labels, logits):
        return keras.ops.mean(logits) / 0.0

    with pytest.raises(TrainingError, match=r"the loss is -?(inf|nan) at step 1; a lower learning_rate than 0.005 may help"):
        train(one_layer(), scenes, broken, steps=2, batch=2, size=32, progress=False)


def test_a_stack_of_several_parts_needs_one_for_training(scenes):
    rest = scenes.isel(scene=np.flatnonzero(scenes["split"].values != "train"))
    with pytest.raises(SceneError, match="no scene of this stack is for 'train'"):
        train(models.unet(base=4), rest, steps=1, progress=False)


@pytest.mark.parametrize("name", NETWORKS)
def test_saved_and_loaded_it_says_the_same(name, scenes, tmp_path):
    model = NETWORKS[name](seed=2)
    model.get_layer("decibels").adapt(arrays(scenes)[0])
    back = models.load(models.save(model, tmp_path / "m.keras"))
    power = arrays(scenes)[0][:1]
    np.testing.assert_allclose(predict_logits(back, power), predict_logits(model, power), atol=1e-5)


@pytest.mark.parametrize("size", [(64, 64), (50, 61)])
def test_any_size_can_be_mapped(trained, size):
    power = np.random.default_rng(0).gamma(5, 0.02, (1, *size, 2)).astype(np.float32)
    power[0, 3:6, 4] = np.nan
    logits = predict_logits(trained[0], power)
    assert logits.shape == (1, *size, 9) and np.isfinite(logits).all()


def test_predict(scenes, trained):
    model, _ = trained
    labels = predict(model, scenes)
    assert labels.dims == ("scene", "y", "x") and labels.dtype == np.uint8
    np.testing.assert_array_equal(labels["scene"], scenes["scene"])
    prior = class_counts(arrays(select_scenes(scenes, "train"))[1])
    corrected = predict(model, scenes, adjust=prior)
    assert (corrected != 0).mean() > (labels != 0).mean()  # less forest


def test_turned_and_mirrored_scenes_agree_after_averaging(trained):
    power = np.random.default_rng(1).gamma(5, 0.02, (1, 64, 64, 2)).astype(np.float32)
    usual = predict_logits(trained[0], power, tta=True)
    turned = predict_logits(trained[0], np.rot90(power, 1, (1, 2)).copy(), tta=True)
    np.testing.assert_allclose(np.rot90(turned, -1, (1, 2)), usual, atol=1e-3)
    mirrored = predict_logits(trained[0], power[:, :, ::-1].copy(), tta=True)
    np.testing.assert_allclose(mirrored[:, :, ::-1], usual, atol=1e-3)


def test_prior_correction_undoes_the_shares():
    likelihood = np.log([[0.5, 0.2], [0.1, 0.7]])
    prior = np.array([0.95, 0.05])
    posterior = likelihood + np.log(prior)
    np.testing.assert_array_equal(posterior.argmax(-1), [0, 0])
    np.testing.assert_allclose(adjust_prior(posterior, prior), likelihood, atol=1e-6)
    np.testing.assert_allclose(adjust_prior(posterior, prior * 1e6, tau=0), posterior, rtol=1e-6)
    np.testing.assert_allclose(adjust_prior(posterior, [1, 0]), posterior, rtol=1e-6)  # never seen: left alone
    with pytest.raises(PredictionError, match="one share per class, 2 of them"):
        adjust_prior(posterior, [1, 2, 3])


def test_tiles_give_what_the_whole_scene_gives():
    model = models.dilated(base=4, seed=1)  # looks 2 * (1 + 1 + 2 + 4 + 8 + 16) = 64 pixels far, and a little
    model.get_layer("decibels").adapt(power := np.random.default_rng(0).gamma(5, 0.02, (1, 320, 256, 2)).astype(np.float32))
    whole = predict_logits(model, power)[0]
    blended = tiled(lambda part: predict_logits(model, part), power[0], tile=160, overlap=160)
    np.testing.assert_allclose(blended, whole, atol=1e-3)
    small = tiled(lambda part: predict_logits(model, part), power[0], tile=64, overlap=0)
    assert np.abs(small - whole).max() > 0.05  # without an overlap there are seams


def test_tiles_cover_and_weigh_alike():
    count = tiled(lambda part: np.ones((*part.shape[:3], 1), np.float32), np.zeros((70, 50, 2), np.float32), 32, 16)
    np.testing.assert_allclose(count, 1, rtol=1e-6)
    assert len(list(windows((70, 50), 32, 16))) == 6
    with pytest.raises(TilingError, match=r"one scene is \(y, x, channel\)"):
        tiled(None, np.zeros((1, 2, 3, 4)))
    with pytest.raises(TilingError, match="an overlap between 0 and themselves; got 32 and 64"):
        tiled(None, np.zeros((8, 8, 2)), 32, 64)


def test_a_map_is_written_where_it_lies(scenes, trained, tmp_path):
    labels = predict(trained[0], scenes)
    name = str(scenes["scene"].values[4])
    path = write_cog(labels, scenes, name, tmp_path / "maps" / "map.tif")
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(1), labels.sel(scene=name))
        box = georeferenced(scenes, name).odc.geobox
        assert file.crs == box.crs and file.transform == box.affine and file.nodata == IGNORE
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.colormap(1)[6][:3] == (0, 0x32, 0xC8)
    assert [p.name for p in path.parent.iterdir()] == ["map.tif"]


OPPONENTS = [AllForest(), PixelLDA(), PixelForest(pixels=3000), PixelLDA(despeckle=False, balanced=True)]


@pytest.mark.parametrize("opponent", OPPONENTS, ids=lambda opponent: type(opponent).__name__)
def test_opponents(scenes, opponent):
    fresh = type(opponent)()
    with pytest.raises(BaselineError, match="has not seen any scene yet; fit"):
        fresh.predict(scenes)
    valid = select_scenes(scenes, "valid")
    labels = opponent.fit(scenes).predict(valid)
    truth = arrays(valid)[1]
    assert labels.shape == truth.shape
    known = truth != IGNORE
    assert macro_f1(truth, labels.values) == pytest.approx(f1_score(truth[known], labels.values[known], average="macro"))
    if isinstance(opponent, AllForest):
        assert not labels.values.any()
    else:
        assert len(np.unique(labels.values)) > 1


def test_losses_train_through_keras_too(scenes):
    power, labels = arrays(scenes)
    model = one_layer()
    model.layers[0].adapt(power)
    model.compile(keras.optimizers.Adam(0.1), losses.dice())
    history = model.fit(power, labels, epochs=8, batch_size=5, shuffle=False, verbose=0).history["loss"]
    assert history[-1] < history[0] - 0.05
