"""Submissions that do not end, or end the wrong way: what they cost is their own question and nothing else."""

from .case import honest, instead, trick

TIME = {"time-out"}
CRASH = {"crashed"}
ENDS = {"crashed", "failed", "time-out", "memory"}

CASES = {
    "loop-when-called": instead("loops without an end when it is called", """\
        def nse(observed, simulated):
            while time.time() < UNTIL:
                pass
        """, TIME),
    "loop-in-the-cell": instead("loops without an end while the cell runs", "while time.time() < UNTIL:\n    pass\n", TIME),
    "loop-deaf-to-interrupts": instead("ignores SIGINT, SIGALRM and SIGTERM, then loops", """\
        for deaf in (signal.SIGINT, signal.SIGALRM, signal.SIGTERM):
            signal.signal(deaf, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGALRM, signal.SIGTERM, signal.SIGUSR1})
        while time.time() < UNTIL:
            pass
        """, TIME),
    "loop-that-catches-everything": instead("catches whatever is raised into its loop", """\
        def nse(observed, simulated):
            while time.time() < UNTIL:
                try:
                    while time.time() < UNTIL:
                        pass
                except BaseException:
                    pass
        """, TIME | {"crashed"}),
    "sleeps-in-c": instead("waits in C for a lock that nobody gives back", """\
        def nse(observed, simulated):
            lock = threading.Lock()
            lock.acquire()
            lock.acquire(timeout=max(UNTIL - time.time(), 0))
        """, TIME),
    "counts-in-c": instead("computes in C for minutes, where Python looks at no signal", """\
        def nse(observed, simulated):
            while time.time() < UNTIL:
                sum(range(10**10))
        """, TIME | {"crashed"}),
    "stops-itself": instead("stops its own process, as Ctrl-Z does", """\
        os.kill(os.getpid(), signal.SIGSTOP)
        """, TIME | CRASH),
    "waits-for-input": instead("asks a question that nobody answers", """\
        def nse(observed, simulated):
            return float(input("Your NSE? "))
        """, {"failed", "time-out", "wrong"}),
    "waits-in-a-debugger": instead("stops in the debugger", """\
        def nse(observed, simulated):
            breakpoint()
            return 0.0
        """, {"failed", "time-out", "wrong"}),
    "waits-in-a-shell": trick("waits for a program of the system", "!sleep 900\n", {"wrong", "time-out", "failed"}),
    "os-exit-in-the-cell": instead("ends the process in the middle of a cell", "os._exit(0)\n", CRASH),
    "os-exit-when-called": instead("ends the process when it is called", """\
        def nse(observed, simulated):
            os._exit(0)
        """, CRASH),
    "sys-exit-when-called": instead("raises SystemExit when it is called", """\
        def nse(observed, simulated):
            sys.exit("enough")
        """, {"failed", "crashed"}),
    "sys-exit-in-the-cell": trick("raises SystemExit in a cell", "sys.exit()\n", ENDS | {"not attempted", "wrong"}),
    "quits": trick("types quit, as one does in a terminal", "quit()\n", ENDS | {"not attempted", "wrong"}),
    "kills-itself": instead("kills its own process", "os.kill(os.getpid(), signal.SIGKILL)\n", CRASH),
    "kills-its-parent": trick("kills the process that started it", """\
        if os.getppid() > 1:
            attempt(os.kill, os.getppid(), signal.SIGKILL)
        """, {"wrong", "crashed"}),
    "kills-its-group": trick("kills the group of processes that it is in", """\
        if os.getpgrp() > 1:
            attempt(os.killpg, os.getpgrp(), signal.SIGKILL)
        """, {"wrong", "crashed"}, walls_only=True),
    "segfault": instead("reads where there is no memory", "import ctypes\nctypes.string_at(0)\n", CRASH),
    "segfault-when-called": instead("reads where there is no memory when it is called", """\
        def nse(observed, simulated):
            import ctypes
            return ctypes.string_at(0)
        """, CRASH),
    "stack-overflow": instead("calls itself until the stack of the process is full", """\
        sys.setrecursionlimit(10**9)

        def nse(observed, simulated):
            return nse(observed, simulated)
        """, ENDS),
    "recursion": instead("calls itself without an end", """\
        def nse(observed, simulated):
            return nse(observed, simulated)
        """, {"failed"}),
    "thread-that-stays": trick("leaves a thread behind that prints and computes on", """\
        def go_on():
            while time.time() < UNTIL:
                print("still here")
                time.sleep(0.05)

        threading.Thread(target=go_on).start()
        """, {"wrong"}),
    "daemon": trick("leaves a process behind that has left its parents and their session", """\
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for descriptor in range(3):
                    os.close(descriptor)
                while time.time() < UNTIL:
                    attempt(LOOT.write_text, "the daemon lives")
                    time.sleep(1)
            os._exit(0)
        """, {"wrong"}),
    "background-program": trick("leaves a program of the system behind", """\
        attempt(lambda: subprocess.Popen(["sleep", "900"], start_new_session=True))
        """, {"wrong"}),
    "hangs-at-the-end": trick("hangs when its process is to end", """\
        import atexit
        atexit.register(time.sleep, max(UNTIL - time.time(), 0))

        class Hangs:
            def __del__(self):
                time.sleep(max(UNTIL - time.time(), 0))

        kept = Hangs()
        """, {"wrong"}),
    "loop-in-the-last-cell": honest("is right, and loops in a cell of its own at the end",
                                    last="while time.time() < UNTIL:\n    pass\n"),
    "exit-in-the-first-cell": honest("is right, but for a first cell that ends the process", first="os._exit(1)\n"),
    "loop-in-every-call": instead("waits in each call almost as long as it may", """\
        def nse(observed, simulated):
            time.sleep(4)
            return 0.0
        """, {"wrong", "time-out"}),
}
