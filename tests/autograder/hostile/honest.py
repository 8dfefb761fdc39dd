"""Right answers that look odd: each must keep all its points."""

from .case import RIGHT, code_cell, find, honest, markdown_cell


def in_two_cells(notebook, place):
    """A helper in a cell of its own, before the answer."""
    at = notebook["cells"].index(find(notebook, "nse"))
    notebook["cells"].insert(at, code_cell("helper", "def spread(x):\n    return ((x - x.mean()) ** 2).sum()\n"))
    find(notebook, "nse")["source"] = RIGHT.replace("((o - o.mean()) ** 2).sum()", "spread(o)")


def much_text(notebook, place):
    """Notes between all cells."""
    cells = [markdown_cell(f"note-{n}", "A note to myself.\n" * 50) for n in range(200)]
    notebook["cells"][2:2] = cells


CASES = {
    "a-right-one": honest("is the author's solution, the first that is graded"),
    "zz-right-one": honest("is the author's solution, graded after all others"),
    "warns": honest("warns and writes to stderr while it computes", """\
        import warnings

        def nse(observed, simulated):
            warnings.warn("careful")
            print("careful", file=sys.stderr)
            both = np.isfinite(observed) & np.isfinite(simulated)
            o, s = observed[both], simulated[both]
            return np.log(0) * 0 if o.size == 0 else 1 - ((o - s) ** 2).sum() / ((o - o.mean()) ** 2).sum()
        """),
    "chatty": honest("prints each number that it sees", RIGHT.replace("    return", "    print(o, s, 'x' * 10_000)\n    return")),
    "pandas-inside": honest("computes with pandas", """\
        import pandas as pd

        def nse(observed, simulated):
            table = pd.DataFrame({"o": observed, "s": simulated}).dropna()
            return 1 - ((table.o - table.s) ** 2).sum() / ((table.o - table.o.mean()) ** 2).sum()
        """),
    "xarray-inside": honest("gives an xarray number back", "import xarray as xr\n" + RIGHT.replace(
        "return 1 - ", "return xr.DataArray(1.0) - ")),
    "array-of-no-dimension": honest("gives an array without dimensions back", RIGHT.replace(
        "return ", "return np.asarray(").rstrip() + ")\n"),
    "float32": honest("computes a sum in another order", RIGHT.replace("((o - s) ** 2).sum()", "np.dot(o - s, o - s)")),
    "lambda": honest("is a lambda over two others", """\
        both = lambda o, s: np.isfinite(o) & np.isfinite(s)
        ratio = lambda o, s: ((o - s) ** 2).sum() / ((o - o.mean()) ** 2).sum()
        nse = lambda observed, simulated: 1 - ratio(observed[both(observed, simulated)], simulated[both(observed, simulated)])
        """),
    "class-with-call": honest("is an object of a class that can be called", "class Score:\n" + "".join(
        "    " + line + "\n" for line in RIGHT.replace("def nse(", "def __call__(self, ").splitlines()) + "\nnse = Score()\n"),
    "compiled": honest("is compiled with numba", """\
        import numba

        @numba.njit
        def parts(o, s):
            above = below = 0.0
            for n in range(o.size):
                above += (o[n] - s[n]) ** 2
                below += (o[n] - o.mean()) ** 2
            return above, below

        def nse(observed, simulated):
            both = np.isfinite(observed) & np.isfinite(simulated)
            above, below = parts(observed[both], simulated[both])
            return 1 - above / below
        """),
    "threads-inside": honest("computes in a thread that it waits for", """\
        from concurrent.futures import ThreadPoolExecutor

        def nse(observed, simulated):
            both = np.isfinite(observed) & np.isfinite(simulated)
            o, s = observed[both], simulated[both]
            with ThreadPoolExecutor(2) as pool:
                above, below = pool.map(lambda x: (x ** 2).sum(), [o - s, o - o.mean()])
            return 1 - above / below
        """),
    "saves-and-loads": honest("keeps its work in a file beside the notebook", RIGHT.replace(
        "    return", "    np.save('work.npy', o)\n    o = np.load('work.npy')\n    return")),
    "draws": honest("draws pictures and sliders between the questions", last="""\
        %matplotlib inline
        import ipywidgets
        import matplotlib.pyplot as plt
        plt.plot(np.arange(10))
        plt.show()
        ipywidgets.IntSlider(value=3)
        """),
    "fails-elsewhere": honest("fails in cells that are no question", first="1 / 0", last="import no_such_package\nundefined\n"),
    "copies-its-inputs": honest("changes copies of its inputs", RIGHT.replace("    both", """\
    observed, simulated = observed.copy(), simulated.copy()
    observed[np.isnan(simulated)] = np.nan
    both""", 1)),
    "in-two-cells": honest("has a helper in another cell", twist=in_two_cells),
    "many-notes": honest("has two hundred cells of notes", twist=much_text),
    "defined-twice": honest("is wrong at first and right in the end", "def nse(o, s):\n    return 0\n\n\n" + RIGHT),
    "magics": honest("uses magics and a shell", "%time x = 1\n!true\nfiles = !ls\n" + RIGHT),
    "odd-names": honest("uses the names of the judge's for its own things", "score = status = expected = verdict = 5\n" + RIGHT,
                        first="judge = call = answer = shell = session = 7"),
    "changes-folder": honest("changes the folder and the way numbers are printed", first="""\
        os.makedirs("work", exist_ok=True)
        os.chdir("work")
        np.set_printoptions(precision=1)
        np.seterr(all="ignore")
        """),
    "async": honest("waits in a cell, as notebooks allow", first="import asyncio\nawait asyncio.sleep(0.01)\n"),
}
