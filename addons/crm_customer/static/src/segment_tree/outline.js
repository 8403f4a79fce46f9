/**
 * An outline: rows `{ id, level, kind }` in order, a row belonging to the nearest group above it
 * with a smaller level. Every function returns a new outline, or null where nothing can be done.
 */
const GROUPS = ["all", "any", "none"];

export function isGroup(row) {
    return GROUPS.includes(row.kind);
}

/** Index after the last row that belongs to the row at `index`. */
export function blockEnd(rows, index) {
    let end = index + 1;
    while (end < rows.length && rows[end].level > rows[index].level) {
        end++;
    }
    return end;
}

export function parentOf(rows, index) {
    let parent = index - 1;
    while (parent >= 0 && rows[parent].level >= rows[index].level) {
        parent--;
    }
    return parent;
}

/** Index of the row above with the same parent, or -1. */
export function previousOf(rows, index) {
    for (let above = index - 1; above >= 0 && rows[above].level >= rows[index].level; above--) {
        if (rows[above].level === rows[index].level) {
            return above;
        }
    }
    return -1;
}

/** The rows as nested nodes `{ row, index, children }`. */
export function nodesOf(rows) {
    const root = { row: null, index: -1, children: [] };
    const path = [root];
    rows.forEach((row, index) => {
        // A row that is indented too far is drawn where it can be reached; the server refuses it.
        const depth = Math.max(0, Math.min(row.level, path.length - 1));
        path.length = depth + 1;
        const node = { row, index, children: [] };
        path[depth].children.push(node);
        if (isGroup(row)) {
            path.push(node);
        }
    });
    return root;
}

function shifted(block, by) {
    return block.map((row) => ({ ...row, level: row.level + by }));
}

export function moveUp(rows, index) {
    const above = previousOf(rows, index);
    if (above < 0) {
        return null;
    }
    const end = blockEnd(rows, index);
    return [
        ...rows.slice(0, above),
        ...rows.slice(index, end),
        ...rows.slice(above, index),
        ...rows.slice(end),
    ];
}

export function moveDown(rows, index) {
    const next = blockEnd(rows, index);
    const isSibling = next < rows.length && rows[next].level === rows[index].level;
    return isSibling ? moveUp(rows, next) : null;
}

/** Into the group just above. */
export function moveIn(rows, index) {
    const above = previousOf(rows, index);
    if (above < 0 || !isGroup(rows[above])) {
        return null;
    }
    const end = blockEnd(rows, index);
    return [...rows.slice(0, index), ...shifted(rows.slice(index, end), 1), ...rows.slice(end)];
}

/** Out of its group, to the place below it. */
export function moveOut(rows, index) {
    const parent = parentOf(rows, index);
    if (parent < 0) {
        return null;
    }
    const end = blockEnd(rows, index);
    const last = blockEnd(rows, parent);
    return [
        ...rows.slice(0, index),
        ...rows.slice(end, last),
        ...shifted(rows.slice(index, end), -1),
        ...rows.slice(last),
    ];
}

/** Where a new row of the group at `index` goes (-1: the outermost), and its level. */
export function placeIn(rows, index) {
    if (index < 0) {
        return { index: rows.length, level: 0 };
    }
    return { index: blockEnd(rows, index), level: rows[index].level + 1 };
}

export function insert(rows, row, index) {
    return [...rows.slice(0, index), row, ...rows.slice(index)];
}

/** The row and what belongs to it, in the group `row` that takes its place. */
export function wrap(rows, index, row) {
    const end = blockEnd(rows, index);
    return [
        ...rows.slice(0, index),
        { ...row, level: rows[index].level },
        ...shifted(rows.slice(index, end), 1),
        ...rows.slice(end),
    ];
}
