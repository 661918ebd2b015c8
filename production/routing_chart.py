"""Where the operations of a routing stand in its picture: each to the right of all that it comes after."""

from collections import defaultdict
from dataclasses import dataclass

WIDTH, HEIGHT, GAP_X, GAP_Y, EDGE = 168, 52, 44, 20, 8


@dataclass(frozen=True)
class Box:
    row: object
    x: int
    y: int


def chart(rows, before: dict[int, set[int]]) -> dict:
    """`rows`: operations by number; `before`: what each comes after, all of them with lower numbers."""
    columns, depth = defaultdict(list), {}
    for row in rows:
        depth[row.number] = 1 + max((depth.get(number, 0) for number in before[row.number]), default=-1)
        columns[depth[row.number]].append(row)
    tallest = max(map(len, columns.values()), default=0)
    boxes = {}
    for column, members in columns.items():
        top = (tallest - len(members)) * (HEIGHT + GAP_Y) // 2
        for place, row in enumerate(members):
            x, y = EDGE + column * (WIDTH + GAP_X), EDGE + top + place * (HEIGHT + GAP_Y)
            boxes[row.number] = Box(row, x, y)
    return {
        "boxes": list(boxes.values()), "box_width": WIDTH, "box_height": HEIGHT, "text_width": WIDTH - 16,
        "lines": [_line(boxes[other], boxes[number]) for number in boxes for other in sorted(before[number])],
        "width": 2 * EDGE + len(columns) * (WIDTH + GAP_X) - GAP_X if boxes else 0,
        "height": 2 * EDGE + tallest * (HEIGHT + GAP_Y) - GAP_Y if boxes else 0,
    }


def _line(start, end) -> dict:
    """From the right side of one box to the left side of another, as a path and its arrow's head."""
    x1, y1, x2, y2 = start.x + WIDTH, start.y + HEIGHT // 2, end.x, end.y + HEIGHT // 2
    middle = x2 - GAP_X // 2
    return {"path": f"M{x1} {y1}H{middle}V{y2}H{x2}", "head": f"M{x2} {y2}l-7 -4v8z"}
