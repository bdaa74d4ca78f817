"""An attacker who adds and subtracts: what they can work out from published sums.

A cell is the smallest thing that a sum can be made of; how many messages lie in it is unknown to
the attacker. A published sum is an equation: the messages of these cells are so many. What can be
worked out for certain by adding and subtracting is in the span of the equations. And since no count
is below zero, cells are empty where a sum is 0, or where a sum is no more than one inside it.
"""

from collections.abc import Collection
from typing import Any

Cell = Any
Sum = tuple[frozenset[Cell], int]
"""The cells that were added up, and the messages in them."""

_PRIME = 2**61 - 1


class Attacker:
    """Knows some published sums."""

    def __init__(self, sums: Collection[Sum]) -> None:
        self.empty = _empty_cells(sums)
        self._cells: dict[Cell, int] = {}
        for cells, _ in sums:
            for cell in cells - self.empty:
                self._cells.setdefault(cell, len(self._cells))
        self._reduced: dict[int, dict[int, int]] = {}
        for cells, _ in sums:
            self._learn(self._row(cells))

    def can_work_out(self, cells: Collection[Cell]) -> bool:
        """Whether the messages of some cells together follow from what is known."""
        asked = frozenset(cells) - self.empty
        if not asked <= set(self._cells):
            return False
        return not self._rest(self._row(asked))

    def _row(self, cells: frozenset[Cell]) -> dict[int, int]:
        return {self._cells[cell]: 1 for cell in cells - self.empty}

    def _learn(self, row: dict[int, int]) -> None:
        rest = self._rest(row)
        if rest:
            pivot = min(rest)
            inverse = pow(rest[pivot], -1, _PRIME)
            self._reduced[pivot] = {at: value * inverse % _PRIME for at, value in rest.items()}

    def _rest(self, row: dict[int, int]) -> dict[int, int]:
        """What is left of a row when all that is known is taken away; nothing if it follows."""
        rest = dict(row)
        done: set[int] = set()
        while pivots := [at for at in rest if at in self._reduced and at not in done]:
            pivot = min(pivots)
            factor = rest[pivot]
            for at, value in self._reduced[pivot].items():
                new = (rest.get(at, 0) - factor * value) % _PRIME
                if new:
                    rest[at] = new
                else:
                    rest.pop(at, None)
            done.add(pivot)
        return rest


def _empty_cells(sums: Collection[Sum]) -> frozenset[Cell]:
    empty: set[Cell] = set()
    for cells, count in sums:
        if count == 0:
            empty |= cells
        for inner, inner_count in sums:
            if inner_count == count and inner < cells:
                empty |= cells - inner
    return frozenset(empty)
