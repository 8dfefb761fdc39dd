"""A training to watch, stop and resume: its curves grow in the page while the notebook stays free."""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from difflib import get_close_matches
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ..errors import CourseError
from ..progress import _in_notebook
from .explorer import Explorer, bundle
from .pace import Curve, Pace, in_words

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from .picture import Picture

HERE = Path(__file__).parent

#: seconds between two messages to the page
BEAT = 0.1
#: a training that has neither ended nor failed
ACTIVE = ("training", "stopping", "stopped")
#: parts of the names of quantities that should become large; all others should become small
UPWARDS = ("acc", "f1", "nse", "kge", "auc", "precision", "recall", "iou", "kappa", "r2", "score", "skill", "corr", "dice")
LOSSES = ("loss", "error", "mse", "mae", "rmse", "mape", "entropy")
RATES = ("learning_rate", "lr")


class MonitorError(CourseError):
    """The monitor can't do that now."""


class Ended(Exception):
    """Ends a training that has no model to be told so."""


def _nothing(self, *args: Any, **options: Any) -> None:
    """A moment of the training that the monitor lets pass."""


class Hooks:
    """All that Keras calls in a callback. No subclass of Keras' own, whose import takes seconds and 600 MB."""

    on_batch_begin = on_batch_end = _nothing
    on_train_begin = on_train_end = on_train_batch_begin = on_train_batch_end = on_epoch_begin = on_epoch_end = _nothing
    on_test_begin = on_test_end = on_test_batch_begin = on_test_batch_end = _nothing
    on_predict_begin = on_predict_end = on_predict_batch_begin = on_predict_batch_end = _nothing


