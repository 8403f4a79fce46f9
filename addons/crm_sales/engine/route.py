"""Distances on the globe, and a short way through the visits of a day."""

from math import asin, cos, degrees, radians, sin, sqrt

EARTH = 6371008.8  # mean radius in metres (IUGG)


def haversine(start, end):
    """Return the distance in metres between two points, pairs of latitude and longitude.

    Good to 0.5 %: it takes the earth for a ball.

    >>> round(haversine((31.2304, 121.4737), (39.9042, 116.4074)) / 1000)
    1067
    >>> haversine((31.2304, 121.4737), (31.2304, 121.4737))
    0.0
    """
    (lat1, lon1), (lat2, lon2) = (tuple(map(radians, point)) for point in (start, end))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(half)))


def box(point, radius):
    """Return (south, north, west, east) around a point; west is ``None`` where longitudes wrap.

    >>> south, north, west, east = box((31.0, 121.0), 10000)
    >>> [round(value, 3) for value in (south, north, west, east)]
    [30.91, 31.09, 120.895, 121.105]
    >>> box((89.99, 0.0), 10000)[2] is None
    True
    """
    lat, lon = point
    height = degrees(radius / EARTH)
    south, north = lat - height, lat + height
    if south <= -90 or north >= 90:
        return south, north, None, None
    width = degrees(asin(min(1.0, sin(radius / EARTH) / cos(radians(lat)))))
    west, east = lon - width, lon + width
    if west < -180 or east > 180:
        return south, north, None, None
    return south, north, west, east


def length(points):
    """Return the length in metres of the way through the points, in their order.

    >>> length([(31.0, 121.0)])
    0
    """
    return sum(haversine(a, b) for a, b in zip(points, points[1:], strict=False))


def shortest_way(start, points):
    """Return the order, as positions of ``points``, in which to visit them all from ``start``.

    The way is open: it ends at the last visit. First the nearest neighbour, then 2-opt: turning a
    piece round as long as that makes the way shorter. For the visits of a day that is within a few
    per cent of the best.

    >>> shortest_way((0, 0), [(0, 3), (0, 1), (0, 2)])
    [1, 2, 0]
    >>> shortest_way((0, 0), [])
    []
    """
    places = [start, *points]
    order = [0, *_nearest_neighbour(places)]
    while _turn_one(places, order):
        pass
    return [place - 1 for place in order[1:]]


def _nearest_neighbour(places):
    here, left, order = places[0], list(range(1, len(places))), []
    while left:
        nearest = min(left, key=lambda place: (haversine(here, places[place]), place))
        left.remove(nearest)
        order.append(nearest)
        here = places[nearest]
    return order


def _turn_one(places, order):
    """Turn the first piece round that makes the way shorter; return whether there was one."""
    for first in range(1, len(order) - 1):
        for last in range(first + 1, len(order)):
            before = haversine(places[order[first - 1]], places[order[first]])
            after = haversine(places[order[first - 1]], places[order[last]])
            if last + 1 < len(order):
                before += haversine(places[order[last]], places[order[last + 1]])
                after += haversine(places[order[first]], places[order[last + 1]])
            if after < before - 1e-6:
                order[first : last + 1] = reversed(order[first : last + 1])
                return True
    return False
