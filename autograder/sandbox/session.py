"""The outside of the wall: the warm process, and one submission after the other that it forks."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import psutil

from .channel import Channel, Gone, Slow, TooLarge
from .codec import CodecError, decode, encode
from .limits import Limits
from .walls import Wall, last_words

#: How long a cell may take to end after it was interrupted, before it is killed [s].
GRACE = 3.0
_LOOK_EVERY = 0.25


class SandboxError(RuntimeError):
    """The sandbox itself does not work: nobody's submission is to blame."""


class Ended(Exception):
    """The submission's process is gone; `why` is ``time-out``, ``memory``, ``output`` or ``crashed``."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


@dataclass
class Ran:
    """What running a cell came to: `status` is ``ok``, ``error`` or the reason why it was ended."""

    status: str
    outputs: list[dict] = field(default_factory=list)
    error: dict | None = None
    seconds: float = 0.0
    cpu: float = 0.0


class Warm:
    """A warm process behind `wall` that has `modules` loaded."""

    def __init__(self, wall: Wall, modules: list[str], limits: Limits | None = None, seconds: float = 180.0):
        self.wall, self.modules, self.limits = wall, frozenset(modules), limits or Limits()
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = wall.start(["-m", "autograder.sandbox.zygote", str(theirs.fileno())], theirs)
        theirs.close()
        said = self._ask({"modules": list(modules)}, seconds)
        self.failed = said["failed"]
        self._tree = psutil.Process(self.process.pid)
        self.base = self.memory()

    def begin(self) -> tuple[Channel, int, int]:
        """Fork a submission: the channel to it, its first process and the one that waits for that (as the warm one sees them)."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            said = self._ask({"op": "fork", "limits": asdict(self.limits)}, 60, theirs)
        if said.get("error") or said["pid"] <= 0:
            raise SandboxError(said.get("error") or "the submission's process did not come up")
        return Channel(ours, self.limits.message_bytes), said["pid"], said["child"]

    def signal(self, pid: int, number: int) -> None:
        self._ask({"op": "signal", "pid": pid, "signal": int(number)}, 10)

    def ended(self, child: int, seconds: float) -> int | None:
        """How the submission ended: its exit code, or None if it has not."""
        return self._ask({"op": "ended", "child": child, "seconds": seconds}, seconds + 10)["code"]

    def memory(self, most: int = 0) -> int:
        """The memory of all processes behind the wall [bytes]; shared pages are counted once, if that can change the answer."""
        processes = self._tree.children(recursive=True)
        total = sum(_resident(process.pid) for process in processes)
        if most and total <= most:
            return total
        return sum(_share(process.pid) for process in processes)

    def close(self) -> None:
        """End the warm process and everything behind the wall with it."""
        self.control.close()
        with contextlib.suppress(Exception):
            self.process.wait(2)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        with contextlib.suppress(Exception):
            self.process.wait(5)

    def _ask(self, order: dict, seconds: float, give: socket.socket | None = None) -> dict:
        self.control.settimeout(seconds)
        try:
            socket.send_fds(self.control, [json.dumps(order).encode()], [give.fileno()] if give else [])
            said = self.control.recv(1 << 20)
        except OSError as error:
            said, why = b"", f"{type(error).__name__}: {error}"
        else:
            why = "it closed its socket"
        if not said:
            self.process.kill()
            words = last_words(self.process)[-1500:] or "nothing"
            raise SandboxError(f"the warm process behind {self.wall.name} is gone ({why}). It said: {words}")
        return json.loads(said)


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096
    return 0


def _share(pid: int) -> int:
    """A process's memory, shared pages in parts [bytes]."""
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    return _resident(pid)


