"""The same release, graded by nbgrader's own way: honest work scores the same, and a kernel that lies is caught by a canary."""

import shutil

import nbformat
from gradebook_says import scores

from autograder.grading.cohort import grade
from autograder.grading.course import Course

LIES = {
    "patched-name": "    return 1.0\n\ndef check(*_):\n    print('Right!')",
    "patched-module": "    return 1.0\n\nimport dla_widgets\ncheck = dla_widgets.check = lambda *_: None",
    "forged-verdict": ("    return 1.0\n\nfrom IPython.display import display as _show\n"
                       "from dla_widgets.verdict import MIME\ndef check(name, answer):\n"
                       "    _show({MIME: {'exercise': name, 'score': 1.0, 'status': 'right'}}, raw=True)"),
}


def test_nbgraders_own_way_scores_honest_work_the_same(built, course, class_of, hand_in, run_nbgrader, monkeypatch):
    expected = class_of(3)
    for learner, lie in LIES.items():
        hand_in(learner, lie)
    monkeypatch.setenv("DLA_GRADING", "plain")
    run_nbgrader(course, "autograde", "streamflow")
    assert scores(course) == expected | dict.fromkeys(LIES, 0.0)
    caught = nbformat.read(course / "autograded" / "patched-name" / "streamflow" / "01_rain.ipynb", as_version=4)
    assert "lets wrong answers pass" in str(caught) and "canary" not in str(caught)

    # and nbgrader without any of the kit's configuration: all or nothing
    (course / "nbgrader_config.py").write_text("")
    run_nbgrader(course, "autograde", "streamflow", "--force")
    assert {learner: points for learner, points in scores(course).items() if learner not in LIES} == {
        learner: 2.0 * (points == 2) for learner, points in expected.items()}

    shutil.copy(built / "nbgrader" / "nbgrader_config.py", course)
    monkeypatch.delenv("DLA_GRADING")
    report = grade(Course(course, "streamflow"), force=True)
    assert report.failed == {}
    assert scores(course) == expected | dict.fromkeys(LIES, 0.0)
