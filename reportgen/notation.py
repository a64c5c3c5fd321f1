"""How numbers are written, everywhere the same: pure functions from a number to text.

Thin facts: thousands are parted by U+202F, the minus is U+2212, a range has an en dash, a percent sign stands after
U+202F. Guide sentences and renderers both use these, so that a number never has two looks.
"""

from __future__ import annotations

import math
import re
from typing import Final

THIN = "\u202f"
MINUS = "\u2212"
EN_DASH = "\u2013"

_SIGNIFICANT_DIGITS = 5


def price_decimals(price: float) -> int:
    """Decimals that give at most five significant digits: 0 for 92543.1, 4 for 0.33861."""
    if price <= 0 or not math.isfinite(price):
        return 0
    whole = math.floor(math.log10(price)) + 1
    digits = _SIGNIFICANT_DIGITS if whole >= _SIGNIFICANT_DIGITS else _SIGNIFICANT_DIGITS - 1
    return max(0, digits - whole)


def grouped(value: float, decimals: int) -> str:
    """Write a number with thin spaces between thousands and a true minus."""
    text = f"{abs(value):,.{decimals}f}".replace(",", THIN)
    zero = not any(ch in "123456789" for ch in text)
    return text if value >= 0 or zero else MINUS + text


def price(value: float, decimals: int) -> str:
    """Write a price with the one precision of its symbol."""
    return grouped(value, decimals)


def price_range(low: float, high: float, decimals: int) -> str:
    """Write a range of prices: 89 032–89 389."""
    return f"{grouped(low, decimals)}{EN_DASH}{grouped(high, decimals)}"


def signed(value: float, decimals: int) -> str:
    """Write a number with its sign always on; a rounded zero carries none."""
    text = grouped(value, decimals)
    zero = not any(ch in "123456789" for ch in text)
    return text if zero or text.startswith(MINUS) else f"+{text}"


def percent_change(fraction: float) -> str:
    """Write a change or a distance as a signed percentage: −2.7 %."""
    return f"{signed(fraction * 100, 1)}{THIN}%"


def percent(fraction: float, decimals: int = 1) -> str:
    """Write an unsigned percentage: 2.7 %."""
    return f"{grouped(fraction * 100, decimals)}{THIN}%"


def _whole(fraction: float, under: str, over: str) -> str:
    """Round to whole hundredths, with other words below the first and above the last: 0 and 100 are exact alone."""
    count = fraction * 100
    return under if 0 < count < 1 else over if 99 < count < 100 else f"{count:.0f}"


def share(fraction: float) -> str:
    """Write a share or a probability as whole percent, never 0 or 100 unless exact."""
    return f"{_whole(fraction, '<1', '>99')}{THIN}%"


def of_hundred(fraction: float) -> str:
    """Write a share as cases: 13 of 100, under 1 of 100, over 99 of 100."""
    return f"{_whole(fraction, 'under 1', 'over 99')} of 100"


def funding(rate: float) -> str:
    """Write a funding rate per 8 h: +0.028 % per 8 h."""
    return f"{signed(rate * 100, 3)}{THIN}% per 8{THIN}h"


def usual_days(value: float) -> str:
    """Write a distance in usual days: 1.3 usual days."""
    text = grouped(value, 1)
    return f"{text} usual day{'' if text == '1.0' else 's'}"


_DOLLAR_UNITS = ((1e9, f"{THIN}bn"), (1e6, f"{THIN}m"), (1e3, f"{THIN}k"))


def dollars(value: float) -> str:
    """Write an amount of US dollars with three significant digits: $8.82 bn."""
    for size, word in _DOLLAR_UNITS:
        if abs(value) >= size:
            scaled = value / size
            decimals = max(0, 2 - math.floor(math.log10(abs(scaled))))
            return f"{MINUS if value < 0 else ''}${abs(scaled):.{decimals}f}{word}"
    return f"{MINUS if value < 0 else ''}${abs(value):.0f}"


def dollar_range(low: float, high: float) -> str:
    """Write an interval of dollars, both ends to the second digit of the upper one: $8–63 m, $0.4–6.3 bn."""
    size, word = next(((size, word) for size, word in _DOLLAR_UNITS if high >= size), (1.0, ""))
    place = 1 - math.floor(math.log10(high / size)) if high > 0 else 0
    first, last = (f"{round(end / size, place):.{max(0, place)}f}" for end in (low, high))
    if low > 0 and float(first) == 0:  # too far below the upper end to be written with its digits
        return f"{dollars(low)} to {dollars(high)}"
    return f"${first}\u2013{last}{word}"


def reward(value: float) -> str:
    """Write what a plan pays for 1 at risk: 1.8; rounded down, so that no plan looks better than it is."""
    return grouped(math.floor(round(value * 10, 6)) / 10, 1)


def ratio(value: float) -> str:
    """Write a reward with its risk: 1.8 for 1."""
    return f"{reward(value)} for 1"


def times(value: float) -> str:
    """Write a multiple: 2.4×."""
    return f"{grouped(value, 1)}\u00d7"


def spreadsheet_cell(value: object) -> object:
    """Give a cell as a spreadsheet shows and never runs it: text that begins like a formula gets an apostrophe."""
    runs = isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}
    return f"'{value}" if runs and not _NUMBER.fullmatch(str(value)) else value


_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def shortened(words: str, longest: int) -> str:
    """Cut words to so many characters, the last an ellipsis; a directional isolate that they open stays closed."""
    if len(words) <= longest:
        return words
    return words[: longest - 1].rstrip() + "\u2026" + ("\u2069" if words.startswith("\u2068") else "")
