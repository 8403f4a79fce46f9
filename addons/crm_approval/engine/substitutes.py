"""Who may act for whom, and circles of substitutes."""


def represented_by(person, delegations):
    """Return everybody whom ``person`` may represent, himself included.

    A substitute of a substitute represents both.

    :param delegations: (absent person, substitute) that are in force

    >>> sorted(represented_by("c", [("a", "b"), ("b", "c"), ("x", "y")]))
    ['a', 'b', 'c']
    """
    absent_of = {}
    for absent, substitute in delegations:
        absent_of.setdefault(substitute, set()).add(absent)
    found, waiting = {person}, [person]
    while waiting:
        new = absent_of.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def circle(new, delegations):
    """Return the persons of the circle that ``new`` closes on some day, first to last, or None.

    :param new: (absent person, substitute, first day, last day)
    :param delegations: other rows of that shape

    >>> circle(("b", "a", 5, 9), [("a", "b", 1, 5)])
    ['b', 'a', 'b']
    >>> circle(("b", "a", 6, 9), [("a", "b", 1, 5)])
    >>> circle(("c", "a", 1, 9), [("a", "b", 1, 4), ("b", "c", 5, 9)])
    """
    absent, substitute, start, end = new
    paths = [([absent, substitute], start, end)]
    while paths:
        path, first, last = paths.pop()
        if path[-1] == path[0]:
            return path
        for other, follower, begin, finish in delegations:
            common = max(first, begin), min(last, finish)
            if other == path[-1] and follower not in path[1:] and common[0] <= common[1]:
                paths.append(([*path, follower], *common))
    return None
