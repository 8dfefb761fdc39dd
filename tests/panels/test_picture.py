"""Pictures show themselves, in words too, and leave nothing behind."""

import base64
import io
import json
import subprocess
import sys
import warnings

import matplotlib
import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor
from PIL import Image

from dla_widgets.panels.picture import CYCLE, OKABE_ITO, Picture


def drawn(**options):
    picture = Picture(4, 2, **options)
    ax = picture.subplots()
    ax.plot([1, 3, 2])
    ax.set(title="A flood", xlabel="day", ylabel="discharge [mm/day]")
    return picture


def test_a_notebook_gets_an_image_and_its_words():
    data, metadata = drawn(alt='Discharge rises to "3" & falls.')._repr_mimebundle_()
    assert data["text/plain"] == 'Discharge rises to "3" & falls.'
    assert 'alt="Discharge rises to &quot;3&quot; &amp; falls."' in data["text/html"]
    assert 'width="384"' in data["text/html"]  # 4 inches of 96 CSS pixels
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert image.size == (768, 384)  # twice as many: sharp on a high-resolution screen
    assert image.text["Description"] == data["text/plain"]
    assert metadata["image/png"] == {"width": 384, "height": 192, "alt": data["text/plain"]}


def test_words_can_be_set_later_and_are_never_missing():
    picture = drawn()
    assert picture.alt == "Figure: A flood; discharge [mm/day] against day."
    picture.alt = "It rains,\n   then the river rises."
    assert picture.alt == "It rains, then the river rises."
    assert Picture().alt == "A figure without a description."


def test_the_background_is_opaque_so_that_dark_pages_can_be_read():
    image = Image.open(io.BytesIO(drawn().png())).convert("RGBA")
    assert image.getpixel((0, 0)) == (255, 255, 255, 255)


def test_colours_survive_the_smaller_palette():
    picture = Picture(3, 3)
    ax = picture.subplots()
    ax.bar(range(len(CYCLE)), 1, width=1, color=CYCLE)
    found = {colour for _, colour in Image.open(io.BytesIO(picture.png())).convert("RGB").getcolors(100_000)}
    for name in CYCLE:
        wanted = np.array([int(name[k : k + 2], 16) for k in (1, 3, 5)])
        assert min(np.abs(np.array(colour) - wanted).max() for colour in found) <= 8


def luminance(colour):
    """Relative luminance of WCAG 2."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_the_first_colours_stand_out_from_white_and_from_each_other():
    first = [OKABE_ITO["black"], *CYCLE[:3]]
    for colour in first:
        assert 1.05 / (luminance(colour) + 0.05) > 3  # WCAG 2 for graphics
    assert len(set(OKABE_ITO.values())) == 8


def test_nothing_global_changes():
    before = dict(matplotlib.rcParams)
    drawn().png()
    assert dict(matplotlib.rcParams) == before


def test_letters_that_the_font_lacks_are_no_matter_of_a_warning():
    picture = drawn()
    picture.axes[0].set_yticks([1], ["Deep \N{WATER WAVE} Water"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture.png()


def test_no_pyplot():
    code = "import sys; from dla_widgets.panels.picture import Picture; p = Picture(); p.subplots(); p.png(); "
    code += "print([m for m in sys.modules if m == 'matplotlib.pyplot' or 'IPython' in m])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.fixture(scope="module")
def executed():
    """A notebook that shows a picture in a real kernel, the second time with Matplotlib's own display switched on."""
    show = "from dla_widgets.panels.picture import Picture\np = Picture(4, 2, alt='A line.')\n"
    show += "p.subplots().plot([1, 2])\np"
    cells = [nbformat.v4.new_code_cell(code) for code in (show, "%matplotlib inline\n" + show)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    ExecutePreprocessor(timeout=120).preprocess(notebook)
    return notebook


def test_shown_once_in_a_kernel_whether_pyplot_is_there_or_not(executed):
    for cell in executed.cells:
        (output,) = cell.outputs
        assert output.output_type == "execute_result"
        assert set(output.data) == {"text/html", "image/png", "text/plain"}
        assert output.data["text/plain"] == "A line."


def test_exported_pages_keep_the_words(executed):
    page, _ = HTMLExporter().from_notebook_node(executed)
    assert page.count('alt="A line."') == 2
    assert json.loads(nbformat.writes(executed))["nbformat"] == 4
