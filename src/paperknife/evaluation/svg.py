"""A few words of SVG: elements, axes and pictures that a screen reader can announce.

Colours are class names that the page's style sheet fills in, so one picture serves light and dark. Everything
that comes from data goes through `text` or an attribute, and both escape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def element(name: str, *content: str, **attributes: float | str) -> str:
    """Return an SVG element; `class_` and `text_anchor` become class and text-anchor, numbers are rounded.

    Examples
    --------
    >>> element("rect", class_="human", x=1, width=2.5)
    '<rect class="human" x="1" width="2.5"/>'
    """
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{pairs}>{''.join(content)}</{name}>" if content else f"<{name}{pairs}/>"


def _value(value: float | str) -> str:
    return escape(value) if isinstance(value, str) else f"{round(value, 2):g}"


def text(x: float, y: float, words: str, **attributes: float | str) -> str:
    """Return words at a place, escaped; ordinary text, so that it can be found, copied and read aloud."""
    return element("text", escape(words), x=x, y=y, **attributes)


def polyline(points: Sequence[tuple[float, float]], **attributes: float | str) -> str:
    """Return a line through points."""
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), **attributes)


def picture(key: str, title: str, description: str, width: float, height: float, *content: str) -> str:
    """Return a whole picture with a title and a description; `key` keeps ids apart on one page."""
    return (
        f'<svg role="img" viewBox="0 0 {width:g} {height:g}" aria-labelledby="{key}-title {key}-description">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-description">{escape(description)}</desc>{"".join(content)}</svg>'
    )


@dataclass(frozen=True, slots=True)
class Scale:
    """From data to places in a picture, straight or logarithmic.

    Attributes
    ----------
    low, high : float
        Ends of the data; what lies beyond is drawn at the end.
    start, stop : float
        Their places.
    is_log : bool
    """

    low: float
    high: float
    start: float
    stop: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value.

        Examples
        --------
        >>> Scale(1, 100, 0, 10, is_log=True)(10)
        5.0
        """
        inside = min(max(value, self.low), self.high)
        if self.is_log:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)


def round_steps(high: float, wanted: int = 5) -> list[float]:
    """Return round tick values from 0 to at most `high`, about `wanted` of them.

    Examples
    --------
    >>> round_steps(0.83)
    [0.0, 0.2, 0.4, 0.6, 0.8]
    """
    if not high > 0:
        return [0.0]
    rough = high / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((m * power for m in (1, 2, 5, 10)), key=lambda s: abs(s - rough))
    return [round(k * step, 10) for k in range(math.floor(high / step + 1e-9) + 1)]
