"""One line that is rewritten while something long is going on, in a notebook and in a terminal."""

from __future__ import annotations

import sys
import time


class ProgressLine:
    """Shows the newest text only, a few times per second; where nothing can be rewritten, the last text alone."""

    def __init__(self, every: float = 0.25):
        self.every, self.shown, self.handle, self.width = every, 0.0, None, 0

    def show(self, text: str, last: bool = False) -> None:
        """Replace the line by `text`; `last` always shows, the others if enough time has passed."""
        if not last and time.perf_counter() - self.shown < self.every:
            return
        self.shown = time.perf_counter()
        if _in_notebook():
            self._display(text)
        elif sys.stdout.isatty():
            print("\r" + text.ljust(self.width), end="\n" if last else "", flush=True)
            self.width = len(text)
        elif last:
            print(text)

    def _display(self, text: str) -> None:
        from IPython.display import display

        data = {"text/plain": text}
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs us; IPython is not imported to find out."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    return shell is not None and hasattr(shell, "kernel")