class Session:
    """One submission behind the wall. A process that dies is begun anew, and what had run before is run again.

    Parameters
    ----------
    warm : gives the warm process; called again should it be gone
    files : the files that were handed in beside the notebook, by their path there
    """

    def __init__(self, warm: Callable[[], Warm], files: dict[str, bytes] | None = None):
        self._warm, self.files = warm, files or {}
        self.history: list[str] = []
        self.limits = warm().limits
        self.shown, self.peak, self.cpu = 0, 0, 0.0
        self.end_of_time = time.monotonic() + self.limits.notebook_seconds
        self._channel: Channel | None = None
        self.begun = 0

    def run(self, source: str, remember: bool = True) -> Ran:
        """Run a cell. One that ends the process is never run again."""
        ran = Ran("ok")
        try:
            self._ensure()
            done = self._ask({"op": "run", "source": source}, self.limits.cell_seconds, _Outputs(ran.outputs, self))
        except Ended as ended:
            ran.status = ended.why
            return ran
        ran.error, ran.seconds, ran.cpu = done.get("error"), _number(done.get("seconds")), _number(done.get("cpu"))
        self.cpu += ran.cpu
        ran.status = "time-out" if done.get("timed_out") or done.get("late") else "error" if ran.error else "ok"
        if remember and ran.status != "time-out":
            self.history.append(source)
        return ran

    def ask(self, op: str, within: float = 30.0, **request) -> dict:
        """Ask about what the cells defined.

        Raises
        ------
        Ended : the process died of the question
        """
        self._ensure()
        return self._ask({"op": op, **request}, within, None)

    def close(self) -> None:
        """End the submission's processes, all of them."""
        if self._channel is not None:
            self._kill()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    # --- inside ----------------------------------------------------------------------------------------------------

    def _ensure(self) -> None:
        """A living process in which everything has run that had run before."""
        if self._channel is not None:
            return
        if time.monotonic() > self.end_of_time:
            raise Ended("time-out")
        if self.begun > self.limits.restarts:
            raise Ended("crashed")
        self.begun += 1
        self._warmth = self._warm()
        self._channel, self._pid, self._child = self._warmth.begin()
        if self.files:
            self._ask({"op": "files", "files": self.files}, 60, None)
        for source in list(self.history):
            try:
                self._ask({"op": "run", "source": source}, self.limits.cell_seconds, _Outputs([], self))
            except Ended:
                self.history.remove(source)  # it went well once, and not now
                return self._ensure()

    def _ask(self, request: dict, seconds: float, outputs: _Outputs | None) -> dict:
        """Send a request and take what comes until its end."""
        deadline = min(time.monotonic() + seconds, self.end_of_time)
        late, question = False, encode(request, 10 * self.limits.message_bytes)
        try:
            self._channel.send(question, 30)
            while True:
                try:
                    message = self._next(deadline)
                except Slow:
                    if late:
                        raise self._end("time-out") from None
                    late, deadline = True, time.monotonic() + GRACE
                    self._warmth.signal(self._pid, signal.SIGINT)
                    continue
                said = decode(message, self._handle)
                if "done" in said:
                    return (said["done"] if isinstance(said["done"], dict) else {}) | ({"late": True} if late else {})
                if outputs is not None and not outputs.take(said.get("out"), len(message)):
                    raise self._end("output")
        except Gone:
            raise self._end("crashed") from None
        except (TooLarge, CodecError, Slow, AttributeError, TypeError):  # no honest submission sends such a thing
            raise self._end("output") from None

    def _next(self, deadline: float) -> bytes:
        """The next message; meanwhile, an eye on memory."""
        most = self._warmth.base + self.limits.memory_mb * 1_000_000
        while True:
            step = min(_LOOK_EVERY, deadline - time.monotonic())
            try:
                return self._channel.receive(max(step, 0))
            except Slow:
                if time.monotonic() >= deadline:
                    raise
            taken = self._warmth.memory(most)
            self.peak = max(self.peak, taken - self._warmth.base)
            if taken > most:
                raise self._end("memory")

    def _end(self, why: str) -> Ended:
        """Make sure that the process is gone, and say why it is."""
        code = self._kill()
        if why == "crashed" and code == 128 + signal.SIGXCPU:
            why = "time-out"
        return Ended(why)

    def _kill(self) -> int | None:
        channel, self._channel = self._channel, None
        channel.close()
        try:
            code = self._warmth.ended(self._child, 0.3)
            if code is None:
                self._warmth.signal(self._pid, signal.SIGKILL)
                code = self._warmth.ended(self._child, 10)
            return code
        except SandboxError:  # the warm process went too: a new one is made for the next
            return None

    def _handle(self, number: int, about: dict):
        from .codec import Handle

        return Handle(number, about if isinstance(about, dict) else {})


