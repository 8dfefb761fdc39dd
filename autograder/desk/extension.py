"""The desk as an extension of the Jupyter server, in an advisor's JupyterLab or alone."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_server.extension.application import ExtensionApp, ExtensionAppJinjaMixin
from traitlets import Enum, Set, Unicode

from .handlers import HANDLERS

HERE = Path(__file__).parent


class Desk(ExtensionAppJinjaMixin, ExtensionApp):
    """Who handed in, who is stuck, which mistake how many made."""

    name = "dla_desk"
    extension_url = "/dla/desk"
    static_paths = [str(HERE / "static")]  # noqa: RUF012
    template_paths = [str(HERE / "templates")]  # noqa: RUF012

    course = Unicode(help="nbgrader's course folder; where the server was started if empty").tag(config=True)
    role = Enum(["advisor", "grader"], "advisor", help="what whoever has the server's token is").tag(config=True)
    graders = Set(Unicode(), help="users of a JupyterHub who are graders: they mark, and see no similarities").tag(config=True)

    def initialize_settings(self) -> None:
        root = Path(self.course or os.getcwd()).resolve()
        self.settings |= {"dla_desk_root": root, "dla_desk_role": self.role, "dla_desk_graders": self.graders}

    def initialize_handlers(self) -> None:
        self.handlers.extend(HANDLERS)
