"""Cells with nbgrader's marks."""

import nbformat
from nbformat.v4 import new_code_cell


def solution(name: str, source: str) -> nbformat.NotebookNode:
    return new_code_cell(source, metadata={"nbgrader": {
        "schema_version": 3, "grade_id": name, "solution": True, "grade": False, "locked": False, "task": False}})


def questions(name: str, source: str, points: float = 2) -> nbformat.NotebookNode:
    return new_code_cell(source, metadata={"nbgrader": {
        "schema_version": 3, "grade_id": f"{name}-tests", "solution": False, "grade": True, "locked": True, "task": False,
        "points": points}})
