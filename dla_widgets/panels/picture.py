"""A figure that shows itself in a notebook, in words too, and leaves no global state behind.

``matplotlib.pyplot`` keeps every figure until it is closed and changes what other figures look like. A
:class:`Picture` is a plain :class:`~matplotlib.figure.Figure` with a canvas of its own: it is drawn when the notebook
shows it, sharp on a high-resolution screen, and carries a text alternative for those who cannot see it.
"""

from __future__ import annotations

import base64
import html
import io
import warnings

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

#: Eight colours that people with any kind of colour blindness can tell apart:
#: Okabe and Ito (2008), Color Universal Design, https://jfly.uni-koeln.de/color/
OKABE_ITO = {
    "black": "#000000", "orange": "#E69F00", "sky": "#56B4E9", "green": "#009E73",
    "yellow": "#F0E442", "blue": "#0072B2", "vermilion": "#D55E00", "purple": "#CC79A7",
}

#: The order in which series take them; yellow comes last because it is faint on white, black is for observations.
CYCLE = [OKABE_ITO[name] for name in ("blue", "vermilion", "green", "purple", "orange", "sky", "yellow")]

STYLE = {
    "font.size": 10, "axes.titlesize": 11, "axes.labelsize": 10, "legend.fontsize": 9, "legend.frameon": False,
    "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "axes.grid": True, "grid.color": "#DDDDDD", "grid.linewidth": 0.6, "lines.linewidth": 1.4,
    "axes.prop_cycle": matplotlib.cycler(color=CYCLE), "axes.edgecolor": "#444444", "text.color": "#222222",
    "axes.labelcolor": "#222222", "xtick.color": "#444444", "ytick.color": "#444444", "figure.facecolor": "white",
    "savefig.facecolor": "white",
}

#: CSS pixels per inch, and how many pixels of the image go into one of them
CSS_DPI, RETINA = 96, 2


def style():
    """The course's look for as long as a ``with`` block or a decorated function lasts, and no longer."""
    return matplotlib.rc_context(STYLE)


class Picture(Figure):
    """A figure without pyplot that a notebook shows by itself.

    >>> picture = Picture(8, 3, alt="Discharge rises after each rain.")
    >>> _ = picture.subplots().plot([1, 3, 2])
    >>> picture  # doctest: +SKIP

    Parameters
    ----------
    width, height : size on the page [inch]; 8 inches are 768 CSS pixels, the width of a notebook cell
    alt : the picture in words, for screen readers and for those whose browser shows no images; can be set later
    **options : passed on to :class:`matplotlib.figure.Figure`
    """

    def __init__(self, width: float = 8.0, height: float = 3.6, alt: str = "", **options):
        with style():
            super().__init__(**({"figsize": (width, height), "dpi": CSS_DPI, "layout": "constrained"} | options))
        FigureCanvasAgg(self)
        self.alt = alt

    @property
    def alt(self) -> str:
        """The picture in words; made of titles and labels where its author gave none."""
        return self._alt or self._labels_in_words()

    @alt.setter
    def alt(self, words: str) -> None:
        self._alt = " ".join(str(words).split())

    def add_subplot(self, *args, **kwargs):
        with style():
            return super().add_subplot(*args, **kwargs)

    def draw(self, renderer):
        with style(), warnings.catch_warnings():  # ticks are made while drawing, and read the style then
            warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)  # names of people and teams
            super().draw(renderer)

    def png(self, scale: float = RETINA) -> bytes:
        """The picture as a PNG of `scale` pixels per CSS pixel, its words inside as the PNG's description.

        256 colours are enough for a drawing, and make a notebook less than half as large.
        """
        drawn, out, words = io.BytesIO(), io.BytesIO(), PngInfo()
        self.savefig(drawn, format="png", dpi=CSS_DPI * scale)
        words.add_itxt("Description", self.alt)
        image = Image.open(drawn).convert("RGB")
        image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(out, "png", pnginfo=words)
        return out.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        """HTML because JupyterLab gives its own image output no text alternative; PNG for PDF and slides; and words."""
        width, height = (round(inches * CSS_DPI) for inches in self.get_size_inches())
        encoded, words = base64.b64encode(self.png()).decode("ascii"), self.alt
        tag = f'<img src="data:image/png;base64,{encoded}" width="{width}" alt="{html.escape(words)}">'
        data = {"text/html": tag, "image/png": encoded, "text/plain": words}
        return data, {"image/png": {"width": width, "height": height, "alt": words}}

    def _labels_in_words(self) -> str:
        parts = [" against ".join(filter(None, [ax.get_ylabel(), ax.get_xlabel()])) for ax in self.axes]
        titles = [self.get_suptitle(), *(ax.get_title(loc) for ax in self.axes for loc in ("left", "center"))]
        words = "; ".join(filter(None, [*titles, *parts]))
        return f"Figure: {words}." if words else "A figure without a description."
