"""The cohort's desk beside nbgrader's panels in JupyterLab: `autograder lab` puts this folder on JUPYTER_CONFIG_PATH."""

from pathlib import Path

import autograder

c = get_config()  # noqa: F821 - traitlets provides it

c.ServerApp.jpserver_extensions.update({"autograder.desk": True, "nbgrader.server_extensions.formgrader": True})
c.LabServerApp.extra_labextensions_path = [str(Path(autograder.__file__).parent / "desk" / "labextension")]
