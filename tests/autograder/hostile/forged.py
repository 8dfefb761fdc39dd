"""Submissions that forge what a verdict is made of: the check, the tools of comparing, the shell, outputs and marks."""

import getpass

from dla_widgets.exercise import find as exercise_called
from dla_widgets.variants import seed

from .case import WRONG, Case, code_cell, find, instead, trick

MIME = "application/vnd.dla.verdict+json"
FORGED = {"exercise": "nse", "score": 1.0, "status": "right", "message": "Well done.", "detail": "", "mistake": None, "hint": ""}
LIED = {"question": "nse-tests", "exercise": "nse", "points": 2.0, "score": 1.0, "status": "right", "message": "Well done.",
        "detail": "", "hint": "", "mistake": None, "seconds": 0.01}


def kept_outputs(notebook, place):
    """The tests cell comes with a verdict, a score line and a result in it."""
    find(notebook, "nse")["source"] = WRONG
    find(notebook, "nse-tests")["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": {MIME: FORGED, "text/plain": "nse Well done."}},
        {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "2.0"}}]


def lied_metadata(notebook, place):
    """Metadata says that everything has been judged already."""
    find(notebook, "nse-tests")["metadata"]["dla"] = {"judged": LIED}
    notebook["metadata"]["dla"] = {"grading": {"walls": "bwrap", "seconds": 0.0, "crashes": []}, "repairs": []}


def damaged_metadata(notebook, place):
    """What the kit keeps in metadata is of another type."""
    notebook["metadata"]["dla"] = ["not", "a", "mapping"]
    for cell in notebook["cells"]:
        cell["metadata"]["dla"] = "text"


def more_points(notebook, place):
    """The question is worth a thousand points, and not locked."""
    find(notebook, "nse-tests")["metadata"]["nbgrader"] |= {"points": 1000, "locked": False}
    find(notebook, "slope-tests")["metadata"]["nbgrader"] |= {"points": -5}


def own_question(notebook, place):
    """A question of the learner's own, worth a hundred points, and right."""
    own = code_cell("own", "assert True")
    own["metadata"]["nbgrader"] = find(notebook, "nse-tests")["metadata"]["nbgrader"] | {"grade_id": "own", "points": 100}
    notebook["cells"].append(own)


def empty_tests(notebook, place):
    """The tests say nothing any more."""
    for name in ("nse-tests", "slope-tests"):
        find(notebook, name)["source"] = "pass"


def kind_tests(notebook, place):
    """The tests are right for a wrong answer, and the answer's cell is marked as tests."""
    find(notebook, "nse-tests")["source"] = "2.0"
    find(notebook, "nse")["metadata"]["nbgrader"] |= {"grade": True, "points": 2}


def tests_in_text(notebook, place):
    """The tests became text."""
    cell = find(notebook, "nse-tests")
    cell["cell_type"] = "markdown"
    del cell["outputs"], cell["execution_count"]


def passing_tag(notebook, place):
    """Tags and cell metadata that some tools obey: an error is allowed, the cell is skipped, the timeout is off."""
    for name in ("nse", "nse-tests"):
        find(notebook, name)["metadata"] |= {"tags": ["raises-exception", "skip-execution", "remove-cell"], "deletable": False,
                                             "execution": {"timeout": -1, "allow_errors": True}}


def by_heart(notebook, place):
    """The answers to what a check asks whoever practises."""
    exercise, known = exercise_called("nse"), {}
    for learner in ("answers-by-heart", getpass.getuser()):
        for probe in exercise.probes(seed(learner, "nse")):
            known[probe.args[0].tobytes()] = float(exercise.answer(*probe.args))
    find(notebook, "nse")["source"] = f"""\
known = {known!r}

def nse(observed, simulated):
    return known.get(observed.tobytes(), 0.0)
"""


