"""Near-duplicates: a copy is found whatever its names and comments, what everybody writes is not taken for one."""

from hypothesis import given
from hypothesis import strategies as st

from autograder.desk.similar import FEWEST, pairs, runs, side_by_side

RELEASED = "def nse(observed, simulated):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
PLAIN = """def nse(observed, simulated):
    return 1 - ((observed - simulated) ** 2).sum() / ((observed - observed.mean()) ** 2).sum()"""
ODD = '''def nse(observed, simulated):
    good = np.flatnonzero(np.isfinite(observed) * np.isfinite(simulated) > 0)
    kept = observed.take(good).astype("float64"), simulated.take(good).astype("float64")
    spread = np.einsum("i,i->", kept[0] - kept[0].mean(), kept[0] - kept[0].mean())
    return 1.0 - np.einsum("i,i->", kept[0] - kept[1], kept[0] - kept[1]) / spread'''
RENAMED = '''def nse(observed, simulated):
    """The Nash-Sutcliffe efficiency."""
    idx = np.flatnonzero(np.isfinite(observed) * np.isfinite(simulated) > 0)  # where both are there
    a = observed.take(idx).astype("float64"), simulated.take(idx).astype("float64")

    total = np.einsum("i,i->", a[0] - a[0].mean(), a[0] - a[0].mean())
    return 1.0 - np.einsum("i,i->", a[0] - a[1], a[0] - a[1]) / total'''


def test_a_renamed_copy_is_found_and_what_everybody_writes_is_not():
    sources = {f"learner-{n}": PLAIN for n in range(8)} | {"ada": ODD, "bao": RENAMED}
    found = pairs({"02_skill · nse": sources}, {"02_skill · nse": RELEASED})
    assert [(one.first, one.second, one.question) for one in found] == [("ada", "bao", "02_skill · nse")]
    assert found[0].likeness == 1 and found[0].shared >= 20


def test_those_who_left_what_was_handed_out_are_not_alike():
    assert pairs({"q": dict.fromkeys("abcdefgh", RELEASED)}, {"q": RELEASED}) == []


def test_with_few_answers_nobody_can_say_what_is_rare():
    sources = {f"learner-{n}": PLAIN for n in range(FEWEST - 3)} | {"ada": ODD, "bao": RENAMED}
    assert len(sources) < FEWEST and pairs({"q": sources}, {}) == []


def test_a_cell_that_does_not_parse_is_compared_as_it_is():
    broken = ODD + "\n    return )"
    sources = {f"learner-{n}": PLAIN for n in range(8)} | {"ada": broken, "bao": broken}
    assert [(one.first, one.second) for one in pairs({"q": sources}, {})] == [("ada", "bao")]


@given(st.text())
def test_any_text_can_be_cut_into_runs(text):
    assert runs(text) == runs(text)


def test_lines_that_stand_in_both_are_marked():
    assert side_by_side("a\nb\n\nc", "b\n\nd") == ([("a", False), ("b", True), ("", False), ("c", False)],
                                                  [("b", True), ("", False), ("d", False)])
