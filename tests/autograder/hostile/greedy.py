"""Submissions that take more than their share: of memory, processes, disk, output, or of the answer's size."""

from .case import instead, trick

ENDS = {"crashed", "failed", "time-out", "memory"}
ANY = ENDS | {"wrong", "not attempted"}

CASES = {
    "memory-bomb": instead("fills 8 GB of memory", """\
        hoard = []
        while len(hoard) < 80:
            hoard.append(bytearray(b"x") * 100_000_000)
        """, {"memory", "crashed", "failed"}, walls_only=True),
    "memory-bomb-when-called": instead("fills 8 GB of memory when it is called", """\
        def nse(observed, simulated):
            hoard = [np.full(12_500_000, 1.0) for _ in range(80)]
            return 0.0
        """, {"memory", "crashed", "failed", "time-out"}, walls_only=True),
    "memory-asked-for-at-once": instead("asks for a terabyte in one piece", """\
        def nse(observed, simulated):
            return np.ones(10**12 // 8)
        """, {"failed", "memory", "crashed"}),
    "process-bomb": instead("starts processes that start processes", """\
        for _ in range(10):  # at most 1024 of them, and none for longer than UNTIL
            attempt(os.fork)
        time.sleep(max(UNTIL - time.time(), 0))
        """, ENDS, walls_only=True),
    "thread-bomb": trick("starts ten thousand threads", """\
        for _ in range(10_000):
            threading.Thread(target=time.sleep, args=(max(UNTIL - time.time(), 0),), daemon=True).start()
        """, ANY, walls_only=True),
    "disk-filler": trick("writes 8 GB where it stands, and into /tmp", """\
        for folder in (".", "/tmp", "/dev/shm"):
            try:
                with open(f"{folder}/filler.bin", "wb") as file:
                    for _ in range(80):
                        file.write(b"x" * 100_000_000)
            except OSError as problem:
                print(problem)
        """, ANY, walls_only=True),
    "open-files": trick("opens files until there are no more", """\
        held = []
        try:
            while len(held) < 100_000:
                held.append(open("/dev/null"))
        except OSError as problem:
            print(problem)
        """, ANY),
    "text-flood": trick("prints a gigabyte", """\
        for _ in range(1000):
            print("x" * 1_000_000)
        """, ANY, walls_only=True),
    "text-flood-when-called": instead("prints 200 MB whenever it is called", """\
        def nse(observed, simulated):
            for _ in range(200):
                print("x" * 1_000_000)
            return 0.0
        """, ENDS | {"wrong"}),
    "flood-of-lines": trick("prints a million short lines, on both streams", """\
        for n in range(500_000):
            print(n)
            print(n, file=sys.stderr)
        """, ANY),
    "flood-below-python": trick("writes 100 MB to the descriptors 1 and 2, past Python", """\
        for _ in range(100):
            os.write(1, b"x" * 500_000)
            os.write(2, b"y" * 500_000)
        """, ANY),
    "one-large-display": trick("shows one page of 100 MB", """\
        from IPython.display import HTML, display
        display(HTML("<p>" + "x" * 100_000_000 + "</p>"))
        """, ANY),
    "many-displays": trick("shows twenty thousand small things", """\
        from IPython.display import HTML, display
        for n in range(20_000):
            display(HTML(f"<p>{n}</p>"))
        """, ANY),
    "large-traceback": instead("fails with a message of 50 MB", """\
        def nse(observed, simulated):
            raise ValueError("x" * 50_000_000)
        """, {"failed", "crashed"}),
    "large-result": instead("gives back 800 MB", """\
        def nse(observed, simulated):
            return np.zeros(10**8)
        """, {"wrong", "failed", "crashed", "memory"}),
    "deep-result": instead("gives back a list in a list in a list, a hundred thousand times", """\
        def nse(observed, simulated):
            deep = []
            for _ in range(100_000):
                deep = [deep]
            return deep
        """, {"wrong", "failed", "crashed"}),
    "round-result": instead("gives back a list that holds itself", """\
        def nse(observed, simulated):
            loop = [1.0]
            loop.append(loop)
            return loop
        """, {"wrong", "failed", "crashed"}),
    "endless-result": instead("gives back a generator without an end", """\
        def nse(observed, simulated):
            import itertools
            return itertools.count()
        """, {"wrong", "failed", "time-out"}),
}
