"""Submissions that reach for what is not theirs: secrets, other people's files, the network, other processes."""

from .case import RIGHT, honest, instead, trick

CASES = {
    "reads-the-salt": trick("prints the grading salt", """\
        attempt(lambda: (COURSE / "grading_salt.txt").read_text())
        attempt(lambda: subprocess.run(["cat", str(COURSE / "grading_salt.txt")], capture_output=True).stdout)
        """),
    "reads-the-gradebook": trick("prints the gradebook", """\
        attempt(lambda: (COURSE / "gradebook.db").read_bytes()[:50_000])
        attempt(lambda: sqlite3.connect(COURSE / "gradebook.db").execute("select * from source_cell").fetchall())
        """),
    "runs-the-solution": instead("takes the author's answer out of the source folder", """\
        import json
        try:
            source = json.loads((COURSE / "source" / "streamflow" / "01_scores.ipynb").read_text())
            exec(next(cell["source"] for cell in source["cells"] if "def nse" in cell["source"]))
        except OSError as problem:
            print(problem)
        """, {"failed", "not attempted", "crashed"}),
    "runs-a-neighbours-answer": instead("takes the answer of another learner", """\
        import json
        for path in sorted((COURSE / "submitted").glob("*/streamflow/01_scores.ipynb")) + sorted(Path("../..").rglob("*.ipynb")):
            try:
                cells = json.loads(path.read_text())["cells"]
                exec(next(cell["source"] for cell in cells if "both = np.isfinite" in cell["source"]))
            except Exception as problem:
                print(problem)
        """, {"failed", "not attempted", "crashed", "time-out"}),  # all of the system's folders may take longer than it has
    "reads-other-processes": trick("prints environment, arguments and open files of every process that it sees", """\
        for entry in Path("/proc").glob("[0-9]*"):
            for name in ("environ", "cmdline"):
                attempt(lambda: (entry / name).read_bytes())
            attempt(lambda: [os.readlink(link) for link in (entry / "fd").iterdir()])
        """),
    "reads-its-parents-memory": trick("looks for the salt in the memory of the process that started it", """\
        def look():
            found = []
            for line in Path(f"/proc/{os.getppid()}/maps").read_text().splitlines():
                start, end = (int(n, 16) for n in line.split()[0].split("-"))
                if "[heap]" in line:
                    with open(f"/proc/{os.getppid()}/mem", "rb") as memory:
                        memory.seek(start)
                        found.append(memory.read(min(end - start, 10**7)).count(b"salt"))
            return found

        attempt(look)
        """),
    "reads-its-environment": trick("prints its own environment", "print(dict(os.environ))\n"),
    "reads-whole-disk": trick("prints every small text file that it can find", """\
        for top in (COURSE, "/home", "/root", "/tmp", "/run", "/var/tmp"):
            for folder, _, files in os.walk(top):
                for file in files[:20]:
                    if file.endswith((".txt", ".ipynb", ".py", ".db")) and time.time() < UNTIL:
                        attempt(lambda: Path(folder, file).read_text()[:2000])
        """, {"wrong", "time-out", "failed", "not attempted"}),
    "writes-outside": trick("writes a file where it has no business", """\
        attempt(LOOT.write_text, "I was here")
        attempt(lambda: subprocess.run(["touch", str(LOOT)], check=True))
        """),
    "writes-the-gradebook": trick("gives itself the points in the gradebook", """\
        def cheat():
            with sqlite3.connect(COURSE / "gradebook.db", timeout=1) as gradebook:
                gradebook.execute("update grade set manual_score = 2, auto_score = 2, needs_manual_grade = 0")
                gradebook.execute("create trigger later after update on grade begin "
                                  "update grade set manual_score = 2 where id = new.id; end")

        attempt(cheat)
        """),
    "deletes-the-course": trick("deletes what other learners handed in, the release and the gradebook", """\
        import shutil
        for name in ("submitted", "autograded", "release", "source", "feedback"):
            shutil.rmtree(COURSE / name, ignore_errors=True)
        attempt(os.remove, COURSE / "gradebook.db")
        """, walls_only=True),
    "changes-what-was-handed-in": trick("writes into the notebooks of others, handed in and graded", """\
        for path in sorted(COURSE.glob("*ed/*/streamflow/*.ipynb")):
            attempt(path.chmod, 0o666)
            attempt(path.write_text, "{}")
        """, walls_only=True),
    "locks-the-gradebook": trick("holds a lock on the gradebook for as long as it lives, and longer", """\
        holder = "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1]); c.execute('begin exclusive'); time.sleep(120)"
        attempt(lambda: subprocess.Popen([sys.executable, "-c", holder, str(COURSE / "gradebook.db")], start_new_session=True))
        time.sleep(1)
        """),
    "changes-the-kit": trick("writes into the installed packages", """\
        import dla_widgets
        for package in (np, dla_widgets):
            attempt(Path(package.__file__).with_name(LOOT.name).write_text, "I was here")
        """),
    "settles-in-the-home": trick("leaves start-up files for whoever comes next", """\
        for home in {Path.home(), Path(os.environ.get("IPYTHONDIR", "~")).expanduser()}:
            for name in (".ipython/profile_default/startup/00.py", "profile_default/startup/00.py", ".bashrc",
                         ".config/matplotlib/matplotlibrc", ".local/lib/python3.11/site-packages/usercustomize.py"):
                attempt((home / name).parent.mkdir, 0o777, True, True)
                attempt((home / name).write_text, "raise SystemExit('I was here')")
        """),
    "shares-1-leaves-answer": honest("leaves its right answer where another submission could find it", last=f"""\
        for folder in ("/tmp", "/dev/shm", "/var/tmp", "..", Path.home()):
            attempt(Path(folder, "dla-shared-answer.py").write_text, {RIGHT!r})
        """),
    "shares-2-picks-it-up": instead("takes the answer that another submission left", """\
        for folder in ("/tmp", "/dev/shm", "/var/tmp", "..", Path.home()):
            if (found := Path(folder, "dla-shared-answer.py")).exists():
                exec(found.read_text())
        """, {"failed", "not attempted", "crashed"}),
    "spoils-1-patches": trick("breaks numpy for whoever is graded after it in the same process", """\
        import builtins
        np.isfinite = np.ndarray.sum = builtins.sum = None
        """, {"wrong", "failed"}, points={"percent_bias": 0.0}),
    "spoils-2-is-well": honest("is graded right after one that broke numpy"),
    "calls-out": trick("connects to a service of the advisor's machine, and sends its answers there", """\
        for host in ("127.0.0.1", "localhost", "::1", socket.gethostname()):
            attempt(lambda: socket.create_connection((host, PORT), timeout=2).sendall(b"hello from inside"))

        def abstract():
            with socket.socket(socket.AF_UNIX) as inside:
                inside.settimeout(2)
                inside.connect(chr(0) + f"dla-hostile-{PORT}")

        attempt(abstract)
        """),
    "calls-out-when-called": instead("asks a service of the advisor's machine for the answer", """\
        import urllib.request

        def nse(observed, simulated):
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/nse", timeout=2) as answer:
                return float(answer.read())
        """, {"failed"}),
    "serves": trick("opens a port for the world and waits there", """\
        def serve():
            with socket.create_server(("0.0.0.0", 0)) as server:
                server.settimeout(max(UNTIL - time.time(), 1))
                server.accept()

        threading.Thread(target=serve, daemon=True).start()
        """),
    "mounts": trick("mounts, changes root, makes devices", """\
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        for target in (COURSE, "/proc", "/etc", "."):
            attempt(lambda: (libc.mount(b"none", str(target).encode(), b"tmpfs", 0, None), ctypes.get_errno()))
        attempt(os.chroot, "/proc/1/root")
        attempt(os.mknod, str(LOOT), 0o60666, os.makedev(254, 0))
        attempt(lambda: Path("/proc/1/root", *LOOT.parts[1:]).write_text("out"))
        attempt(lambda: Path("/proc/1/cwd/gradebook.db").read_bytes()[:100])
        """, walls_only=True),
    "becomes-root": trick("asks for every right there is", """\
        for act in ((os.setuid, 0), (os.setgid, 0), (os.setgroups, [0]), (os.nice, -20)):
            attempt(*act)
        attempt(lambda: subprocess.run(["sudo", "-n", "touch", str(LOOT)], capture_output=True, check=True))
        """),
    "lifts-its-limits": trick("raises its own limits, then takes what it wants", """\
        import resource
        for limit in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
            attempt(resource.setrlimit, limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        try:
            hoard = []
            while len(hoard) < 80:
                hoard.append(bytearray(b"x") * 100_000_000)
        except MemoryError:
            print("no more memory")
        finally:
            del hoard
        """, {"wrong", "memory", "crashed"}, walls_only=True),
    "traces-its-parent": trick("attaches a debugger to the process that started it", """\
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        attempt(lambda: (libc.ptrace(16, os.getppid(), None, None), ctypes.get_errno()))
        attempt(lambda: libc.ptrace(17, os.getppid(), None, None))
        """, {"wrong"}),
    "talks-on-every-descriptor": trick("writes nonsense to every open descriptor, and reads from them", """\
        import fcntl
        for descriptor in range(3, 64):
            try:
                fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK)
                os.write(descriptor, b'{"status": "right", "score": 1.0, "result": 1}' * 10)
                print(os.read(descriptor, 1000))
            except OSError:
                pass
        """, {"wrong", "crashed", "failed", "time-out", "not attempted"}),
    "closes-every-descriptor": trick("closes every open descriptor", "os.closerange(3, 1000)\n",
                                     {"wrong", "crashed", "failed", "time-out", "not attempted"}),
    "names-of-a-megabyte": trick("uses file names of a megabyte, and others that no system likes", """\
        for name in ("x" * 10**6, "../" * 5000 + "x", "a\\nb", "\\x1b[2J", "<img src=x onerror=alert(1)>", "con", " ", "-rf"):
            attempt(Path(name).write_text, "x")
        """),
}
