"""Tables as pages show them: a caption, right-aligned numbers, each interval small below its mean.

A table is a data frame whose cells are intervals, numbers or words. Number formats, the caption's
last sentence and the best of a column follow from the intervals.
"""

import base64
import html
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

import pandas as pd

from hypergan.experiments.intervals import Interval, with_minus
from hypergan.figures import numbers
from hypergan.figures.style import OURS, PAPER, SEE_COMMANDS

Better = Literal["high", "low"]


@dataclass(frozen=True)
class Table:
    """A data frame that a page can show.

    Attributes:
        frame: The cells. Levels of the index and of the columns become heads of their own.
        caption: What it shows, in plain text; HTML is escaped.
        better: Which end of a column is better, by column; its best interval is then bold if no
            other mean lies inside it.
        name: The name of the CSV file that the table offers.
        decimals: The fewest decimals of means, as many as what they are compared with has.
    """

    frame: pd.DataFrame
    caption: str
    better: Mapping[Any, Better] = field(default_factory=dict)
    name: str = "table"
    decimals: int = 0

    def _repr_html_(self) -> str:
        caption = html.escape(f"{self.caption} {self._seeds}".strip())
        if not len(self.frame):
            return f'<p class="note">{caption} {SEE_COMMANDS.capitalize()}.</p>'
        return (
            f'<div class="results" role="region" tabindex="0" aria-label="{caption}"><table>\n'
            f"<caption><span>{caption} {as_csv(self.numbers, self.name)}</span></caption>\n"
            f"<thead>{self._head}</thead>\n<tbody>\n{self._body}\n</tbody></table></div>"
        )

    @property
    def numbers(self) -> pd.DataFrame:
        """The table for programs: mean, ends of the interval and seeds in columns of their own."""
        parts = [self.frame.iloc[:, :0]]
        for i, column in enumerate(self.frame.columns):
            name = " ".join(map(str, _levels(column)))
            cells = [
                {name: c.mean, f"{name} low": c.low, f"{name} high": c.high, f"{name} n": c.n}
                if isinstance(c, Interval)
                else {name: c}
                for c in self.frame.iloc[:, i]
            ]
            parts.append(pd.DataFrame(cells, index=self.frame.index))
        return pd.concat(parts, axis=1)

    @property
    def _n(self) -> int | None:
        """The number of seeds that most intervals have."""
        counts = Counter(c.n for c in self.frame.to_numpy().flat if isinstance(c, Interval))
        return counts.most_common(1)[0][0] if counts else None

    @property
    def _seeds(self) -> str:
        if self._n is None:
            return ""
        several = [c for c in self.frame.to_numpy().flat if isinstance(c, Interval) and c.n > 1]
        over = {
            frozenset([True]): "seeds and test images",
            frozenset([False]): "seeds",
        }.get(
            frozenset(c.images for c in several),
            "seeds and, where each image's share in the number is known, test images",
        )
        seeds = "One seed" if self._n == 1 else f"Means of {self._n} seeds"
        otherwise = f"{seeds}, unless a cell says otherwise"
        return f"{otherwise}; below, 95 % intervals over {over}." if several else f"{otherwise}."

    @property
    def _head(self) -> str:
        columns = [_levels(name) for name in self.frame.columns]
        names = [str(name or "") for name in self.frame.index.names]
        depth = max(map(len, columns), default=1)
        rows = []
        for level in range(depth):
            corner = ""
            if level == 0:
                corner = "".join(
                    f'<th scope="col" rowspan="{depth}">{html.escape(name)}</th>'
                    if name
                    else f'<td rowspan="{depth}"></td>'
                    for name in names
                )
            last = level == depth - 1
            keys = [(column[: level + 1], last and i) for i, column in enumerate(columns)]
            heads = ""
            for (key, i), run in groupby(keys):
                width, scope = len([*run]), "col" if last else "colgroup"
                kind = self._classes(int(i)) if last else ""
                words = html.escape(str(key[-1])).replace("_", "_<wbr>")
                heads += f'<th scope="{scope}" colspan="{width}"{kind}>{words}</th>'
            rows.append(f"<tr>{corner}{heads}</tr>")
        return "\n".join(rows)

    @property
    def _body(self) -> str:
        keys = [_levels(name) for name in self.frame.index]
        columns = [self._column(i) for i in range(self.frame.shape[1])]
        rows = []
        for i, key in enumerate(keys):
            heads = ""
            for level, name in enumerate(key):
                above = i > 0 and keys[i - 1][: level + 1] == key[: level + 1]
                last = level == len(key) - 1
                if above and not last:
                    continue
                height = 1
                while (
                    not last
                    and i + height < len(keys)
                    and (keys[i + height][: level + 1] == key[: level + 1])
                ):
                    height += 1
                span = f' rowspan="{height}"' if height > 1 else ""
                scope = "row" if last else "rowgroup"
                words = html.escape(str(name))  # what says nothing is no head
                heads += f'<th scope="{scope}"{span}>{words}</th>' if words else f"<td{span}></td>"
            cells = "".join(column[i] for column in columns)
            begins = i > 0 and len(key) > 1 and keys[i - 1][0] != key[0]
            row = '<tr class="group">' if begins else "<tr>"
            rows.append(f"{row}{heads}{cells}</tr>")
        return "\n".join(rows)

    def _classes(self, i: int) -> str:
        """What a column is: words, and ours or the paper's in a table that has both."""
        whose = [_whose(name) for name in self.frame.columns]
        names = ["words"] * _is_text(self.frame.iloc[:, i])
        names += [whose[i]] * (bool(whose[i]) and {OURS, PAPER} <= {*whose})
        return f' class="{" ".join(names)}"' if names else ""

    def _column(self, i: int) -> list[str]:
        column, kind = self.frame.iloc[:, i], self._classes(i)
        intervals = [cell for cell in column if isinstance(cell, Interval)]
        decimals, best = numbers.decimals(intervals), self._best(column)
        cells = []
        for cell in column:
            if isinstance(cell, Interval):
                mean = numbers.text(cell.mean, max(self.decimals, decimals))
                mean = f"<b>{mean}</b>" if cell is best else mean
                cells.append(f"<td{kind}>{mean}{self._small(cell, decimals)}</td>")
            elif isinstance(cell, float):
                cells.append(f"<td{kind}>{numbers.text(cell)}</td>")
            else:
                words = with_minus(str(cell)) if _is_number(cell) else str(cell)
                cells.append(f"<td{kind}>{html.escape(words)}</td>")
        return cells

    def _best(self, column: "pd.Series[Any]") -> Interval | None:
        """The best of a column, if no other's mean lies inside its interval, nor its own in one."""
        direction = self.better.get(column.name)
        several = [c for c in column if isinstance(c, Interval) and c.n > 1]
        if direction is None or len(several) < 2:
            return None
        best = (max if direction == "high" else min)(several, key=lambda cell: cell.mean)
        apart = all(
            not (best.low <= other.mean <= best.high or other.low <= best.mean <= other.high)
            for other in several
            if other is not best
        )
        return best if apart else None

    def _small(self, cell: Interval, decimals: int) -> str:
        if cell.n == 1:
            return "" if self._n == 1 else "<small>1 seed</small>"
        ends = f"{numbers.text(cell.low, decimals)} to {numbers.text(cell.high, decimals)}"
        return f"<small>{ends}{f'<br>n = {cell.n}' if cell.n != self._n else ''}</small>"


def as_csv(frame: pd.DataFrame, name: str) -> str:
    """A link that contains a data frame as a file, so that it also works from disk."""
    text = frame.to_csv(float_format="%.6g")
    data = base64.b64encode(text.encode()).decode()
    return f'<a class="csv" download="{name}.csv" href="data:text/csv;base64,{data}">CSV</a>'


def _levels(name: Any) -> tuple[Any, ...]:
    return name if isinstance(name, tuple) else (name,)


def _whose(column: Any) -> str:
    """Whose a column's numbers are: the paper's, ours, or of neither name."""
    last = str(_levels(column)[-1])
    return next((whose for whose in (PAPER, OURS) if last.startswith(whose)), "")


def _is_text(column: "pd.Series[Any]") -> bool:
    return all(isinstance(cell, str) and not _is_number(cell) for cell in column)


def _is_number(cell: Any) -> bool:
    try:
        float(str(cell).split()[0])
    except (ValueError, IndexError):
        return False
    return True
