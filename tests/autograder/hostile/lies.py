"""Answers that are objects of the learner's own making, and lie about what they are."""

from textwrap import dedent

from .case import Case, instead

KINDS = {"wrong", "failed", "crashed"}


def liar(tries: str, code: str, status: set[str] = KINDS) -> Case:
    """`code` defines `Liar`; both `nse` and `slope` give one back, and neither gets a point."""
    given = "\ndef {}(*arguments):\n    return Liar()\n"
    return Case(tries, nse=dedent(code) + given.format("nse"), slope=dedent(code) + given.format("slope"),
                points={"nse": 0.0, "slope": 0.0}, status={"nse": frozenset(status)})


CASES = {
    "equal-to-everything": liar("is equal to everything", """\
        class Liar:
            def __eq__(self, other):
                return True

            __ne__ = __lt__ = __gt__ = lambda self, other: False
            __le__ = __ge__ = __bool__ = lambda self, *other: True
            __hash__ = object.__hash__
        """),
    "float-equal-to-everything": liar("is a float, and equal to everything", """\
        class Liar(float):
            def __eq__(self, other):
                return True

            __hash__ = float.__hash__
            __sub__ = __rsub__ = __abs__ = lambda self, *other: 0.0
        """),
    "array-equal-to-everything": liar("is an array, and equal to everything", """\
        class Liar(np.ndarray):
            def __new__(cls):
                return np.zeros(()).view(cls)

            def __eq__(self, other):
                return np.True_

            def __array_ufunc__(self, ufunc, method, *inputs, **options):
                return np.True_

            def __array_function__(self, function, types, arguments, options):
                return True
        """),
    "many-floats": liar("becomes whatever number is looked for in the frame that asks", """\
        class Liar:
            def __float__(self):
                frame = sys._getframe(1)
                while frame is not None:
                    for name in ("expected", "wanted", "other"):
                        if isinstance(frame.f_locals.get(name), (float, np.ndarray)):
                            return float(frame.f_locals[name])
                    frame = frame.f_back
                return 0.0

            def __array__(self, *_, **__):
                return np.array(float(self))
        """),
    "array-on-demand": liar("is another array each time that it is asked", """\
        class Liar:
            asked = 0

            def __array__(self, *_, **__):
                Liar.asked += 1
                return np.full((), Liar.asked)

            __array_interface__ = property(lambda self: np.array(1.0).__array_interface__)
        """),
    "another-class": liar("says that it is of another class", """\
        class Liar:
            __class__ = property(lambda self: float)
            __eq__ = lambda self, other: True
            __rsub__ = __sub__ = lambda self, other: 0.0
            dtype, shape, ndim, size = np.dtype(float), (), 0, 1
        """),
    "strange-shape": liar("is an array whose attributes lie", """\
        class Liar(np.ndarray):
            def __new__(cls):
                return np.zeros(3).view(cls)

            shape = property(lambda self: ())
            dtype = property(lambda self: np.dtype(float))
            tobytes = lambda self, *_: b"12345678"
            tolist = lambda self: 1.0
        """),
    "array-of-objects": liar("is an array of objects that are equal to everything", """\
        class Yes:
            __eq__ = lambda self, other: True
            __float__ = lambda self: 1.0

        def Liar():
            return np.array(Yes(), dtype=object)
        """),
    "text-of-a-verdict": liar("says of itself that it is right", """\
        class Liar:
            __repr__ = __str__ = lambda self: "✓ nse   Right. Well done. score 1.0"
            score, status, right, message = 1.0, "right", True, "Well done."
        """),
    "repr-without-end": liar("never comes to the end of saying what it is", """\
        class Liar:
            def __repr__(self):
                while time.time() < UNTIL:
                    pass
                return ""

            __str__ = __len__ = __iter__ = __getattr__ = __array__ = __repr__
        """, KINDS | {"time-out"}),
    "pickle-that-acts": liar("writes a file when it is unpickled or copied", """\
        class Liar:
            def __reduce__(self):
                return LOOT.write_text, ("unpickled",)

            def __deepcopy__(self, memo):
                return 0.0
        """),
    "array-with-pickle": liar("is an array of objects that write a file when they are unpickled", """\
        class Acts:
            def __reduce__(self):
                return LOOT.write_text, ("unpickled",)

        def Liar():
            return np.array([Acts(), Acts()], dtype=object)
        """),
    "frame-of-objects": liar("is a table with objects, strange names and a pickle in it", """\
        import pandas as pd

        class Acts:
            def __reduce__(self):
                return LOOT.write_text, ("unpickled",)

        def Liar():
            return pd.DataFrame({"__class__": [Acts()], "../../x": ["<script>"], ("a", 1): [None]}, index=[b"\\xff"])
        """),
    "dictionary-that-lies": liar("is a dictionary with every key", """\
        class Liar(dict):
            __contains__ = __eq__ = lambda self, other: True
            __getitem__ = get = lambda self, *_: 1.0
            keys = lambda self: {"__class__", "$type", "__dla__", "type"}

        def make(cls=Liar):
            return cls(type="verdict", status="right", score=1.0, __class__="float")

        Liar = make
        """),
    "tags-of-the-wire": liar("is plain data that looks like what processes send to each other", """\
        def Liar():
            return {"type": "ndarray", "kind": "array", "$ref": "expected", "handle": 1, "status": "right", "score": 1.0,
                    "ok": True, "result": {"npy": "AAAA"}, "__npy__": "AAAA"}
        """),
    "not-a-number": liar("is NaN, which is different from itself", "def Liar():\n    return float('nan')\n"),
    "true": liar("is True", "def Liar():\n    return True\n"),
    "exception-that-lies": instead("raises an error whose text never ends and whose name is markup", """\
        class Liar(Exception):
            def __str__(self):
                while time.time() < UNTIL:
                    pass
                return ""

            __repr__ = __str__

        Liar.__name__ = Liar.__qualname__ = "<script>alert(1)</script>" * 1000

        def nse(observed, simulated):
            raise Liar("x")
        """, {"failed", "time-out", "crashed"}),
    "base-exception": instead("raises what is no Exception", """\
        class Liar(BaseException):
            pass

        def nse(observed, simulated):
            raise Liar()
        """, {"failed", "crashed"}),
    "checks-own-errors": instead("raises the error of a check that has passed", """\
        from dla_widgets.exercise import CheckFailed
        from dla_widgets.verdict import Verdict

        def nse(observed, simulated):
            raise CheckFailed(Verdict("nse", 1.0, "right", "Well done."))
        """, {"failed", "crashed", "wrong"}),
    "function-that-lies": instead("is an object that only looks like a function", """\
        class Liar:
            __name__, __code__, __wrapped__ = "nse", None, print
            __signature__ = property(lambda self: 1 / 0)
            __call__ = lambda self, *arguments: 0.0
            __getattr__ = lambda self, name: Liar()

        nse = Liar()
        """, KINDS),
    "verdict-for-a-function": instead("hands in a verdict in the place of a function", """\
        from dla_widgets.verdict import Verdict
        nse = Verdict("nse", 1.0, "right", "Well done.")
        """, KINDS | {"not attempted"}),
    "inputs-changed": instead("changes its inputs until a trivial answer is right", """\
        def nse(observed, simulated):
            simulated[:] = observed
            return 1.0
        """, {"wrong", "failed"}),
    "inputs-swapped": instead("resizes and retypes its inputs in place", """\
        def nse(observed, simulated):
            for array in (observed, simulated):
                array.resize(1, refcheck=False)
                array.dtype = "int64"
            return 1.0
        """, {"wrong", "failed"}),
    "right-only-at-first": instead("is right the first time it is asked", """\
        asked = []

        def nse(observed, simulated):
            asked.append(1)
            o, s = observed, simulated
            return 1 - ((o - s) ** 2).sum() / ((o - o.mean()) ** 2).sum() if len(asked) == 1 else 0.0
        """, {"wrong", "partial", "mistake"}),
}
