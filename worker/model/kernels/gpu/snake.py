# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""SnakeBeta (worker.model.kernels.conv.Snake) on values that are in registers."""

import triton
import triton.language as tl

ONE_OVER_PI = tl.constexpr(0.3183098861837907)
ROUNDING = tl.constexpr(12582912.0)
"""1.5 · 2²³: what is added to it is rounded to a whole number."""


@triton.jit
def snaked(x, alpha, one_over_beta):
    """x + sin²(alpha·x) / beta of float32 `x`; the halves of the snake are float32 and broadcast to it. |alpha·x| is below 10⁷.

    Eleven instructions; tl.sin takes any angle that a float32 can hold, which costs some fifty, and registers for a path that
    no sound ever takes. sin² has the period π and is even: alpha·x/π is cut to its distance from the next whole number, at most
    ½, and sin²(π·d) / d² is a polynomial in d², by least relative error on [0, ¼]: 1.4e-8, less than float32 rounds.
    """
    turns = alpha * ONE_OVER_PI
    whole = (x * turns + ROUNDING) - ROUNDING
    distance = x * turns - whole
    square = distance * distance
    wave = -3.336206713899219 * square + 13.037108011842069
    wave = wave * square - 30.0985520149444
    wave = wave * square + 42.72692727600807
    wave = wave * square - 32.46966235182902
    wave = wave * square + 9.869604264167622
    return x + one_over_beta * (square * wave)
