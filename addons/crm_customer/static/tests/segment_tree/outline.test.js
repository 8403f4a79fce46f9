import { describe, expect, test } from "@odoo/hoot";
import * as outline from "@crm_customer/segment_tree/outline";

describe.current.tags("headless");

/** Rows from "a0 any0 b1": a name (or the operator of a group) and its level. */
function rowsOf(text) {
    return text.split(" ").map((word) => {
        const id = word.slice(0, -1);
        return { id, level: Number(word.slice(-1)), kind: id.replace(/\d/, "") };
    });
}

function textOf(rows) {
    return rows && rows.map((row) => `${row.id}${row.level}`).join(" ");
}

function nested(node) {
    const inner = node.children.map(nested).join(" ");
    return node.row ? node.row.id + (inner && `(${inner})`) : inner;
}

const ROWS = "a0 any0 b1 all1 c2 d1 e0";

test("rows become nested nodes", () => {
    expect(nested(outline.nodesOf(rowsOf(ROWS)))).toBe("a any(b all(c) d) e");
    expect(nested(outline.nodesOf(rowsOf("a1 any0 b5")))).toBe("a any(b)");
    expect(nested(outline.nodesOf([]))).toBe("");
});

test("moving takes along what belongs to a group", () => {
    const rows = rowsOf(ROWS);
    expect(textOf(outline.moveUp(rows, 1))).toBe("any0 b1 all1 c2 d1 a0 e0");
    expect(textOf(outline.moveDown(rows, 1))).toBe("a0 e0 any0 b1 all1 c2 d1");
    expect(textOf(outline.moveDown(rows, 3))).toBe("a0 any0 b1 d1 all1 c2 e0");
    expect(outline.moveUp(rows, 2)).toBe(null);
    expect(outline.moveDown(rows, 5)).toBe(null);
    expect(outline.moveDown(rows, 6)).toBe(null);
});

test("into the group above and out again", () => {
    const rows = rowsOf(ROWS);
    const inside = outline.moveIn(rows, 6);
    expect(textOf(inside)).toBe("a0 any0 b1 all1 c2 d1 e1");
    expect(textOf(outline.moveOut(inside, 6))).toBe(ROWS);
    expect(textOf(outline.moveOut(rows, 3))).toBe("a0 any0 b1 d1 all0 c1 e0");
    expect(outline.moveIn(rows, 1)).toBe(null);
    expect(outline.moveOut(rows, 0)).toBe(null);
});

test("new rows go to the end of their group", () => {
    const rows = rowsOf(ROWS);
    expect(outline.placeIn(rows, -1)).toEqual({ index: 7, level: 0 });
    expect(outline.placeIn(rows, 3)).toEqual({ index: 5, level: 2 });
    expect(textOf(outline.insert(rows, { id: "n", level: 2 }, 5))).toBe(
        "a0 any0 b1 all1 c2 n2 d1 e0"
    );
    expect(textOf(outline.wrap(rows, 3, { id: "n", kind: "any" }))).toBe(
        "a0 any0 b1 n1 all2 c3 d1 e0"
    );
});
