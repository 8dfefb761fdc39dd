"""What runs inside: an IPython shell that runs cells and answers questions about what they defined.

Everything that this side says is a claim. It is written for honest submissions; a dishonest one can replace any of it,
and gains nothing: it would still have to give right answers to numbers that it has never seen.
"""

from __future__ import annotations

import builtins
import contextlib
import inspect
import io
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from dla_widgets import exercise
from dla_widgets.attempt import attempt, where

from .channel import Channel, Gone, Slow
from .codec import CodecError, Handle, decode, encode
from .limits import Limits

FOREVER = 10 * 365 * 86_400.0


def prepare() -> None:
    """What each submission needs and takes time to load."""
    for module in ("matplotlib.pyplot", "IPython.core.completer", "IPython.core.magics"):
        import_module(module)
    exercise.check = _check_is_for_later
    exercise.hint = lambda *_: print("(no hints while a submission is graded)")
    attempt(lambda: None, (), 1.0)


def _check_is_for_later(name: str, answer) -> None:
    print(f"({name} is checked by your advisor's grader, outside this notebook)")


def serve(end: socket.socket, limits: Limits) -> None:
    """Run cells and answer questions until the other end closes."""
    channel = Channel(end, most_bytes=2 * limits.message_bytes)
    submission = Submission(channel, limits)
    while True:
        try:
            request = decode(channel.receive(FOREVER))
        except Gone:
            os._exit(0)
        except KeyboardInterrupt:  # it came late
            continue
        submission.answer(request)


