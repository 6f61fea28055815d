"""The table that ``make bench`` prints: what was measured, the target, the figure, whether it holds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line; ``holds`` is None where there is no target."""

    row: str
    what: str
    target: str
    figure: str
    holds: bool | None = None
    beside: str = ""


def show(rows: list[Row]) -> None:
    """Print the rows aligned."""
    cells = [("ROW", "WHAT", "TARGET", "FIGURE", "", "BESIDE")]
    cells += [(row.row, row.what, row.target, row.figure, {True: "ok", False: "SHORT", None: ""}[row.holds], row.beside) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(6)]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), flush=True)
