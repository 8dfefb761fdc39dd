"""Pairs of answers that share what hardly anybody else wrote: a hint that somebody should look, never a verdict.

Everybody's NSE looks alike, so likeness alone says nothing. Answers are cut into short runs of tokens, without layout,
comments and the names that a learner chose; what was handed out is left out; and a run weighs the more, the fewer wrote it.
Runs of tokens as fingerprints: Schleimer, Wilkerson and Aiken (2003), Winnowing, SIGMOD, 76-85. The weight is that of a
term in a collection of documents: Sparck Jones (1972), J. Documentation 28, 11-21.
"""

from __future__ import annotations

import ast
import io
import keyword
import math
import tokenize
from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

#: With fewer answers to a question nobody can say what is rare.
FEWEST = 5
RUN = 6  # tokens
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
           tokenize.ENCODING}


@dataclass(frozen=True)
class Pair:
    """Two answers to one question.

    Attributes
    ----------
    likeness : weight of what they share over that of all that either wrote, 0 to 1
    shared : how many rare runs of tokens they share
    """

    first: str
    second: str
    question: str
    likeness: float
    shared: int


def pairs(answers: dict[str, dict[str, str]], released: dict[str, str], least: float = 0.5) -> list[Pair]:
    """The pairs that share at least the share `least` of what they wrote, the most alike first.

    Parameters
    ----------
    answers : question -> learner -> source
    released : question -> source as it was handed out
    """
    found = [pair for question, sources in answers.items()
             for pair in _pairs(question, sources, released.get(question, "")) if pair.likeness >= least]
    return sorted(found, key=lambda pair: (-pair.likeness, -pair.shared, pair.first, pair.second))


def _pairs(question: str, sources: dict[str, str], released: str) -> list[Pair]:
    handed_out = runs(released)
    written = {learner: own for learner, source in sources.items() if (own := runs(source) - handed_out)}
    if len(written) < FEWEST:
        return []
    wrote = defaultdict(list)
    for learner in sorted(written):
        for run in written[learner]:
            wrote[run].append(learner)
    weight = {run: math.log(len(written) / len(learners)) for run, learners in wrote.items()}
    most = max(2, len(written) // 10)  # what more than that wrote is common
    shared, count = Counter(), Counter()
    for run, learners in wrote.items():
        if 1 < len(learners) <= most:
            for couple in combinations(learners, 2):
                shared[couple] += weight[run]
                count[couple] += 1
    total = {learner: sum(weight[run] for run in own) for learner, own in written.items()}
    return [Pair(a, b, question, shared[a, b] / (total[a] + total[b] - shared[a, b]), count[a, b])
            for a, b in shared if count[a, b] >= RUN]


def runs(source: str) -> frozenset[tuple[str, ...]]:
    """The runs of :data:`RUN` tokens in `source`, whatever its layout, comments and chosen names."""
    words = _words(source)
    return frozenset(tuple(words[n:n + RUN]) for n in range(max(0, len(words) - RUN + 1)))


def _words(source: str) -> list[str]:
    try:
        source = ast.unparse(_Plain().visit(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass  # a cell that does not parse is compared as it is
    try:
        tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in _LAYOUT]
    except (tokenize.TokenError, SyntaxError):
        return source.split()
    return [token.string if token.type != tokenize.NAME or keyword.iskeyword(token.string) else _name(token.string)
            for token in tokens]


def _name(name: str) -> str:
    return "_" if name.startswith("_own_") else name


class _Plain(ast.NodeTransformer):
    """Without docstrings, and with one name for all that a cell binds itself: arguments, variables, loops."""

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.own = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        self.own |= {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(f"_own_{node.id}" if node.id in self.own else node.id, node.ctx), node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.copy_location(ast.arg(f"_own_{node.arg}"), node)


def side_by_side(first: str, second: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """The lines of both texts, each with whether the other has it too."""
    lines = first.splitlines(), second.splitlines()
    same = SequenceMatcher(None, *([line.strip() for line in text] for text in lines), autojunk=False).get_matching_blocks()
    at = [{getattr(block, side) + n for block in same for n in range(block.size)} for side in "ab"]
    return tuple([(line, n in known and bool(line.strip())) for n, line in enumerate(text)] for text, known in zip(lines, at))
