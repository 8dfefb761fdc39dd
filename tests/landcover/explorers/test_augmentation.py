"""The image follows the stated geometry; what is right to turn comes out of the image, and is what lesson 04's layer does."""

import numpy as np
import pytest

from dla_widgets import AugmentationExplorer


def test_a_plane_is_as_bright_as_lambert_says():
    """Hand-worked: a plane that rises by 0.2 towards the east, incidence angle 30 degrees, lies 11.31 degrees nearer."""
    y, x = np.mgrid[:20, :20]
    explorer = AugmentationExplorer(0.2 * x, relief=1.0, incidence=30.0, speckle=False)
    local = np.deg2rad(30) - np.arctan(0.2)
    assert explorer.image() == pytest.approx(20 * np.log10(np.cos(local) / np.cos(np.deg2rad(30))))
    away = AugmentationExplorer(0.2 * x, relief=1.0, incidence=30.0, speckle=False, direction="descending")
    assert away.image() == pytest.approx(20 * np.log10(np.cos(np.deg2rad(30) + np.arctan(0.2)) / np.cos(np.deg2rad(30))))
    steep = AugmentationExplorer(-3.0 * x, relief=1.0, incidence=30.0, speckle=False)
    assert steep.image() == pytest.approx(20 * np.log10(0.1 / np.cos(np.deg2rad(30))))  # in shadow
    assert y.shape == steep.image().shape


def test_four_of_eight_positions_are_some_pass():
    table = AugmentationExplorer().table()
    seen = table[""].str.contains("pass could have measured this")
    assert seen.tolist() == [True, False, True, False] * 2
    assert AugmentationExplorer(relief=0.0).table()[""].str.contains("does no harm").all()


def test_the_positions_are_those_of_the_augmentation_layer():
    """All eight of them, in some order, as `augment.Positions` draws them."""
    explorer = AugmentationExplorer()
    square = np.arange(16.0).reshape(4, 4)
    mine = {tuple(explorer.show(f"turns={k};mirrored={m}").augmented(square).ravel()) for k in range(4) for m in ("yes", "no")}
    wanted = {tuple(np.rot90(image, k).ravel()) for image in (square, square.T) for k in range(4)}
    assert mine == wanted and len(mine) == 8


def test_brightness_moves_every_pixel_alike():
    a, b = (AugmentationExplorer(offset=offset).numbers() for offset in (0.0, 2.0))
    assert a["east_west"] == pytest.approx(b["east_west"])


@pytest.mark.parametrize(("heights", "said"), [
    (np.zeros((8, 9)), "a square piece of ground, from 8 x 8 to 128 x 128; received the shape (8, 9)"),
    (np.full((9, 9), np.nan), "heights must be known everywhere"),
    ("a hill", "heights are numbers (y, x); received 'a hill'"),
])  # fmt: skip
def test_heights_that_do_not_fit_are_explained(heights, said):
    assert said in AugmentationExplorer(heights).problem
