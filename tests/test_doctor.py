"""`dla doctor` and `dla lab` from a shell, as a learner types them."""

import subprocess
import sys
from pathlib import Path

from dla_widgets import doctor


def dla(*words, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "dla_widgets.cli", *words], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_the_report_has_a_line_for_each_part(tmp_path):
    findings = list(doctor.examine(tmp_path))
    text = "\n".join(map(str, findings))
    assert all(f.level in ("ok", "fix", "note") for f in findings)
    for part in ("Python 3", "packages", "TensorFlow", "kernel", "memory", "disk", "browser", "basins"):
        assert part in text


def test_what_is_wrong_comes_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "LEAST_DISK_GB", 1e9)
    monkeypatch.setattr(doctor, "LEAST_MEMORY_GB", 1e9)
    for finding in (doctor._disk(Path(tmp_path)), doctor._memory()):
        assert finding.level == "fix" and finding.do
    monkeypatch.setattr(doctor, "requires", lambda name: ["numpy>=99", "no-such-package", "pytest; extra == 'test'"])
    (finding,) = doctor._packages()
    assert (
        finding.level == "fix"
        and "is not >=99; no-such-package is missing" in finding.what
        and "pytest" not in finding.what
    )


def test_lab_without_lessons_says_where_to_get_them(tmp_path):
    run = dla("lab", cwd=tmp_path)
    assert run.returncode == 2
    assert "say where your advisor put the lessons with --lessons FOLDER" in run.stderr
    assert "Traceback" not in run.stderr
