"""What Chinese and Japanese call the same things."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """`percent`, `per_mille` and `serial` have {} where the number stands; the other words stand beside numbers."""

    cardinal: Callable[[int], str]       # 0 ≤ n < 10**15
    year: Callable[[str], str]           # the digits of a year, without the word for year
    zero: str                            # in a row of digits
    phone_one: str
    phone_gap: str                       # between the groups of a phone number
    hour: Callable[[int], str]           # o'clock
    minute: str
    second: str
    first_minutes: str                   # before minutes below ten
    point: str
    minus: str
    plus: str
    positive: str                        # a plus that is a sign
    to: str                              # 3-5
    ratio: str                           # 3:5
    by: str                              # 3×5
    parts_of: str                        # between the bottom and the top of a fraction
    mixed: str                           # 2½
    percent: str
    per_mille: str
    serial: str                          # No. 5
    units: Mapping[str, str]
    currencies: Mapping[str, str]        # symbol or code → name, which follows the amount
    signs: Mapping[str, str]             # that stand alone, in half width
    in_addresses: Mapping[str, str]
