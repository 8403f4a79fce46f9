"""When a step is approved: everybody, somebody, or a number of persons."""


def still_open(mode, needed, candidates, approvals):
    """Return the candidates whose decision a step still waits for; empty when it is approved.

    One person counts once, however many absent colleagues he represents: in mode ``count``
    distinct persons who acted are counted, in mode ``all`` everybody must have been represented.

    :param str mode: ``all``, ``any`` or ``count``
    :param int needed: number of persons in mode ``count``
    :param set candidates: the approvers of the step
    :param approvals: (person who acted, set of candidates that he represented)

    >>> still_open("all", 0, {1, 2}, [(1, {1})])
    {2}
    >>> still_open("any", 0, {1, 2}, [(9, {2})])
    set()
    >>> sorted(still_open("count", 2, {1, 2, 3}, [(1, {1, 2})]))
    [3]
    >>> still_open("count", 2, {1, 2, 3}, [(1, {1}), (3, {3})])
    set()
    """
    approvals = list(approvals)
    persons = {person for person, _represented in approvals}
    covered = set().union(*(represented for _person, represented in approvals))
    if mode == "any":
        done = bool(persons)
    elif mode == "count":
        done = len(persons) >= needed
    else:
        done = candidates <= covered
    return set() if done else set(candidates) - covered


def can_finish(mode, needed, candidates):
    """Whether a step with these candidates can ever be approved.

    >>> can_finish("count", 3, {1, 2}), can_finish("any", 0, set()), can_finish("all", 0, {1})
    (False, False, True)
    """
    return len(candidates) >= (needed if mode == "count" else 1)
