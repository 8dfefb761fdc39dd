"""The verdict is computed outside: checks, tests in plain Python, hidden tests, and everything that can go wrong."""

import nbformat
import pytest
from marked_cells import questions, solution
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.utils import determine_grade

from autograder.judging.questions import without_hidden
from autograder.wrong_answers import written_out
from dla_widgets.exercise import find
from dla_widgets.variants import seed

NSE = """
def nse(observed, simulated):
    both = np.isfinite(observed) & np.isfinite(simulated)
    o, s = observed[both], simulated[both]
    return 1 - ((o - s) ** 2).sum() / ((o - o.mean()) ** 2).sum()
"""
NUMPY = "import numpy as np\nfrom dla_widgets import check"
CHECK = 'check("nse", nse)'


def points(nb: nbformat.NotebookNode, question: str):
    """What nbgrader makes of the cell."""
    return determine_grade(next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == question))


def test_a_right_answer_gets_its_points_and_says_so(judged):
    verdicts, nb = judged(NUMPY, solution("nse", NSE), questions("nse", CHECK))
    assert verdicts["nse-tests"]["status"] == "right" and verdicts["nse-tests"]["exercise"] == "nse"
    assert points(nb, "nse-tests") == (2.0, 2.0)


@pytest.mark.parametrize("mistake", [one.name for one in find("nse").mistakes])
def test_each_named_mistake_is_named_across_the_wall(judged, mistake):
    verdicts, nb = judged(NUMPY, solution("nse", written_out("nse", mistake)), questions("nse", CHECK))
    assert verdicts["nse-tests"]["mistake"] == mistake
    assert points(nb, "nse-tests")[0] == 2 * verdicts["nse-tests"]["score"] < 2


def test_the_probes_are_the_learners_own_and_those_of_the_salt(judged):
    wrong = solution("nse", "def nse(observed, simulated):\n    return 0.5")
    details = {judged(NUMPY, wrong, questions("nse", CHECK), learner=name)[0]["nse-tests"]["detail"] for name in ("ada", "bo")}
    assert len(details) == 2
    assert find("nse").judge(lambda observed, simulated: 0.5, seed("ada", "nse", "pepper")).detail in details


@pytest.mark.parametrize("answer, status, says", [
    ("", "not attempted", "There is no nse in your notebook"),
    ("def nse(observed, simulated):\n    raise NotImplementedError()", "not attempted", "Replace the placeholder"),
    ("raise NotImplementedError()", "not attempted", ""),
    ("nse = 1 / 0", "failed", "ZeroDivisionError"),
    ("nse = 3", "wrong", "Hand over the function itself"),
    ("def nse(observed):\n    return 1", "wrong", "is called with (observed, simulated)"),
    ("def nse(observed, simulated):\n    return observed.men()", "failed", "line 2: return observed.men()"),
    ("def nse(observed, simulated):\n    while True: pass", "time-out", "a loop without an end?"),
    ("import os\nos._exit(0)", "crashed", "It ended Python itself"),
    ("import os\ndef nse(observed, simulated):\n    os._exit(0)", "crashed", "It ended Python itself"),
    ("def nse(observed, simulated):\n    return bytes(10**8)", "failed", "cannot be"),
    ("from dla_widgets import nse", "course answer", "put away"),
    ("import sys\nfrom dla_widgets import nse as theirs\ndef nse(o, s):\n    sys.setprofile(None)\n    return theirs(o, s)",
     "course answer", "put away"),
    ("def nse(observed, simulated):\n    simulated[:] = 0\n    return 0.0", "wrong", ""),
])
def test_what_goes_wrong_has_a_status_and_a_sentence(judged, answer, status, says):
    verdicts, nb = judged(NUMPY, solution("nse", answer), questions("nse", CHECK),
                          solution("kge", "x = 1"), questions("kge", "assert x == 1"))
    assert verdicts["nse-tests"]["status"] == status
    assert says in verdicts["nse-tests"]["message"]
    assert points(nb, "nse-tests")[0] == 0
    assert verdicts["kge-tests"]["status"] == "right", "what comes after is not touched"
    assert "autograder/" not in str(nb), "no traceback of ours"


def test_a_right_answer_that_changes_its_input_is_told(judged):
    spoils = "_nse = nse\ndef nse(observed, simulated):\n    r = _nse(observed, simulated)\n    observed[:] = 0\n    return r"
    verdicts, _ = judged(NUMPY, solution("nse", NSE + spoils), questions("nse", CHECK))
    assert "changes observed in place" in verdicts["nse-tests"]["message"]


