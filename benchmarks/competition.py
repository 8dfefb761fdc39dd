"""The competition's three questions: can the board be climbed by chance, how fast is a file scored, what does a full room cost?

    python benchmarks/competition.py probing [--seeds 8]       # noise-only entries against three boards, ten minutes
    python benchmarks/competition.py scoring                   # 1e8 pixels and 671 basins through the service's own scoring
    python benchmarks/competition.py load [--seconds 30]       # 500 who look and 50 who hand in, against the real service
"""

from __future__ import annotations

import argparse


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    probing = parts.add_parser("probing")
    probing.add_argument("--seeds", type=int, default=8, help="competitions of each project, each another country")
    probing.add_argument("--attackers", type=int, default=6, help="of each kind on each Ladder")
    probing.add_argument("--entries", type=int, default=300)
    probing.add_argument("--project", choices=("landcover", "streamflow"), help="only this one")
    scoring = parts.add_parser("scoring")
    scoring.add_argument("--scenes", type=int, default=96, help="of 1024 by 1024 pixels")
    scoring.add_argument("--basins", type=int, default=671)
    scoring.add_argument("--peer-pixels", type=int, default=20_000_000, help="as many as scikit-learn has memory for here")
    load = parts.add_parser("load")
    load.add_argument("--seconds", type=float, default=30)
    load.add_argument("--looking", type=int, default=500, help="learners whose page asks for news every five seconds")
    load.add_argument("--teams", type=int, default=50, help="teams that hand in at once")
    given = parser.parse_args()
    if given.part == "probing":
        from competition_probing import report
    elif given.part == "scoring":
        from competition_scoring import report
    else:
        from competition_load import report
    report(given)


if __name__ == "__main__":
    main()