class _Outputs:
    """Takes what a cell shows, in nbformat's form, and cuts what is too much."""

    def __init__(self, outputs: list[dict], session: Session):
        self.outputs, self.session, self.limits = outputs, session, session.limits
        self.bytes = self.seen = 0
        self.said_so = False

    def take(self, said, size: int) -> bool:
        """Take one output; False when the flood has to be stopped."""
        self.seen += size
        output = _clean(said, self.limits.output_bytes)
        if output is None:
            return self.seen < self.limits.flood_bytes
        if output["output_type"] == "clear_output":
            self.outputs.clear()
        elif self.bytes + size > self.limits.cell_bytes or self.session.shown + size > self.limits.notebook_bytes:
            self._say_so()
        elif not self._update(output):
            self._append(output, size)
        return self.seen < self.limits.flood_bytes

    def _update(self, output: dict) -> bool:
        """Put `output` in the place of the one that it updates."""
        name, updates = output.pop("display_id", ""), output["output_type"] == "update_display_data"
        if updates:
            output["output_type"] = "display_data"
        if name:
            for earlier in self.outputs:
                if updates and earlier.get("_id") == name:
                    earlier["data"] = output["data"]
                    return True
            output["_id"] = name
        return False

    def _append(self, output: dict, size: int) -> None:
        self.bytes += size
        self.session.shown += size
        last = self.outputs[-1] if self.outputs else {}
        if output["output_type"] == "stream" == last.get("output_type") and output["name"] == last["name"]:
            last["text"] += output["text"]
        else:
            self.outputs.append(output)

    def _say_so(self) -> None:
        if not self.said_so:
            self.said_so = True
            self.outputs.append({"output_type": "stream", "name": "stdout", "text": "\n(more output was left out)\n"})


def _clean(said, most: int) -> dict | None:
    """An output as nbformat has it, of plain text and JSON only; None if it is none."""
    from dla_widgets.verdict import MIME

    if not isinstance(said, dict):
        return None
    kind = said.get("output_type")
    if kind == "stream":
        name = "stderr" if said.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _cut(_text(said.get("text")), most)}
    if kind == "error":
        lines = said.get("traceback")
        return {"output_type": "error", "ename": _text(said.get("ename"))[:200], "evalue": _text(said.get("evalue"))[:10_000],
                "traceback": [_text(line)[:10_000] for line in lines[:200]] if isinstance(lines, list) else []}
    if kind == "clear_output":
        return {"output_type": kind}
    if kind in ("display_data", "execute_result", "update_display_data") and isinstance(said.get("data"), dict):
        data = {_text(mime)[:200]: _data(value, most) for mime, value in list(said["data"].items())[:20] if mime != MIME}
        made = {"output_type": kind, "data": data, "metadata": {}, "display_id": _text(said.get("display_id"))[:200]}
        return made | ({"execution_count": None} if kind == "execute_result" else {})
    return None


def _data(value, most: int):
    if not isinstance(value, str):
        try:
            text = json.dumps(value)
        except (TypeError, ValueError):
            return "(an output that is neither text nor JSON was left out)"
        return value if len(text) <= most else f"(an output of {len(text):,} bytes was left out)"
    size = len(value.encode(errors="replace"))
    return value if size <= most else f"(an output of {size:,} bytes was left out)"


def _cut(text: str, most: int) -> str:
    if len(text) <= most // 4:
        return text
    half = most // 8
    return f"{text[:half]}\n... {len(text) - 2 * half:,} characters left out ...\n{text[-half:]}"


def _text(value) -> str:
    return value if isinstance(value, str) else ""


def _number(value) -> float:
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e9 else 0.0


