"""Eight numbers at once: the two vector instructions that numba does not find itself.

Needs numba (the `fast` extra). The book's state holds the exponentials of the age law side by side, eight slow ones and
four quick ones for each bin, and a deposit changes all of them in four bins. Numba's loops over eight neighbours stay
loops, since it cannot know that the arrays do not overlap; written as vectors they take a third of the time. LLVM
splits them where a processor has narrower ones, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

SLOW: Final = 8
QUICK: Final = 4
_INDEX: Final = ir.IntType(32)


def _load(context: Any, builder: Any, kind: Any, array: Any, at: Any, lanes: int) -> tuple[Any, Any]:  # noqa: ANN401
    """Load `lanes` neighbours of a flat array; give the vector and where it lies."""
    data = context.make_array(kind)(context, builder, array).data
    place = builder.bitcast(builder.gep(data, [at]), ir.VectorType(ir.DoubleType(), lanes).as_pointer())
    return builder.load(place, align=8), place


def _picked(builder: Any, vector: Any, lanes: list[int]) -> Any:  # noqa: ANN401
    """Give some of a vector's numbers as a vector, or repeat one."""
    return builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(_INDEX, len(lanes)), lanes))


def _box_adder(lanes: int) -> Callable[..., Any]:
    """Make the function that adds the four differences of a box to `lanes` exponentials."""

    def add_box(_typing: Any, state: Any, left: Any, share: Any, places: Any, amounts: Any) -> Any:  # noqa: ANN401
        """Add each of four amounts x left x share to the numbers of `state` from each of four places on.

        `places` holds where to begin in the flat arrays: four in state, one in left, one in share.
        """

        def generate(context: Any, builder: Any, made: Any, given: Any) -> Any:  # noqa: ANN401
            at = [builder.extract_value(given[3], i) for i in range(6)]
            old, _ = _load(context, builder, made.args[1], given[1], at[4], lanes)
            part, _ = _load(context, builder, made.args[2], given[2], at[5], lanes)
            factor = builder.fmul(old, part)
            for edge in range(4):
                amount = builder.extract_value(given[4], edge)
                one = builder.insert_element(ir.Constant(factor.type, ir.Undefined), amount, ir.Constant(_INDEX, 0))
                added = builder.fmul(factor, _picked(builder, one, [0] * lanes))
                held, place = _load(context, builder, made.args[0], given[0], at[edge], lanes)
                builder.store(builder.fadd(held, added), place, align=8)
            return context.get_dummy_value()

        return types.void(state, left, share, places, amounts), generate

    adder: Callable[..., Any] = intrinsic(add_box)
    return adder


add_box_slow = _box_adder(SLOW)
add_box_quick = _box_adder(QUICK)


def _total_and_age(_typing: Any, slow: Any, quick: Any, at: Any, aged: Any) -> Any:  # noqa: ANN401
    """Sum one bin's exponentials, always in the same order, then multiply each by what `aged` leaves of it.

    `aged` is flat: the factors of the slow ones, then of the quick ones.
    """

    def generate(context: Any, builder: Any, made: Any, given: Any) -> Any:  # noqa: ANN401
        eight = builder.mul(given[2], ir.Constant(given[2].type, SLOW))
        four = builder.mul(given[2], ir.Constant(given[2].type, QUICK))
        sums = []
        for which, begin, lanes, after in ((0, eight, SLOW, 0), (1, four, QUICK, SLOW)):
            held, place = _load(context, builder, made.args[which], given[which], begin, lanes)
            skipped = ir.Constant(given[2].type, after)
            factor, _ = _load(context, builder, made.args[3], given[3], skipped, lanes)
            builder.store(builder.fmul(held, factor), place, align=8)
            sums.append(held)
        pair = builder.fadd(_picked(builder, sums[0], [0, 1, 2, 3]), _picked(builder, sums[0], [4, 5, 6, 7]))
        pair = builder.fadd(pair, sums[1])
        pair = builder.fadd(_picked(builder, pair, [0, 1]), _picked(builder, pair, [2, 3]))
        ends = [builder.extract_element(pair, ir.Constant(_INDEX, lane)) for lane in range(2)]
        return builder.fadd(*ends)

    return types.float64(slow, quick, at, aged), generate


total_and_age: Callable[..., Any] = intrinsic(_total_and_age)
