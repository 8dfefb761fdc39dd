"""Formgrader's button *autograde*, in a process of its own: nbgrader's runs in the server, which answers nobody meanwhile."""

from __future__ import annotations

import asyncio
import json
import re
import sys

from nbgrader.server_extensions.formgrader.apihandlers import BaseApiHandler, check_notebook_dir, check_xsrf
from tornado import web

ADDRESS = r"/formgrader/api/submission/([^/]+)/([^/]+)/autograde"


class Autograde(BaseApiHandler):
    """Grade what one learner handed in, as ``autograder grade`` does; the answer is in nbgrader's form."""

    @web.authenticated
    @check_xsrf
    @check_notebook_dir
    async def post(self, assignment: str, student: str):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "autograder", "grade", assignment, f"--student={student}", "--force",
            f"--course={self.coursedir.root}", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT)
        said = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", (await process.communicate())[0].decode(errors="replace"))
        done = {"success": process.returncode == 0, "log": said}
        self.set_header("Content-Type", "text/plain; charset=utf-8")  # Formgrader's page reads the JSON itself
        self.finish(json.dumps(done if done["success"] else done | {"error": said}))
