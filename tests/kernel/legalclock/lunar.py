"""The Vietnamese lunar calendar by astronomy (new moons and the sun's longitude at UTC+7, after Hồ Ngọc Đức and Meeus)."""

from __future__ import annotations

from datetime import date
from math import floor, pi, sin

JULIAN_DAY_OF_ORDINAL_0 = 1721425
HOURS_EAST = 7
LUNATION = 29.530588853


def new_moon_day(k: int) -> int:
    """Julian day number of the local day of the k-th new moon since 1900-01-01."""
    t = k / 1236.85
    rad = pi / 180
    mean = 2415020.75933 + 29.53058868 * k + 0.0001178 * t**2 - 0.000000155 * t**3
    mean += 0.00033 * sin((166.56 + 132.87 * t - 0.009173 * t**2) * rad)
    sun = (359.2242 + 29.10535608 * k - 0.0000333 * t**2 - 0.00000347 * t**3) * rad
    moon = (306.0253 + 385.81691806 * k + 0.0107306 * t**2 + 0.00001236 * t**3) * rad
    latitude = (21.2964 + 390.67050646 * k - 0.0016528 * t**2 - 0.00000239 * t**3) * rad
    shift = (0.1734 - 0.000393 * t) * sin(sun) + 0.0021 * sin(2 * sun) - 0.4068 * sin(moon) + 0.0161 * sin(2 * moon)
    shift += -0.0004 * sin(3 * moon) + 0.0104 * sin(2 * latitude) - 0.0051 * sin(sun + moon) - 0.0074 * sin(sun - moon)
    shift += 0.0004 * sin(2 * latitude + sun) - 0.0004 * sin(2 * latitude - sun) - 0.0006 * sin(2 * latitude + moon)
    shift += 0.0010 * sin(2 * latitude - moon) + 0.0005 * sin(2 * moon + sun)
    delta = -0.000278 + 0.000265 * t + 0.000262 * t**2
    return floor(mean + shift - delta + 0.5 + HOURS_EAST / 24)


def sun_sector(julian_day: int) -> int:
    """Twelfth of the ecliptic (0..11) in which the sun stands at local midnight."""
    t = (julian_day - 2451545.5 - HOURS_EAST / 24) / 36525
    rad = pi / 180
    anomaly = (357.52910 + 35999.05030 * t - 0.0001559 * t**2 - 0.00000048 * t**3) * rad
    longitude = 280.46645 + 36000.76983 * t + 0.0003032 * t**2
    longitude += (1.914600 - 0.004817 * t - 0.000014 * t**2) * sin(anomaly)
    longitude += (0.019993 - 0.000101 * t) * sin(2 * anomaly) + 0.000290 * sin(3 * anomaly)
    return floor(longitude % 360 / 30)


def month_eleven(year: int) -> int:
    """Index of the new moon that opens lunar month 11 (the month of the winter solstice) of a solar year."""
    last_day = date(year, 12, 31).toordinal() + JULIAN_DAY_OF_ORDINAL_0
    k = floor((last_day - 2415021) / LUNATION)
    while new_moon_day(k) > last_day:
        k -= 1
    return k - 1 if sun_sector(new_moon_day(k)) >= 9 else k


def lunar_day(year: int, month: int, day: int) -> date:
    """Solar date of a lunar day in months 1 to 3 of the lunar year that begins in a solar year."""
    first = month_eleven(year - 1)
    months = month_eleven(year) - first
    leap = 0
    if months > 12:
        # The first month in which the sun enters no new sector is the leap month.
        leap = next(n for n in range(1, 14) if sun_sector(new_moon_day(first + n)) == sun_sector(new_moon_day(first + n + 1)))
    wanted = month + 1 + (leap > 0 and month + 1 >= leap)
    return date.fromordinal(new_moon_day(first + wanted) + day - 1 - JULIAN_DAY_OF_ORDINAL_0)
