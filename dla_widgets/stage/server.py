"""Voila with one page, on this machine alone: a token lets in whoever started it, and nobody else.

Voila shows a notebook to everybody who finds its port unless it is told otherwise. Here it listens on the loopback address,
asks for a random token as JupyterLab does, reads no configuration of the machine, and fetches nothing from other machines.
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler

from ..kernel import apply_limits

HERE = Path(__file__).parent

#: seconds after which the kernel of a page that is no longer there is ended, should the page not have said goodbye
IDLE = 120


#: what the page needs of JupyterLab's extensions; others take time, and some want a JupyterLab around them
EXTENSIONS = ["@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager", "anywidget"]


class OwnKernel(KernelSpecManager):
    """The kernel of the environment that `dla` runs in, whatever other kernels the machine knows."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        command = [sys.executable, "-m", "dla_widgets.kernel", "-f", "{connection_file}", "--IPKernelApp.log_level=ERROR"]
        return KernelSpec(argv=command, name=kernel_name, display_name="Python 3", language="python")

    def find_kernel_specs(self) -> dict[str, str]:
        return {"python3": str(HERE)}


class Goodbye(VoilaShutdownKernelHandler):
    """A page that is closed ends its kernel. It has no time to fetch what guards other requests against forgery.

    The name of the kernel, which nobody else knows, and the cookie are asked for all the same.
    """

    def check_xsrf_cookie(self) -> None:
        pass


class Server(Voila):
    """Voila with the page template of this folder."""

    #: called with the address when the server listens
    ready: Callable[[str], None] = print

    def setup_template_dirs(self) -> None:
        super().setup_template_dirs()
        self.template_paths.insert(0, str(HERE))

    def init_handlers(self) -> list:
        return [(path, Goodbye if handler is VoilaShutdownKernelHandler else handler, *more)
                for path, handler, *more in super().init_handlers()]  # fmt: skip

    def launch_browser(self) -> None:
        type(self).ready(f"{self.connection_url}?token={self.token}")


def serve(name: str, port: int = 8866, browser: bool = True, dark: bool = False) -> None:
    """Show the demo of that name until Ctrl-C; the kernels end with the pages, and all with the server.

    Parameters
    ----------
    name : an explorer or a script, as :func:`.order.running_order` knows them
    port : on this machine; the next free one if it is taken
    browser : open it there; otherwise the address is printed alone
    dark : light letters on a dark page
    """
    apply_limits()
    with tempfile.TemporaryDirectory(prefix="dla-demo-") as folder:  # readable for its owner alone
        page = Path(folder) / f"{name}.ipynb"
        nbformat.write(notebook(name), page)
        Server.ready = staticmethod(lambda address: _welcome(address, Path(folder), browser))
        Server.launch_instance(
            [str(page)],
            config_file_paths=[],
            config=_settings(dark),
            connection_dir_root=folder,
            ip="127.0.0.1",
            log_level=logging.CRITICAL,
            open_browser=True,  # that is, to call launch_browser
            port=port,
            root_dir=folder,
            tornado_settings={"ws_ping_timeout": 30_000},  # Voila's default is longer than Tornado admits, and said so
            token=secrets.token_hex(24),
        )


def notebook(name: str) -> nbformat.NotebookNode:
    """The one cell behind the page."""
    from .order import title

    code = f"from dla_widgets.stage.show import staged\n\nstaged({name!r})"
    made = new_notebook(cells=[new_code_cell(code, id="show")])
    made.metadata |= {"title": title(name), "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return made


def _settings(dark: bool) -> Config:
    return Config(
        VoilaConfiguration={
            "allow_template_override": "NO",
            "extension_allowlist": EXTENSIONS,
            "file_allowlist": [],
            "kernel_spec_manager_class": f"{__name__}.OwnKernel",
            "show_tracebacks": True,
            "theme": "dark" if dark else "light",
        },
        MappingKernelManager={"cull_idle_timeout": IDLE, "cull_interval": IDLE // 4},
    )


def _welcome(address: str, folder: Path, browser: bool) -> None:
    print(f"{address}\nStop it with Ctrl-C.", flush=True)
    if not browser:
        return
    file = folder / "open.html"  # so that the token is in no command line, where other users of the machine could read it
    with open(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as page:
        page.write(f'<!DOCTYPE html><meta charset="utf-8"><title>Demo</title><script>location.replace("{address}")</script>')
    threading.Thread(target=webbrowser.open, args=(file.as_uri(),), daemon=True).start()