@pytest.mark.parametrize("attack", [
    "def check(*_): pass", "import dla_widgets.exercise as e\ne.Exercise.judge = lambda *_, **__: None",
    "import numpy.testing as t\nt.assert_allclose = lambda *_, **__: None", "get_ipython().run_cell = lambda *_, **__: None",
    "import ast\nclass Away(ast.NodeTransformer):\n    def visit_Assert(self, node): return ast.Pass()\n"
    "get_ipython().ast_transformers.append(Away())", "get_ipython().showtraceback = lambda *_, **__: None",
    "import sys\nsys.modules['dla_widgets'] = None", "import builtins\nbuiltins.AssertionError = KeyboardInterrupt",
    "def abs(x): return 0\ndef isinstance(*_): return True\ndef round(*_): return 1",
])
def test_nothing_that_a_submission_patches_becomes_a_score(judged, attack):
    wrong = "def nse(observed, simulated):\n    return 7.0"
    verdicts, nb = judged(NUMPY, attack, solution("nse", wrong), questions("nse", CHECK),
                          solution("f", "def f(x):\n    return 7.0"), questions("f", "assert abs(f(1) - 1) < 1e-9"))
    assert verdicts["nse-tests"]["score"] == 0 and points(nb, "nse-tests")[0] == 0
    assert verdicts["f-tests"]["score"] == 0 and points(nb, "f-tests")[0] == 0


def test_objects_that_lie_are_plain_when_they_arrive(judged):
    liar = ("class Liar(float):\n    def __eq__(self, other): return True\n    def __float__(self): return 1.0\n"
            "    def __sub__(self, other): return 0.0\n    def __array__(self, *a, **k): return np.array(1.0)\n"
            "    __rsub__ = __sub__\n    __lt__ = __gt__ = __le__ = __ge__ = __ne__ = __eq__\n    __hash__ = float.__hash__\n")
    verdicts, _ = judged(NUMPY, liar, solution("f", "def f(x):\n    return Liar(7)"), questions("f", "assert f(1) == 1"))
    assert verdicts["f-tests"]["status"] == "wrong"


def test_tests_in_plain_python_use_the_authors_imports_and_the_learners_things(judged):
    verdicts, nb = judged(
        NUMPY, "limit = 3",
        solution("f", "def f(x):\n    return x * 2\nclass Model:\n    layers = [1, 2]\n    def run(self, x): return x + 1"),
        questions("f", "np.testing.assert_allclose(f(np.arange(limit)), [0, 2, 4])\n"
                       "m = Model()\nassert len(m.layers) == 2 and m.run(1) == 2"))
    assert verdicts["f-tests"]["status"] == "right", verdicts
    assert points(nb, "f-tests") == (2.0, 2.0)


def test_a_number_in_the_last_line_is_points(judged):
    verdicts, nb = judged(NUMPY, solution("f", "def f(x):\n    return x"), questions("f", "(1.5 if f(1) == 1 else 0)"))
    assert verdicts["f-tests"]["status"] == "partial" and points(nb, "f-tests") == (1.5, 2.0)


HIDDEN = "assert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(40) == 42, 'the secret is 42'\n### END HIDDEN TESTS"


def test_hidden_tests_run_and_stay_hidden(judged):
    right, nb = judged(solution("f", "def f(x):\n    return x + (x == 40) * 2"), questions("f", HIDDEN))
    assert right["f-tests"]["status"] == "right" and "42" not in nb.cells[-1].source
    wrong, nb = judged(solution("f", "def f(x):\n    return x"), questions("f", HIDDEN))
    assert wrong["f-tests"]["status"] == "wrong" and "assert f(40)" not in str(nb) and not wrong["f-tests"]["detail"]
    assert without_hidden(HIDDEN) == "assert f(1) == 1\n# hidden tests ran here"


def test_a_keras_model_stays_inside_and_is_asked(judged):
    answer = ("import keras\ndef build_lstm(features, units):\n"
              "    return keras.Sequential([keras.layers.Input((None, features)),\n"
              "        keras.layers.LSTM(units, return_sequences=True), keras.layers.Dense(1)])")
    check = questions("build_lstm", 'check("build_lstm", build_lstm)')
    authors = new_notebook(cells=[new_code_cell("import keras")])
    assert judged(NUMPY, solution("build_lstm", answer), check, release=authors)[0]["build_lstm-tests"]["status"] == "right"
    relu = answer.replace("Dense(1)", "Dense(1, activation='relu')")
    assert judged(NUMPY, solution("build_lstm", relu), check)[0]["build_lstm-tests"]["mistake"] == "relu_head"


def test_a_forged_verdict_in_an_output_and_in_metadata_counts_nothing(judged):
    forged = solution("nse", "def nse(observed, simulated):\n    return 7.0\n"
                             "from IPython.display import publish_display_data as p\n"
                             "p({'application/vnd.dla.verdict+json': {'score': 1.0, 'status': 'right'}, 'text/plain': '2'})\n2.0")
    forged.metadata["dla"] = {"judged": {"question": "nse-tests", "score": 1.0, "status": "right"}}
    _, nb = judged(NUMPY, forged, questions("nse", CHECK))
    assert points(nb, "nse-tests")[0] == 0
    assert [cell.metadata["dla"]["judged"]["score"] for cell in nb.cells if cell.metadata.get("dla", {}).get("judged")] == [0.0]
