"""The kernel starts with thread limits that a learner may override."""

import json
import os
import subprocess
import sys

import nbformat
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

from dla_widgets import kernel


def test_the_kernel_spec_is_ours_and_keeps_the_logos(tmp_path):
    assert not kernel.is_installed(tmp_path)
    spec = kernel.install(tmp_path)
    assert kernel.is_installed(tmp_path)
    assert json.loads(spec.read_text())["metadata"]["debugger"] is True
    assert (spec.parent / "logo-svg.svg").exists()


def test_limits_are_set_where_unset():
    code = "from dla_widgets import kernel; kernel.apply_limits()"
    code += "; import os; print(os.environ['OMP_NUM_THREADS'], os.environ['KMP_BLOCKTIME'])"
    clean = {k: v for k, v in os.environ.items() if k not in kernel.limits()}
    run = subprocess.run(
        [sys.executable, "-c", code], env=clean | {"KMP_BLOCKTIME": "7"}, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [str(min(kernel.cores(), kernel.MOST_THREADS)), "7"]


def test_a_started_kernel_has_the_limits():
    clean = {k: v for k, v in os.environ.items() if k not in kernel.limits()}
    manager, client = start_new_kernel(kernel_name="python3", env=clean)
    try:
        client.execute_interactive("import os; n = os.environ.get('TF_NUM_INTEROP_THREADS')", timeout=60)
        reply = client.execute_interactive("", user_expressions={"n": "n"}, timeout=60)
        assert reply["content"]["user_expressions"]["n"]["data"]["text/plain"] == "'1'"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_what_a_library_writes_below_python_stays_out_of_the_notebook():
    code = "import os; os.write(2, b'low-level chatter'); print('from Python')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    assert [output.text for output in notebook.cells[0].outputs] == ["from Python\n"]
