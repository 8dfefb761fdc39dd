"""What a test reads off an explorer's page, and what Python says the page should show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from dla_widgets.demos import EXPLORERS, explorer_class

READ = """root => [root.dataset.state,
  ...['.dla-words', '.dla-problem'].map(part => root.querySelector(part).textContent),
  [...root.querySelectorAll('[data-number]')].map(e => [e.dataset.number, e.textContent])]"""
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True)
class Seen:
    """What an explorer shows at the moment."""

    state: str
    words: str
    problem: str
    numbers: tuple[tuple[str, str], ...]


def look(root) -> Seen:
    """Read the explorer in the element `root`, after what was asked of it has been drawn."""
    root.page.evaluate(TWO_FRAMES)
    state, words, problem, numbers = root.evaluate(READ)
    return Seen(state, words, problem, tuple(map(tuple, numbers)))


@cache
def twin(name: str):
    """An explorer of this process that can be brought into the state of the one on the page."""
    explorer = explorer_class(name)()
    assert not explorer.problem
    return explorer


def disagreements(name: str, seen: Seen) -> list[str]:
    """Where the page differs from the package's own functions at the same state; empty if it is right."""
    explorer = twin(name).show(seen.state)
    numbers = explorer.numbers()
    wrong = [f"{key}: page {text!r}, Python {explorer.written(key, numbers)!r}" for key, text in seen.numbers
             if text != explorer.written(key, numbers)]  # fmt: skip
    if seen.words != explorer.describe():
        wrong.append(f"words: page {seen.words!r}, Python {explorer.describe()!r}")
    return wrong + ([f"problem: {seen.problem}"] if seen.problem else [])


def controls(root) -> list[str]:
    """CSS selectors of the explorer's controls, in the order of the page; hidden ones left out."""
    found = root.evaluate("""root => [...root.querySelectorAll('[data-control]')].filter(e => e.offsetParent && !e.disabled)
        .map(e => [e.dataset.control, e.type])""")
    return list(dict.fromkeys(f"[data-control={name}]" + ("" if kind != "radio" else ":checked") for name, kind in found))


def nudge(root, selector: str) -> None:
    """Move a control by one step with the keyboard, as someone without a mouse does."""
    control = root.locator(selector).first
    control.focus()
    kind = control.evaluate("e => e.type")
    if kind == "checkbox":
        control.press("Space")
        return
    at_end = control.evaluate("""e => e.type === 'range' ? Number(e.value) >= Number(e.max)
        : e.type === 'radio' ? false : e.selectedIndex === e.options.length - 1""")
    forward, back = ("ArrowDown", "ArrowUp") if kind == "select-one" else ("ArrowRight", "ArrowLeft")
    control.press(back if at_end else forward)


def pull(page, root) -> str:
    """Move the first slider (or take the other of the first choice) with the pointer; returns which."""
    slider = root.locator("input[type=range]:visible").first
    if slider.count():
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        now, low, high = (float(slider.evaluate(f"e => e.{what}")) for what in ("value", "min", "max"))
        goal = 0.25 if (now - low) / (high - low) > 0.5 else 0.75
        share = min(max((now - low) / (high - low), 0.01), 0.99)  # the edge itself is no longer the slider
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * goal, box["y"] + box["height"] / 2, steps=4)
        page.mouse.up()
        return slider.get_attribute("data-control")
    other = root.locator("input[type=radio]:not(:checked):visible").first
    other.locator("xpath=..").click()
    return other.get_attribute("data-control")


__all__ = ["EXPLORERS", "Seen", "controls", "disagreements", "look", "nudge", "pull", "twin"]