class Submission:
    """One submission's shell and the things in it that stay inside."""

    def __init__(self, channel: Channel, limits: Limits):
        self.channel, self.limits = channel, limits
        self.kept: dict[int, object] = {}
        self.sending = threading.RLock()
        from IPython.core.pylabtools import activate_matplotlib
        from matplotlib_inline.backend_inline import configure_inline_support

        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        sys.stdout, sys.stderr = _Stream(self, "stdout"), _Stream(self, "stderr")
        builtins.input = _no_input
        sys.path.append(os.getcwd())  # last: a learner's own pandas.py is not pandas
        _Publisher.submission = _Results.submission = _Shell.submission = self
        os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
        self.shell = _Shell.instance()
        self.shell.system = self._system
        activate_matplotlib(os.environ["MPLBACKEND"])
        configure_inline_support(self.shell, os.environ["MPLBACKEND"])

    def answer(self, request: dict) -> None:
        """Do what `request` asks and send what came of it."""
        try:
            done = getattr(self, f"_{request.pop('op')}")(**request)
        except KeyboardInterrupt:
            done = {"timed_out": True}
        except Exception as error:
            done = {"error": _about(error)}
        sys.stdout.flush(), sys.stderr.flush()
        try:
            message = encode({"done": done}, self.limits.message_bytes, self._keep)
        except Exception as error:  # a CodecError, or whatever a learner's object raises when it is looked at
            about = _about(error) | {"kind": "ValueError", "name": "ValueError"}
            about["words"] = f"what came back cannot be judged: {about['words']}"
            message = encode({"done": {"error": about}}, self.limits.message_bytes)
        self.send(message)

    def send(self, message: bytes) -> None:
        with self.sending:
            try:
                self.channel.send(message, FOREVER)
            except (Gone, Slow):
                os._exit(0)

    def put_out(self, kind: str, **output) -> None:
        """Send something that a cell shows, after what was printed before it."""
        if kind != "stream":
            sys.stdout.flush(), sys.stderr.flush()
        try:
            self.send(encode({"out": {"output_type": kind, **output}}, self.limits.message_bytes))
        except CodecError as error:
            self.send(encode({"out": {"output_type": "stream", "name": "stdout", "text": f"(an output was left out: {error})\n"}},
                             self.limits.message_bytes))

    # --- what can be asked ---------------------------------------------------------------------------------------

    def _files(self, files: dict) -> dict:
        """Write the files that were handed in beside the notebook."""
        for name, content in files.items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return {}

    def _run(self, source: str) -> dict:
        began, cpu = time.monotonic(), time.process_time()
        result = self.shell.run_cell(source, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        return {"ok": error is None, "error": error and _about(error), "seconds": time.monotonic() - began,
                "cpu": time.process_time() - cpu}

    def _look(self, name: str) -> dict:
        if name not in self.shell.user_ns:
            return {"missing": True}
        return {"value": self.shell.user_ns[name]}

    def _get(self, handle: int, name: str) -> dict:
        return {"value": getattr(self.kept[handle], name)}

    def _item(self, handle: int, key) -> dict:
        return {"value": self.kept[handle][key]}

    def _length(self, handle: int) -> dict:
        return {"value": len(self.kept[handle])}

    def _array(self, handle: int) -> dict:
        return {"value": np.asarray(self.kept[handle])}

    def _call(self, handle: int, args: tuple, kwargs: dict, seconds: float, away: list) -> dict:
        function = self.kept[handle]
        given = []

        def call(*args):
            given.extend(args)
            return function(*args, **kwargs)

        places = _Places(away)
        with places.emptied():
            outcome = attempt(call, args, seconds, places)
        if outcome.used_answer or outcome.timed_out:
            return {"used_answer": outcome.used_answer, "timed_out": outcome.timed_out}
        if outcome.error is not None:
            return {"error": _about(outcome.error), "line": where(outcome.error, function)}
        return {"value": outcome.value, "args": [_changed(now, was) for now, was in zip(given, args)]}

    def _modules(self) -> dict:
        """What a submission has loaded, in that order: what the next warm process may load beforehand."""
        return {"value": [name for name, module in list(sys.modules.items()) if getattr(module, "__spec__", None)]}

    # --- odds and ends -------------------------------------------------------------------------------------------

    def _keep(self, thing) -> Handle:
        number = len(self.kept) + 1
        self.kept[number] = thing
        about = {"type": type(thing).__name__, "callable": callable(thing)}
        if callable(thing):
            about["name"] = str(getattr(thing, "__name__", ""))[:200]
            try:
                about["parameters"] = [[p.name, p.kind.name, p.default is not p.empty]
                                       for p in inspect.signature(thing).parameters.values()]
            except (ValueError, TypeError):
                pass
        return Handle(number, about)

    def _system(self, command: str) -> None:
        import subprocess

        done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
        sys.stdout.write(done.stdout.decode(errors="replace"))
        self.shell.user_ns["_exit_code"] = done.returncode


class _Places:
    """The code objects that are put away, known by file and line: their own modules are not all there inside."""

    def __init__(self, places: list):
        self.places = {(str(file), int(line)) for file, line in places}

    def __bool__(self) -> bool:
        return bool(self.places)

    @contextlib.contextmanager
    def emptied(self) -> Iterator[None]:
        """Take the code out of these functions for a while, for whoever has removed the watch that `attempt` sets."""
        found = [thing for name, module in list(sys.modules.items()) if name.startswith("dla_widgets.")
                 for thing in list(vars(module).values())
                 if isinstance(thing, FunctionType) and thing.__code__ in self and not thing.__code__.co_freevars]
        codes = [function.__code__ for function in found]
        try:
            for function in found:
                function.__code__ = _put_away.__code__
            yield
        finally:
            for function, code in zip(found, codes):
                function.__code__ = code

    def __contains__(self, code) -> bool:
        return "dla_widgets" in code.co_filename and any(
            code.co_firstlineno == line and code.co_filename.endswith(file) for file, line in self.places)


def _put_away(*_, **__):
    from dla_widgets.attempt import PutAway  # this code runs in place of another module's, with its names

    raise PutAway


class _Publisher(DisplayPublisher):
    submission: Submission

    def publish(self, data, metadata=None, *, transient=None, update=False, **_):
        self.submission.put_out("update_display_data" if update else "display_data", data=_texts(data),
                                display_id=str((transient or {}).get("display_id", "")))

    def clear_output(self, wait=False):
        self.submission.put_out("clear_output", wait=bool(wait))


class _Results(DisplayHook):
    submission: Submission

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.submission.put_out("execute_result", data=_texts(format_dict))

    def finish_displayhook(self):
        pass


class _Shell(InteractiveShell):
    submission: Submission

    def __init__(self, **kwargs):
        super().__init__(display_pub_class=_Publisher, displayhook_class=_Results, colors="nocolor", **kwargs)
        self.history_manager.enabled = False

    def init_history(self):
        from IPython.core.history import HistoryManager

        self.history_manager = HistoryManager(shell=self, parent=self, hist_file=":memory:")

    def _showtraceback(self, etype, evalue, stb):
        self.submission.put_out("error", ename=str(etype.__name__)[:200], evalue=str(evalue)[:10_000],
                                traceback=[str(line)[:10_000] for line in stb][:200])

    def ask_exit(self):
        pass


class _Stream(io.TextIOBase):
    """What is printed, sent in pieces."""

    encoding = "UTF-8"
    errors = "replace"

    def __init__(self, submission: Submission, name: str):
        self.submission, self.name = submission, name
        self.held: list[str] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.held.append(text)
        self.size += len(text)
        if self.size > 100_000:
            self.flush()
        return len(text)

    def flush(self) -> None:
        if self.held:
            text, self.held, self.size = "".join(self.held), [], 0
            for start in range(0, len(text), 1_000_000):
                self.submission.put_out("stream", name=self.name, text=text[start:start + 1_000_000])


def _texts(data: dict) -> dict:
    """A mime bundle of text and JSON; bytes as nbformat has them."""
    from base64 import encodebytes

    return {str(kind): encodebytes(value).decode() if isinstance(value, bytes) else value for kind, value in data.items()}


def _no_input(*_):
    raise EOFError("nobody is there to type an answer while a notebook is graded")


def _about(error: BaseException) -> dict:
    """An exception in words; `kind` is the nearest built-in class, which is all that is known outside."""
    try:
        words = str(error)[:2000]
    except Exception:
        words = "(its message cannot be read)"
    kind = next((c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins"), "Exception")
    return {"kind": kind, "name": type(error).__name__[:200], "words": words}


def _changed(now, was):
    """An argument that the call changed in place; None for one that it left alone."""
    if isinstance(was, np.ndarray) and isinstance(now, np.ndarray):
        same = now.shape == was.shape and np.array_equal(now, was, equal_nan=was.dtype.kind == "f")
        return None if same else now
    if hasattr(was, "identical"):
        return None if now.equals(was) else now
    return None