class TrainingMonitor(Hooks, Explorer):
    """Loss and skill of a training while it runs, with Stop and Resume, the time left, and the best weights kept.

    It is a Keras callback: ``model.fit(x, y, callbacks=[monitor])`` is all that is needed. To keep the notebook free,
    train on a thread: ``monitor.fit(model, x, y, epochs=20)``, or ``monitor.run(train, model, basins)`` for any function
    that takes Keras callbacks. Stop holds the training at the end of the present step, with all that it has in memory;
    Resume goes on from exactly there; End lets it come to its end early. Where no page shows it, it is silent.

    Parameters
    ----------
    best : the quantity by which the best weights are kept, such as ``"val_loss"``; ``"auto"`` takes the loss on validation
        data, or the loss; None keeps none
    mode : ``"min"`` or ``"max"``: whether a small one or a large one is good; ``"auto"`` tells by the name
    """

    _esm = bundle(HERE / "monitor.js")
    title = "Training"

    scale = t.Enum(("linear", "log"), "linear", help="axis of the loss").tag(
        sync=True, label="Axis of the loss", names={"linear": "linear", "log": "log"})  # fmt: skip

    words = {
        "idle": "Nothing has been trained yet. model.fit(..., callbacks=[monitor]) shows its training here.",
        "training": "Training for {epochs} epochs, {tenth} of them done. Stop holds it, and Resume goes on from there.",
        "stopping": "Stopping at the end of the present step.",
        "stopped": "Stopped in epoch {epoch}, {done} of {epochs} epochs done: {values}. {kept} Resume goes on from here, "
                   "End leaves it at that.",
        "ended": "Ended by hand, {done} of {epochs} epochs done in {gone}: {values}. {kept}",
        "finished": "Finished, {done} of {epochs} epochs done in {gone}: {values}. {kept}",
        "failed": "Failed, {done} of {epochs} epochs done: {error} {kept}",
    }  # fmt: skip

    def load(self, best: str | None = "auto", mode: str = "auto") -> None:
        self._lock, self._telling = threading.RLock(), threading.Lock()
        self._go, self._ending, self._over = threading.Event(), threading.Event(), threading.Event()
        self._status, self._trainer, self._thread, self._shown, self.model = "idle", None, None, False, None
        self._returned, self._error = None, None
        self._params: dict[str, Any] = {}
        self._given_params, self._given_model = self._params, None  # by Keras; taken when a training begins
        self._forget()
        if mode not in ("auto", "min", "max"):
            raise MonitorError(f"mode must be auto, min or max, received {mode!r}; it says whether a small or a large "
                               "quantity is good")  # fmt: skip
        if best is not None and not isinstance(best, str):
            raise MonitorError(f"best must be the name of a quantity such as 'val_loss', or None; received {best!r}")
        self._best_by, self._mode = best, mode
        self._tell()

    def _forget(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch = self._step = 0
        self._curves: dict[str, Curve] = {}
        self._batches: dict[str, Curve] = {}
        self._now: dict[str, float] = {}
        self._best: tuple[float, int, str] | None = None
        self._best_weights: list | None = None
        self._pace, self._began, self._held, self._gone = Pace(), time.perf_counter(), 0.0, 0.0
        self._dirty = True

    # what a notebook does with it

    def fit(self, model: keras.Model, *args: Any, **options: Any) -> None:
        """``model.fit(*args, **options)`` on a thread; the notebook stays free."""
        given = options.pop("callbacks", None) or []
        given = list(given) if isinstance(given, list | tuple) else [given]
        callbacks = given if self in given else [*given, self]
        self._start(model.fit, args, {"verbose": 0, **options, "callbacks": callbacks})

    def run(self, function: Callable, *args: Any, **options: Any) -> None:
        """``function(*args, **options)`` on a thread; if it takes ``callbacks``, the monitor is one of them."""
        if "callbacks" in _parameters(function):
            given = list(options.get("callbacks") or ())
            options["callbacks"] = given if self in given else [*given, self]
        if "progress" in _parameters(function):
            options.setdefault("progress", False)  # the monitor shows it
        self._start(function, args, options)

    def stop(self) -> None:
        """Hold the training at the end of the present step."""
        if self._status != "training":
            return
        if threading.current_thread() is self._trainer:
            return self.end()  # who holds himself can't be let go
        self._go.clear()
        self._say("stopping")

    def resume(self) -> None:
        """Let a stopped training go on from where it is."""
        if self._status in ("stopping", "stopped"):
            self._say("training")
            self._go.set()

    def end(self) -> None:
        """Let the training come to its end now, as it is."""
        if self._status in ACTIVE:
            self._ending.set()
            self._go.set()

    def wait(self, seconds: float | None = None) -> Any:
        """Wait for the training on the thread, and return what it returned.

        Raises
        ------
        MonitorError : nothing trains on a thread, or it was stopped
        TimeoutError : it takes longer than `seconds`
        whatever the training raised
        """
        if self._thread is None:
            raise MonitorError("no training was started with monitor.fit(...) or monitor.run(...), so there is none to wait for")
        end = time.monotonic() + (inf if seconds is None else seconds)
        while not self._over.wait(0.05):
            if self._status == "stopped":
                raise MonitorError(f"the training was stopped in epoch {self.epoch + 1} of {self._epochs}; "
                                   "resume() goes on, end() leaves it at that")  # fmt: skip
            if time.monotonic() > end:
                raise TimeoutError(f"still training after {seconds:g} s: epoch {self.epoch + 1} of {self._epochs}")
        if self._error:
            raise self._error
        return self._returned

    def restore_best(self) -> None:
        """Give the model the best weights that were seen.

        Raises
        ------
        MonitorError : none were kept, or the training still runs
        """
        if self._status in ("training", "stopping"):
            raise MonitorError("the training changes the weights at this moment; stop it or wait for its end first")
        if not self._best_weights:
            raise MonitorError("no weights were kept: no epoch has ended yet, or the monitor was made with best=None")
        self.model.set_weights(self._best_weights)
        value, epoch, name = self._best
        self.notice = f"The model has the weights of epoch {epoch} now, {name} {value:.4g}."

    @property
    def status(self) -> str:
        """``idle``, ``training``, ``stopping``, ``stopped``, ``ended`` (by hand), ``finished`` or ``failed``."""
        return self._status

    def asked(self, what: str, content: dict[str, Any]) -> None:
        {"stop": self.stop, "resume": self.resume, "end": self.end, "best": self.restore_best}[what]()

    # the thread

    def _start(self, work: Callable, args: tuple, options: dict) -> None:
        if self.problem:
            raise MonitorError(self.problem)
        if self._status in ("stopping", "stopped"):
            self.end()
            self._over.wait(30)
        self._check_free()
        self._over.clear()
        self._returned, self._error, self.notice = None, None, ""
        if options.get("initial_epoch", 0) != self.epoch:
            self._forget()
        thread = _thread("training", self._work, work, args, options)
        self._thread = self._trainer = thread
        self._set_off()
        self._appear()
        self._thread.start()

    def _work(self, work: Callable, args: tuple, options: dict) -> None:
        try:
            self._returned = work(*args, **options)
        except Ended:
            self._finish("ended")
        except BaseException as error:
            self._error = error
            self._finish("failed", error)
        finally:
            if self._status in ACTIVE:
                self._finish("ended" if self._ending.is_set() else "finished")
            self._over.set()

    def _check_free(self) -> None:
        me = threading.current_thread()
        if self._status in ACTIVE and self._trainer is not me and self._trainer.is_alive():
            raise MonitorError(
                f"this monitor already watches a training, now in epoch {self.epoch + 1} of {self._epochs}; end it with "
                "monitor.end(), wait for it with monitor.wait(), or watch the other one with another TrainingMonitor()"
            )

    def _set_off(self) -> None:
        self._ending.clear()
        self._go.set()
        self._say("training")
        if _in_notebook():
            _thread("monitor", self._keep_telling).start()

    def _finish(self, status: str, error: BaseException | None = None) -> None:
        self._gone = self._clock()
        if error:
            self.notice = f"The training failed. {_said(error)}"
            self._error = error
        self._say(status)

    # what Keras calls, on the thread that trains

    def set_params(self, params: dict[str, Any]) -> None:
        self._check_free()
        self._given_params = params or {}

    def set_model(self, model: keras.Model) -> None:
        self._check_free()
        self._given_model = model

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._check_free()
        self._params, self._fresh = self._given_params, True
        self.model, self._fresh_model = self._given_model, self._fresh_model or self._given_model is not self.model
        if threading.current_thread() is not self._thread:  # a training of the user's own, in a cell or a script
            self._trainer, self._thread, self._error = threading.current_thread(), None, None
            self._appear()
            self._set_off()
            self._see_the_cell_end()
        elif self._status not in ACTIVE:
            self._set_off()  # the second training of the same function

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._begin_at(epoch)
        self._step = 0
        self._pace.began(self._clock())

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._begin_at(None)
        with self._lock:
            self._step = batch + 1
            self._pace.stepped(self._clock())
            if steps := self._params.get("steps"):
                for name, value in _plain(logs).items():
                    self._batches.setdefault(name, Curve()).add(self.epoch + (batch + 1) / steps, value)
                    self._now[name] = value
            self._dirty = True
        self._beat()

    def on_test_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if threading.current_thread() is self._trainer:
            self._beat()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._begin_at(None)
        steps = self._params.get("steps")
        if self._ending.is_set() and steps and 0 < self._step < steps:
            return  # an epoch that was cut short is none
        with self._lock:
            self._pace.ended(self._clock())
            self.epoch, self._step = self.epoch + 1, 0
            for name, value in _plain(logs).items():
                self.history.setdefault(name, []).append(value)
                self._curves.setdefault(name, Curve()).add(self.epoch, value)
                self._now[name] = value
            self._keep_best()
            self._dirty = True
        self._beat()

    def on_train_end(self, logs: dict | None = None) -> None:
        self._finish("ended" if self._ending.is_set() and self.epoch < self._epochs else "finished")

    def _begin_at(self, epoch: int | None) -> None:
        """At the first sign of a training: new curves, unless it goes on with the same model where the last one ended."""
        if not self._fresh:
            return
        self._fresh = False
        goes_on = epoch is not None and epoch == self.epoch > 0 and not self._fresh_model
        self._fresh_model = False
        with self._lock:
            if goes_on:
                self._began, self._held, self._now = time.perf_counter() - self._gone, 0.0, {}
            else:
                self._forget()
                self.epoch = epoch or 0
            self._pace.began(self._clock())

    def _beat(self) -> None:
        """The end of a step: hold or end the training here if that was asked for."""
        if not self._go.is_set():
            since = time.perf_counter()
            self._say("stopped")
            while not self._go.wait(0.2):
                pass
            self._held += time.perf_counter() - since
            if self._pace.step_began is not None:
                self._pace.step_began = self._clock()
        if self._ending.is_set():
            if self.model is None:
                raise Ended
            self.model.stop_training = self.model.stop_evaluating = True

    def _keep_best(self) -> None:
        if not self._best_by:
            return
        name = self._quantity()
        if name not in self.history:
            near = get_close_matches(name, self.history, 1)
            self.notice = (f"There is no quantity {name!r}, so no best weights are kept"
                           + (f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(self.history)}."))  # fmt: skip
            return
        value = self.history[name][-1]
        upwards = self._mode == "max" or (self._mode == "auto" and any(part in name.lower() for part in UPWARDS))
        if isfinite(value) and (self._best is None or (value > self._best[0] if upwards else value < self._best[0])):
            self._best = (value, self.epoch, name)
            self._best_weights = self.model.get_weights() if hasattr(self.model, "get_weights") else None
        elif not isfinite(value) and "no number" not in self.notice:
            self.notice = (f"{name} is no number any more since epoch {self.epoch}. A smaller learning rate may help; or a gap "
                           "in the data has reached the loss.")  # fmt: skip

    def _quantity(self) -> str:
        if self._best_by != "auto":
            return self._best_by or ""
        names = list(self.history)
        return next((n for n in ("val_loss", *(n for n in names if n.startswith("val_")), "loss", *names) if n in names), "loss")

    # what the page gets

    @property
    def _epochs(self) -> int:
        return int(self._params.get("epochs") or 0)

    def _clock(self) -> float:
        return time.perf_counter() - self._began - self._held

    def numbers(self) -> dict[str, Any]:
        """All texts of the page; the page shows them as they are."""
        with self._lock:
            running = self._status in ("training", "stopping")
            steps = self._params.get("steps") or None
            left = self._pace.left(self._clock(), max(0, self._epochs - self.epoch), self._step, steps) if running else None
            best = f"{self._best[0]:.4g} in epoch {self._best[1]}" if self._best else "n/a"
            kept = f"Best {self._best[2]}: {best}." if self._best else ""
            share = self._share()
            return {
                "saying": self._status, "epoch": min(self.epoch + 1, self._epochs), "done": self.epoch, "epochs": self._epochs,
                "progress": f"{self.epoch} of {self._epochs}" if self._epochs else "0", "best": best, "kept": kept,
                "tenth": f"{int(share * 10) * 10}%", "gone": in_words(self._clock() if running else self._gone),
                "left": in_words(left), "error": _said(self._error) if self._error else "",
                "values": ", ".join(f"{name} {value:.4g}" for name, value in self._now.items()) or "no epoch has ended yet",
            }  # fmt: skip

    def table(self) -> pd.DataFrame:
        """One row per epoch, one column per quantity."""
        import pandas as pd

        longest = max(map(len, self.history.values()), default=0)
        columns = {name: [np.nan] * (longest - len(values)) + values for name, values in self.history.items()}
        return pd.DataFrame(columns, index=pd.RangeIndex(self.epoch - longest + 1, self.epoch + 1, name="epoch"))

    def figure(self) -> Picture:
        """The curves as a picture."""
        from .picture import CYCLE, Picture

        drawn = {kind: [n for n in self._curves if _kind(n) == kind] for kind in ("loss", "skill")}
        kinds = [kind for kind, names in drawn.items() if names] or ["loss"]
        picture = Picture(8, 3.2, alt=self.describe())
        for ax, kind in zip(np.atleast_1d(picture.subplots(1, len(kinds))), kinds):
            bases = list(dict.fromkeys(name.removeprefix("val_") for name in drawn[kind]))
            for name in drawn[kind]:
                colour = CYCLE[bases.index(name.removeprefix("val_")) % len(CYCLE)]
                curve = self._curves[name]
                ax.plot(curve.x, curve.y, color=colour, linestyle="--" if name.startswith("val_") else "-", label=name)
            if self._best and self._best[2] in drawn[kind]:
                ax.plot(self._best[1], self._best[0], "o", color="black", label="best")
            ax.set(xlabel="Epoch", yscale=self.scale if kind == "loss" and drawn[kind] else "linear")
            if drawn[kind]:
                ax.legend()
        return picture

    def _share(self) -> float:
        if not self._epochs:
            return 0.0
        within = self._step / self._params["steps"] if self._params.get("steps") else 0
        return min(1.0, (self.epoch + within) / self._epochs)

    def _say(self, status: str) -> None:
        if status not in ("training", "stopping"):
            self._gone = self._clock() if self._status in ACTIVE else self._gone
        self._status = status
        self._tell()

    def _tell(self) -> None:
        """The present curves and texts into the trait that the page has."""
        with self._telling:
            with self._lock:
                self._dirty = False
                curves, batches = _as_arrays(self._curves), _as_arrays(self._batches)
                best = {"epoch": self._best[1], "value": self._best[0], "name": self._best[2]} if self._best else None
                result = {"numbers": self.numbers(), "curves": curves, "batches": batches, "best": best,
                          "epochs": self._epochs, "share": self._share(), "status": self._status,
                          "now": {name: f"{value:.4g}" for name, value in self._now.items()}}  # fmt: skip
            self.result = result

    def _keep_telling(self) -> None:
        """A few times a second, so that the trainer needs not wait for the page."""
        trainer, quiet = self._trainer, 0.0
        while self._status in ACTIVE and self._trainer is trainer:
            time.sleep(BEAT)
            quiet += BEAT
            if self._dirty or (quiet >= 1 and self._status == "training"):
                self._tell()
                quiet = 0.0

    def _appear(self) -> None:
        """In a notebook, below the cell that trains, unless it was shown already."""
        if not self._shown and _in_notebook():
            from IPython.display import display

            display(self)

    def _see_the_cell_end(self) -> None:
        """A ``fit`` that is interrupted or raises calls no hook; the notebook says when its cell has ended."""
        if not _in_notebook():
            return
        events, trainer = sys.modules["IPython"].get_ipython().events, self._trainer

        def after(outcome):
            events.unregister("post_run_cell", after)
            if self._trainer is trainer and self._status in ACTIVE and self._thread is None:
                error = outcome.error_in_exec
                self._finish("ended" if isinstance(error, KeyboardInterrupt | None) else "failed",
                             None if isinstance(error, KeyboardInterrupt) else error)  # fmt: skip

        events.register("post_run_cell", after)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict, dict]:
        self._shown = True
        return super()._repr_mimebundle_(**options)

    _fresh = _fresh_model = False


def _thread(name: str, work: Callable, *args: Any) -> threading.Thread:
    """A thread in the context of the present one: ipykernel 7.0 can't send anything from a thread without."""
    return threading.Thread(target=copy_context().run, args=(work, *args), name=name, daemon=True)


def _parameters(function: Callable) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some of those written in C don't say
        return ()


def _plain(logs: dict | None) -> dict[str, float]:
    """Numbers of the logs; what isn't one is left out."""
    found = {}
    for name, value in (logs or {}).items():
        try:
            found[str(name)] = float(value)
        except (TypeError, ValueError):
            continue
    return found


def _kind(name: str) -> str:
    base = name.removeprefix("val_").lower()
    if base in RATES:
        return "rate"
    return "loss" if any(part in base for part in LOSSES) else "skill"


def _as_arrays(curves: dict[str, Curve]) -> dict[str, Any]:
    return {name: {"kind": _kind(name), "x": np.array(curve.x, "float32"), "y": np.array(curve.y, "float32")}
            for name, curve in curves.items()}  # fmt: skip


def _said(error: BaseException) -> str:
    """An error in one paragraph."""
    if isinstance(error, CourseError):
        return str(error)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:400]}{' ...' if len(text) > 400 else ''}"
