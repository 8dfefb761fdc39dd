"""A PostgreSQL on a socket in a temporary folder, started as a user without privileges, and stopped again."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


class Cluster:
    """A PostgreSQL of the test's own, reached by a socket in its folder only."""

    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found:
            pytest.skip("no PostgreSQL server: /usr/lib/postgresql/*/bin does not exist (apt install postgresql)")
        self.bin, self.home = found[-1], Path(tempfile.mkdtemp(prefix="dla-pg-"))
        self.drop = {}
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            user = pwd.getpwnam("postgres" if "postgres" in {u.pw_name for u in pwd.getpwall()} else "nobody")
            os.chown(self.home, user.pw_uid, user.pw_gid)
            self.drop = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def run(self, program: str, *arguments: str) -> None:
        with open(self.home / "out", "a") as out:
            done = subprocess.run([f"{self.bin}/{program}", *arguments], cwd=self.home, stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=out, timeout=60, check=False, **self.drop)  # fmt: skip
        assert done.returncode == 0, (self.home / "out").read_text()

    def __enter__(self) -> Cluster:
        data, socket = str(self.home / "data"), str(self.home)
        self.run("initdb", "-D", data, "-U", "dla", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {socket} -c listen_addresses='' -c fsync=off -c max_connections=20 -c shared_buffers=16MB"
        self.run("pg_ctl", "-D", data, "-w", "-l", str(self.home / "log"), "-o", options, "start")
        self.run("createdb", "-h", socket, "-U", "dla", "dla")
        # SQLAlchemy 2.1 takes psycopg 3 for a plain postgresql://
        self.url = f"postgresql+psycopg2://dla@/dla?host={socket}"
        return self

    def __exit__(self, *_):
        if (self.home / "data" / "postmaster.pid").exists():
            self.run("pg_ctl", "-D", str(self.home / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.home, ignore_errors=True)
