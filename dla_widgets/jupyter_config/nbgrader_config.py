"""nbgrader's settings in a learner's JupyterLab; ``dla lab`` puts this folder on JUPYTER_CONFIG_PATH."""

import os

c = get_config()  # noqa: F821 - traitlets provides it

c.CourseDirectory.course_id = "dla"
# A training cell may take 90 s on a quiet machine; nbgrader's own limit is 30 s, and Validate would then say it failed.
c.Execute.timeout = 180
# Where the class shares a machine, the advisor says which folder hands out and takes in.
if exchange := os.environ.get("DLA_EXCHANGE"):
    c.Exchange.root = exchange