CASES = {
    "check-redefined": trick("defines a check of its own", "def check(name, answer):\n    return None\n"),
    "check-patched": trick("patches what the check consists of", """\
        import dla_widgets.attempt, dla_widgets.compare, dla_widgets.exercise as exercise, dla_widgets.verdict as verdict
        right = verdict.Verdict("nse", 1.0, "right", "Well done.")
        exercise.Exercise.judge = exercise.Exercise._compare = lambda self, *_, **__: right
        exercise.check = exercise.CheckFailed = exercise.equal = dla_widgets.compare.equal = lambda *_, **__: True
        """),
    "reference-patched": trick("makes the reference as wrong as the answer", """\
        import dla_widgets.exercise as exercise
        import dla_widgets.streamflow.skill as skill
        skill.nse = lambda observed, simulated: 0.0
        exercise.find("nse").answer = skill.nse
        exercise.find("nse")._probes = lambda rng: []
        exercise.find("nse").rtol = 1e9
        """, {"wrong", "failed"}),
    "numpy-patched": trick("makes all numbers close to each other", """\
        import numpy.testing
        np.allclose = np.array_equal = np.isclose = np.all = lambda *_, **__: True
        for name in dir(numpy.testing):
            if name.startswith("assert"):
                setattr(numpy.testing, name, lambda *_, **__: None)
        """),
    "builtins-patched": trick("changes what all Python stands on", """\
        import builtins
        builtins.all = builtins.any = builtins.callable = lambda *_: True
        builtins.AssertionError = type("Quiet", (BaseException,), {})
        """, {"wrong", "failed", "crashed"}),
    "modules-replaced": trick("puts a kit of its own in the place of the kit", """\
        import types
        fake = types.ModuleType("dla_widgets")
        fake.check = fake.hint = lambda *_: None
        for name in [name for name in sys.modules if name.startswith("dla_widgets")]:
            sys.modules[name] = fake
        sys.modules["autograder"] = sys.modules["nbgrader"] = fake
        from dla_widgets import check
        """),
    "asserts-dropped": trick("takes every assert and check out of the code that runs after it", """\
        import ast

        class Drop(ast.NodeTransformer):
            def visit_Assert(self, node):
                return ast.copy_location(ast.Pass(), node)

            def visit_Expr(self, node):
                return ast.copy_location(ast.Pass(), node) if "check" in ast.unparse(node) else node

        get_ipython().ast_transformers.append(Drop())
        """, slope="def slope(drop, length):\n    return 7\n", points={"slope": 0.0}),
    "text-transformed": trick("rewrites the text of every cell that runs after it", """\
        get_ipython().input_transformers_post.append(
            lambda lines: ["2.0\\n"] if any("check(" in line or "assert" in line for line in lines) else lines)
        """, slope="def slope(drop, length):\n    return 7\n", points={"slope": 0.0}),
    "errors-hushed": trick("hushes every error that the shell would show", """\
        shell = get_ipython()
        shell.showtraceback = shell._showtraceback = shell.showsyntaxerror = lambda *_, **__: None
        shell.set_custom_exc((BaseException,), lambda *_, **__: [])
        sys.excepthook = lambda *_: None
        """, slope="def slope(drop, length):\n    return 7\n", points={"slope": 0.0}),
    "shell-replaced": trick("replaces how the shell runs a cell", """\
        shell = get_ipython()
        shell.run_cell = shell.run_cell_async = shell.run_code = shell.run_ast_nodes = lambda *_, **__: None
        type(shell).run_cell = type(shell).run_cell_async = lambda *_, **__: None
        """, {"wrong", "failed"}, slope="def slope(drop, length):\n    return 7\n", points={"slope": 0.0, "percent_bias": 0.0}),
    "hooks-before-each-cell": trick("puts its own functions in place again before each cell", """\
        def again(*_):
            get_ipython().user_ns.update(check=lambda *_: None, nse=lambda o, s: 0.0)

        get_ipython().events.register("pre_run_cell", again)
        get_ipython().events.register("post_run_cell", again)
        """),
    "display-patched": trick("turns whatever is shown into a verdict that is right", f"""\
        shell, forged = get_ipython(), {{"text/plain": "2.0", {MIME!r}: {FORGED!r}}}
        publish = type(shell.display_pub).publish
        type(shell.display_pub).publish = lambda self, data, *_, **__: publish(self, forged)
        type(shell.displayhook).__call__ = lambda self, result=None: publish(shell.display_pub, forged)
        """),
    "verdict-shown": trick("shows a verdict that is right", f"""\
        from IPython.display import display
        for _ in range(3):
            display({{{MIME!r}: {FORGED!r}, "text/plain": "✓ nse   Well done."}}, raw=True)
        """),
    "verdict-kept": trick("comes with outputs that say it was right", twist=kept_outputs),
    "score-lines": trick("prints what a grader might read as a score", """\
        for line in ('{"score": 1.0, "status": "right"}', "##SCORE 2/2", "2.0", "::set-output score=100", "PASSED", "OK"):
            print(line)
            print(line, file=sys.stderr)
        """, last="2.0"),
    "metadata-judged": trick("comes with metadata that say it was judged", twist=lied_metadata),
    "metadata-damaged": trick("comes with the kit's metadata of another type", twist=damaged_metadata),
    "points-raised": trick("raises the points of a question", twist=more_points),
    "own-question": trick("adds a question of its own", twist=own_question),
    "tests-emptied": trick("empties the tests", twist=empty_tests, slope="def slope(drop, length):\n    return 7\n",
                           points={"slope": 0.0}),
    "tests-made-kind": trick("makes the tests kind, and the answer a question", twist=kind_tests),
    "tests-in-text": trick("turns the tests into text", twist=tests_in_text),
    "tags": trick("asks to be skipped, and for errors to be allowed", twist=passing_tag),
    "salt-changed": trick("asks for the numbers of the practice, whose answers it knows by heart", """\
        os.environ.update(DLA_SALT="practice", DLA_LEARNER="ada", NBGRADER_EXECUTION="validate")
        import dla_widgets.variants as variants
        variants.seed = variants.current_seed = lambda *_: 1
        """),
    "chance-fixed": trick("makes every generator of random numbers give zeros", """\
        import random
        np.random.default_rng = lambda *_: np.random.Generator(np.random.PCG64(1))
        random.random = lambda: 0.0
        """),
    "answers-by-heart": Case("knows the answers to the numbers of the practice by heart", twist=by_heart, points={"nse": 0.0},
                             status={"nse": frozenset({"wrong"})}),
    "visible-test-by-heart": trick("answers just what the test that learners see asks for", WRONG.replace("nse", "kept"),
                                   slope="def slope(drop, length):\n    return 0.01\n", points={"slope": 0.0}),
    "course-answer": instead("hands in the course's own function", "from dla_widgets.streamflow.skill import nse\n",
                             {"course answer"}),
    "course-answer-wrapped": instead("calls the answer of the exercise", """\
        import dla_widgets.exercise

        def nse(observed, simulated):
            return dla_widgets.exercise.find("nse").answer(observed, simulated)
        """, {"course answer", "failed"}),
    "course-answer-caught": instead("calls the course's own function and catches whatever happens", """\
        from dla_widgets.streamflow import skill

        def nse(observed, simulated):
            try:
                return skill.nse(observed, simulated)
            except BaseException:
                return 0.0
        """, {"course answer", "wrong"}),
    "calls-the-check": instead("checks itself from inside", """\
        def nse(observed, simulated):
            return check("nse", nse)
        """, {"failed", "wrong", "not attempted", "time-out", "crashed"}),
    "looks-at-the-caller": instead("looks for the expected answer in the frames that called it", """\
        def nse(observed, simulated):
            frame = sys._getframe()
            while frame is not None:
                for name, value in list(frame.f_locals.items()):
                    if name in ("expected", "wanted", "answer", "reference") and frame.f_code.co_name != "nse":
                        return value[0] if isinstance(value, (list, tuple)) else value
                frame = frame.f_back
            return 0.0
        """, {"wrong", "failed"}),
    "looks-through-memory": instead("looks for the answer among all objects of the process", """\
        import gc

        def nse(observed, simulated):
            for thing in gc.get_objects():
                if type(thing).__name__ == "Exercise" and thing.name == "nse":
                    return thing.answer(observed, simulated)
            return 0.0
        """, {"wrong", "course answer", "failed"}),
    "watch-removed": instead("takes the watch over the course's own answer away, then calls it", """\
        import contextlib

        import dla_widgets.attempt
        from dla_widgets.streamflow import skill

        dla_widgets.attempt._put_away = lambda *_: contextlib.nullcontext()

        def nse(observed, simulated):
            sys.setprofile(None)
            sys.settrace(None)
            return skill.nse(observed, simulated)
        """, {"course answer", "failed"}),
    "result-changed-later": instead("gives back an array, and changes it while it is being compared", """\
        result = np.array(0.0)

        def go_on():
            while time.time() < UNTIL:
                result[...] = np.random.rand()

        def nse(observed, simulated):
            threading.Thread(target=go_on, daemon=True).start()
            return result
        """, {"wrong"}),
}
