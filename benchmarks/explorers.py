"""From a key press to changed pixels: an explorer beside `interact` and `ipympl`, in a real JupyterLab and Chromium.

python benchmarks/explorers.py [--presses 25]

All show the same year of the same river, spoiled by the same factor. Also Lee's filter on 512 x 512 pixels, in the browser.
Needs what the tests need (extra: test, chromium).
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

from dla_widgets import landcover

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
import real_jupyter
from notebook_page import cell_at, open_notebook, run_all, select

DATA = """from dla_widgets import SkillExplorer, nse, simulated_basins
river = simulated_basins(4, 4).discharge.isel(basin=3)
observed = river.values[:365]
days = river.time.values[:365]

def spoiled(volume):
    return observed * volume
"""
OURS = "SkillExplorer(river)"
KERNEL_FED = '''import tempfile
from pathlib import Path
import traitlets as t
from dla_widgets.panels.explorer import Explorer, bundle

MODULE = """import { explorer, slider } from "./panels.js";
import { plot } from "./plot.js";
export default explorer((p) => {
  slider(p, "volume");
  const chart = plot(p, { height: 380, label: "Hydrograph" });
  const days = Float64Array.from({ length: 365 }, (_, i) => i);
  return () => {
    chart.begin({ x: [0, 364], y: [0, 160], ylabel: "Discharge [mm/day]" });
    chart.line(days, p.data.observed, { colour: p.colour.observed, label: "observed" });
    if (p.result.simulated) chart.line(days, p.result.simulated, { colour: p.colour.cycle[1], label: "simulated" });
    chart.end();
    return { nse: p.result.nse };
  };
});
"""
file = Path(tempfile.mkdtemp()) / "fed.js"
file.write_text(MODULE)

class Fed(Explorer):
    _esm = bundle(file)
    title = "Fed by the kernel"
    words = "NSE {nse}."
    volume = t.Float(1.0, min=0.2, max=3.0, help="factor").tag(sync=True, label="Volume", step=0.05)
    def load(self):
        self.data = {"observed": observed}
        self.observe(lambda change: self.newest(self.work), "volume")
        self.work()
    def work(self):
        simulated = spoiled(self.volume)
        self.result = {"simulated": simulated, "nse": nse(observed, simulated)}
    def numbers(self):
        return {"nse": self.result["nse"]}
    def figure(self):
        from dla_widgets import Picture
        return Picture(3, 2)

Fed()'''
FIGURE = '''
def make():
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 4.6), height_ratios=(3, 1), layout="constrained")
    above.plot(days, observed, color="black", label="observed")
    line, = above.plot(days, spoiled(1.0), color="#D55E00", label="simulated")
    above.set(ylim=(0, 160), ylabel="Discharge [mm/day]")
    above.legend()
    bar = below.barh(["NSE"], [1.0])
    below.set_xlim(-1, 1)
    return figure, line, bar

def update(line, bar, volume):
    line.set_ydata(spoiled(volume))
    bar[0].set_width(nse(observed, spoiled(volume)))
'''
INTERACT = f'''%matplotlib inline
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider, interact
{FIGURE}
@interact(volume=FloatSlider(1.0, min=0.2, max=3.0, step=0.05))
def draw(volume):
    figure, line, bar = make()
    update(line, bar, volume)
    plt.show()
'''
IPYMPL = f'''%matplotlib widget
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider
from IPython.display import display
{FIGURE}
figure, line, bar = make()
slider = FloatSlider(1.0, min=0.2, max=3.0, step=0.05)
def moved(change):
    update(line, bar, change["new"])
    figure.canvas.draw_idle()
slider.observe(moved, "value")
display(slider)
plt.show()
'''
WAYS = {"explorer, in the browser": (OURS, "[data-control=volume]"),
        "explorer, fed by the kernel": (KERNEL_FED, "[data-control=volume]"),
        "interact + inline": (INTERACT, ".noUi-handle"), "ipympl": (IPYMPL, ".noUi-handle")}  # fmt: skip

#: Looks at the picture once after every frame: when it changed, and whether it was ever empty.
WATCH = """([cell]) => {
    const watch = window.watch = { changes: [], frames: 0, blank: 0, keys: [] };
    let last = null;
    const strip = document.createElement('canvas');
    strip.width = 64; strip.height = 64;
    const inner = strip.getContext('2d', { willReadFrequently: true });
    function fingerprint() {
        const found = [...cell.querySelectorAll('.jp-OutputArea canvas, .jp-OutputArea img')]
            .filter(e => e.offsetParent && e.clientHeight > 80);
        if (!found.length) return 'blank';
        const source = found[0];
        if (source.tagName === 'IMG') return source.complete && source.naturalWidth
            ? source.src.length + source.src.slice(-2000, -1000) + source.src.slice(5000, 9000) : 'blank';
        inner.clearRect(0, 0, 64, 64);
        inner.drawImage(source, 0, 0, source.width, source.height, 0, 0, 64, 64);
        const data = inner.getImageData(0, 0, 64, 64).data;
        let hash = 0, varied = false;
        for (let i = 0; i < data.length; i += 4) {
            hash = (hash * 31 + data[i] * 7 + data[i + 1] * 3 + data[i + 2]) | 0;
            varied ||= data[i] !== data[0];
        }
        return varied ? String(hash) : 'blank';
    }
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
        const now = performance.now(), seen = fingerprint();
        watch.frames += 1;
        if (seen === 'blank') watch.blank += 1;
        else if (seen !== last) { watch.changes.push(now); last = seen; }
    };
    const loop = () => { channel.port2.postMessage(0); if (window.watch === watch) requestAnimationFrame(loop); };
    cell.addEventListener('keydown', () => watch.keys.push(performance.now()), true);
    requestAnimationFrame(loop);
}"""


def book() -> nbformat.NotebookNode:
    code = nbformat.v4.new_code_cell
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    return nbformat.v4.new_notebook(cells=[code(DATA), *(code(source) for source, _ in WAYS.values())], metadata=kernel)


def latencies(page, presses: int) -> list[float]:
    """Milliseconds from a key press to the first frame with another picture, each after all has come to rest."""
    found = []
    for k in range(presses):
        before = page.evaluate("() => [watch.changes.length, watch.keys.length]")
        page.keyboard.press("ArrowRight" if k % 20 < 10 else "ArrowLeft")
        page.wait_for_function(f"() => watch.changes.length > {before[0]}", timeout=20_000)
        found.append(page.evaluate(f"() => watch.changes[{before[0]}] - watch.keys[{before[1]}]"))
        page.wait_for_timeout(700)
    return found


def drag(page, received: list[int]) -> dict[str, float]:
    """Sixty steps at twenty a second: pictures shown, how late the last one came, what went over the wire."""
    received.clear()
    before = page.evaluate("() => { watch.blank = watch.frames = 0; return [watch.changes.length, watch.keys.length]; }")
    start = time.perf_counter()
    for k in range(60):
        page.keyboard.press("ArrowRight" if k < 30 else "ArrowLeft")
        time.sleep(max(0, start + (k + 1) / 20 - time.perf_counter()))
    page.wait_for_timeout(4000)
    shown, lag, blank = page.evaluate(f"""() => [watch.changes.length - {before[0]},
        watch.changes.at(-1) - watch.keys.at(-1), watch.blank]""")
    return {"shown": shown, "lag": lag, "blank": blank, "kB": sum(received) / 60 / 1000}


def measure(page, at: int, control: str, presses: int, received: list[int]) -> dict[str, float]:
    select(page, at)
    cell = cell_at(page, at)
    handle = cell.locator(control).first
    handle.wait_for()
    page.wait_for_timeout(1500)
    # JupyterLab keeps arrow keys from ipywidgets' sliders: without this mark the peers could not be driven by key at all
    handle.evaluate("e => e.setAttribute('data-lm-suppress-shortcuts', 'true')")
    handle.evaluate("(e) => { window.theCell = e.closest('.jp-Cell'); }")
    page.evaluate(f"() => ({WATCH})([window.theCell])")
    handle.focus()
    page.wait_for_timeout(500)
    waits = latencies(page, presses)
    return {"median": statistics.median(waits), "p95": sorted(waits)[int(0.95 * len(waits))], **drag(page, received)}


def first_usable(page, lab) -> float:
    """Seconds from Run All, with the kernel up, to the first explorer that is drawn."""
    open_notebook(page, lab, "first")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    start = time.perf_counter()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.locator(".dla[data-state]").wait_for()
    return time.perf_counter() - start


LEE = """async ([source]) => {
    const { leeFilter } = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    const image = Float32Array.from({ length: 512 * 512 }, () => -Math.log(Math.random()));
    const out = new Float32Array(image.length), found = [];
    for (let k = 0; k < 40; k += 1) {
        const start = performance.now();
        leeFilter(image, 512, 512, 3, 4, out);
        found.push(performance.now() - start);
    }
    return found.slice(10).sort((a, b) => a - b)[15];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--presses", type=int, default=25)
    presses = parser.parse_args().presses
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        nbformat.write(book(), f"{folder}/bench.ipynb")
        alone = book()
        alone.cells = [nbformat.v4.new_code_cell("from dla_widgets import SkillExplorer\nSkillExplorer()")]
        nbformat.write(alone, f"{folder}/first.ipynb")
        chromium = driver.chromium.launch(executable_path=real_jupyter.CHROMIUM, args=real_jupyter.FLAGS)
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        page.trouble = real_jupyter.watch(page)
        received: list[int] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
        with real_jupyter.jupyterlab(Path(folder), Path(tempfile.mkdtemp()), "--LabApp.expose_app_in_browser=True") as lab:
            print(f"first usable explorer {first_usable(page, lab):.1f} s after the kernel was up and the notebook run")
            open_notebook(page, lab, "bench")
            run_all(page)
            rows = {name: measure(page, 1 + k, control, presses, received) for k, (name, (_, control)) in enumerate(WAYS.items())}
            filters = Path(landcover.__file__).parent / "explorers" / "filters.js"
            print(f"Lee 7x7 on 512x512 in the browser: {page.evaluate(LEE, [filters.read_text()]):.1f} ms, median of 30")
        chromium.close()
    report(rows)


def report(rows: dict[str, dict[str, float]]) -> None:
    print(f"{'':30s}{'median':>8s}{'p95':>8s}   of 60 steps{'shown':>7s}{'last after':>11s}{'blank frames':>14s}{'kB/step':>9s}")
    for name, row in rows.items():
        print(f"{name:30s}{row['median']:5.0f} ms{row['p95']:5.0f} ms{row['shown']:20d}{row['lag']:8.0f} ms"
              f"{row['blank']:14d}{row['kB']:9.1f}")  # fmt: skip
    ours = rows["explorer, in the browser"]["median"]
    for name in ("interact + inline", "ipympl"):
        print(f"{name} / explorer in the browser: {rows[name]['median'] / ours:.0f}x slower")


if __name__ == "__main__":
    main()
