"""The advisor's desk: a page that says who handed in, who is stuck, and which mistake to talk about tomorrow.

An extension of the Jupyter server: the same page stands in the advisor's JupyterLab and alone (`autograder dashboard`),
behind the server's own token. Reads nbgrader's gradebook and what grading left in the notebooks; changes neither.
"""


def _jupyter_server_extension_points() -> list[dict]:
    from .extension import Desk

    return [{"module": "autograder.desk", "app": Desk}]
