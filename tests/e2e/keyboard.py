"""Walks through a page by Tab alone."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Page

SPARE = 12  # presses beyond twice the number of controls there are by now
# Marks every control that Tab must reach, as the page stands, and hears where the focus goes.
WATCH = """
() => {
  const CONTROLS = 'a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]';
  const words = (one) => (one.getAttribute('aria-label') || one.textContent || one.name || '').trim().slice(0, 40);
  const describe = (one) => `${one.tagName.toLowerCase()} «${words(one)}»`;
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;
  const reachable = (one) => !one.disabled && one.tabIndex >= 0 && shown(one) && !one.closest('[inert]');
  const where = document.querySelector('dialog:modal') ?? document;
  const controls = () => [...where.querySelectorAll(CONTROLS)].filter(reachable);
  const watch = { wanted: controls(), controls, describe, seen: [], unseen: [] };
  window.walked = watch;
  document.activeElement?.blur();
  addEventListener('focusin', ({ target }) => {
    watch.seen.push(target);
    const style = getComputedStyle(target);
    const ringed = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    const marked = ringed || style.boxShadow !== 'none';
    if (!target.matches(':focus-visible') || !marked) watch.unseen.push(describe(target));
  }, true);
}
"""
# A live page grows while it is walked: how far the way may still be is asked at every step.
STEP = """
() => {
  const { seen, controls } = window.walked;
  return { round: seen.length > 1 && seen.indexOf(seen.at(-1)) === 0, controls: controls().length };
}
"""
RESULT = """
() => {
  const { wanted, seen, unseen, describe } = window.walked;
  const group = (one) => seen.some((other) => one.type === 'radio' && other.name === one.name);
  return {
    missed: wanted.filter((one) => one.isConnected && !seen.includes(one) && !group(one)).map(describe),
    unseen,
    order: seen.map(describe),
  };
}
"""


@dataclass(frozen=True)
class Walked:
    """`missed`: never focused. `unseen`: focused without a mark. `came_round`: the walk has an end."""

    order: list[str]
    missed: list[str]
    unseen: list[str]
    came_round: bool


async def walk(page: Page) -> Walked:
    """Press Tab until the focus is where it began."""
    await page.evaluate(WATCH)
    pressed, came_round, most = 0, False, SPARE
    while not came_round and pressed < most:
        await page.keyboard.press("Tab")
        pressed += 1
        step = await page.evaluate(STEP)
        came_round, most = step["round"], 2 * step["controls"] + SPARE
    return Walked(**await page.evaluate(RESULT), came_round=came_round)
