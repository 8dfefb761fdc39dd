"""The speckle filters of the page are the package's, to the last digit but one of single precision."""

import base64
from pathlib import Path

import numpy as np
import pytest

from dla_widgets.landcover import explorers, speckle

SOURCE = Path(explorers.__file__).with_name("filters.js")
ROWS, COLUMNS = 60, 85  # a frame of windows of 3 or 7 pixels is whole stretches wide, one of 15 is not
RUN = """async ([source, image, rows, columns, name, size, looks]) => {
  const { despeckle } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const bytes = Uint8Array.from(atob(image), (c) => c.charCodeAt(0));
  const [power, out] = [new Float32Array(bytes.buffer), new Float32Array(rows * columns)];
  return Array.from(despeckle(name, power, rows, columns, size, looks, out));
}"""


@pytest.fixture(scope="module")
def image():
    """Speckle on land, a lake and a ship that is brighter by a million."""
    power = np.random.default_rng(0).gamma(4, 0.025, (ROWS, COLUMNS))
    power[10:40, 20:60] /= 100
    power[25, 40] = 1000
    return power.astype("float32")


def in_the_page(page, image, name, size, looks):
    text = base64.b64encode(image.tobytes()).decode()
    return np.reshape(page.evaluate(RUN, [SOURCE.read_text(), text, ROWS, COLUMNS, name, size, looks]), image.shape)


@pytest.mark.parametrize("size", [3, 7, 15])
@pytest.mark.parametrize("name", ["boxcar", "lee", "kuan", "enhanced_lee", "gamma_map", "frost", "refined_lee"])
def test_a_filter_of_the_page_is_that_of_the_package(page, image, name, size):
    options = {} if name == "refined_lee" else {"size": size}
    wanted = getattr(speckle, name)(image, **options | ({} if name in ("boxcar", "frost") else {"looks": 4}))
    found = in_the_page(page, image, name, size, 4)
    np.testing.assert_allclose(found, wanted, rtol=2e-6)
    if name not in ("boxcar", "frost"):  # the comparison can fail: other looks are another image
        assert not np.allclose(in_the_page(page, image, name, size, 2), wanted, rtol=1e-2)
