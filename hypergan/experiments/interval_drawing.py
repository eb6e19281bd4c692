"""A small drawing of an effect: its interval against the claim, as SVG in a line of text."""

import math
from html import escape

from hypergan.experiments.intervals import Interval
from hypergan.experiments.ledger import effect
from hypergan.experiments.verdicts import Finding

WIDTH, HEIGHT, MARGIN = 160, 24, 6


def draw(finding: Finding) -> str:
    """Shade where the effect should lie; draw the interval as a line and its mean as a dot.

    Several choices get a dot each. A single value has no interval, and its dot is hollow.
    """
    found = _shown(finding)
    if not found:
        return ""
    low, high = finding.claim.region
    borders = [end for end in (low, high) if math.isfinite(end)]
    ends = [x for i in found for x in (i.low, i.mean, i.high) if math.isfinite(x)] + borders
    if any(i.n == 1 for i in found):  # bounds would waste the space
        ends = [i.mean for i in found] + borders
    first, width = min(ends), max(ends) - min(ends) or 1.0

    def place(x: float) -> float:
        inside = min(max((x - first) / width, -1.0), 2.0)
        x = MARGIN + 6 + inside * (WIDTH - 2 * MARGIN - 12)
        return round(min(max(x, 0), WIDTH), 1)

    start, end = place(low), place(high)
    middle = HEIGHT / 2
    parts = [
        f'<rect x="{start}" y="2" width="{round(end - start, 1)}" height="{HEIGHT - 4}" '
        'fill="currentColor" opacity="0.13"/>',
        *(
            f'<path d="M{place(x)} 0V{HEIGHT}" stroke="currentColor" stroke-dasharray="3 2"/>'
            for x in borders
        ),
    ]
    for one in found:
        x = place(one.mean)
        if one.n == 1:
            parts.append(
                f'<circle cx="{x}" cy="{middle}" r="3.5" fill="none" stroke="currentColor" '
                'stroke-width="1.5"/>'
            )
            continue
        a, b = place(one.low), place(one.high)
        if len(found) == 1:
            parts.append(
                f'<path d="M{a} {middle}H{b}M{a} {middle - 4}v8M{b} {middle - 4}v8" fill="none" '
                'stroke="currentColor" stroke-width="2"/>'
            )
        parts.append(f'<circle cx="{x}" cy="{middle}" r="3.5" fill="currentColor"/>')
    return (
        f'<svg class="effect" role="img" aria-label="{escape(effect(finding))}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f"{''.join(parts)}</svg>"
    )


def _shown(finding: Finding) -> list[Interval]:
    if finding.effect is not None:
        return [finding.effect]
    return [c.effect.interval() for c in finding.comparisons if c.effect]
