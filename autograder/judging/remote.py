"""Things of a submission as the judge sees them: every use is a question to the other side of the wall.

``isinstance(learners_function, types.FunctionType)`` is False for such a thing, and ``==`` compares which thing it is,
not what it is: a test that needs more asks for numbers, ``np.asarray(thing)``, or calls it.
"""

from __future__ import annotations

import builtins
import inspect

import numpy as np

from dla_widgets.attempt import PutAway, TimeUp

from ..sandbox.codec import Handle
from ..sandbox.session import GRACE, Ended, Session


class Remote:
    """Something that stayed in the submission's process."""

    def __init__(self, side: Side, handle: Handle):
        self.__dict__.update(_side=side, _handle=handle, _began=side.session.begun)

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return self._side.asked(self, "get", name=name)

    def __setattr__(self, name: str, value) -> None:
        raise AttributeError(f"a {self._handle.about.get('type')} of the submission can be asked and called, not changed")

    def __getitem__(self, key):
        return self._side.asked(self, "item", key=key)

    def __len__(self) -> int:
        length = self._side.asked(self, "length")
        return length if type(length) is int and 0 <= length < 1_000_000 else 0

    def __bool__(self) -> bool:
        return True

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._side.asked(self, "array"), dtype)

    def __repr__(self) -> str:
        return f"<a {_word(self._handle.about.get('type'))} of the submission>"


class RemoteFunction(Remote):
    """A function, or anything else that can be called: a class, a method, a Keras model."""

    def __call__(self, *args, **kwargs):
        return self._side.call(self, args, kwargs)

    @property
    def __name__(self) -> str:
        return _word(self._handle.about.get("name"))

    @property
    def __signature__(self) -> inspect.Signature:
        try:
            return inspect.Signature([
                inspect.Parameter(name, getattr(inspect.Parameter, kind), default=None if optional else inspect.Parameter.empty)
                for name, kind, optional in self._handle.about["parameters"]])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ValueError("no signature") from None


class Side:
    """The submission's side: makes its things from handles, and puts the questions.

    Parameters
    ----------
    session : the submission's session
    away : where the functions stand that would give the answer away
    seconds : that a call may take
    """

    def __init__(self, session: Session, away: list[tuple[str, int]] = (), seconds: float = 30.0):
        self.session, self.away, self.seconds = session, [list(place) for place in away], seconds
        self.died = ""
        self.has_timed_out = False

    def look(self, name: str):
        """What `name` stands for in the submission.

        Raises
        ------
        NameError : it is not defined
        """
        said = self._ask("look", name=name)
        if said.get("missing"):
            raise NameError(f"name {name!r} is not defined")
        return self._value(said)

    def asked(self, thing: Remote, op: str, **request):
        if thing._began != self.session.begun or self.session._channel is None:
            raise ReferenceError("the submission's process ended, and with it what was asked about")
        return self._value(self._ask(op, handle=thing._handle.number, **request))

    def call(self, thing: Remote, args: tuple, kwargs: dict):
        """Call `thing`; what it changes in place in an argument is changed in ours too."""
        if thing._began != self.session.begun or self.session._channel is None:
            raise ReferenceError("the submission's process ended, and with it what was called")
        said = self._ask("call", self.seconds + GRACE, handle=thing._handle.number, args=args, kwargs=kwargs,
                         seconds=self.seconds, away=self.away)
        value = self._value(said)
        changed = said.get("args")
        for mine, now in zip(args, changed if isinstance(changed, list) else ()):
            _change(mine, now)
        return value

    def _ask(self, op: str, within: float = 30.0, **request) -> dict:
        try:
            said = self.session.ask(op, within, **_sendable(request))
        except Ended as ended:
            self.died = ended.why
            raise TimeUp from None  # nothing that a test can catch by ``except Exception``
        if said.get("timed_out") or said.get("late"):
            raise TimeUp
        if said.get("used_answer"):
            raise PutAway
        if isinstance(said.get("error"), dict):
            raise _error(said)
        return said

    def _value(self, said: dict):
        return self._alive(said.get("value"))

    def _alive(self, value, depth: int = 0):
        """`value` with what stayed inside as :class:`Remote`."""
        if isinstance(value, Handle):
            return (RemoteFunction if value.about.get("callable") is True else Remote)(self, value)
        if type(value) in (list, tuple, set) and depth < 5:
            return type(value)(self._alive(item, depth + 1) for item in value)
        if type(value) is dict and depth < 5:
            return {key: self._alive(item, depth + 1) for key, item in value.items()}
        return value


def _sendable(request: dict) -> dict:
    """A question in plain data: what is itself remote goes as its number."""
    return {key: value._handle.number if isinstance(value, Remote) else value for key, value in request.items()}


def _change(mine, now) -> None:
    if now is None:
        return
    if isinstance(mine, np.ndarray) and isinstance(now, np.ndarray) and mine.shape == now.shape:
        mine[...] = now.astype(mine.dtype)
    elif isinstance(mine, np.ndarray):
        mine.flags.writeable and mine.fill(0)  # its shape was changed in place: that, too, is a change
    elif hasattr(mine, "data_vars"):
        for name in mine.data_vars:
            mine[name] = mine[name] * np.nan


def _error(said: dict) -> Exception:
    """An exception of the submission as one of ours: a built-in class by its name, and the words."""
    about = said["error"]
    kind = getattr(builtins, _word(about.get("kind")), Exception)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = Exception
    made = type(_word(about.get("name")) or "Exception", (kind,), {"__str__": lambda self: self.words})
    error = made.__new__(made)
    error.words = _word(about.get("words"), 2000)
    error.line = _word(said.get("line"), 500)
    return error


def _word(value, most: int = 200) -> str:
    return value[:most] if isinstance(value, str) else ""
