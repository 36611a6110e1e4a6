"""Random numbers that a trajectory draws on its way, as a function of what they are for.

Philox4x32-10 turns a counter of four 32-bit words and a key of two into four random words. It is
computed anew for every step, atom and purpose, so nothing is kept between steps: the numbers are
the same in any batch, on any rank, after a restart, and in a step that a GPU replays. Array code in
64-bit integers: NumPy and torch give the same words.

Source: Salmon, Moraes, Dror & Shaw, Proc. SC11, 16 (2011); the constants are those of Random123.
"""

from enum import IntEnum
from math import pi

from scatter.arrays import array_namespace
from scatter.shapes import Float, Int
from scatter.state import Array

MASK, ROUNDS = 2**32 - 1, 10
FACTORS = 0xD2511F53 - 2**32, 0xCD9E8D57 - 2**32
WEYL = 0x9E3779B9, 0xBB67AE85

Words = tuple[Array, Array, Array, Array]


class Purpose(IntEnum):
    """What random numbers are for; those of one purpose are independent of all others."""

    BATH = 0
    FRICTION = 1
    OWN = 2**16  # of a user's own motion


def philox(counter: Words, key: tuple[Array, Array]) -> Words:
    """Philox4x32-10: four random words for each counter and key.

    A round multiplies words 0 and 2 by a factor M each and takes the high and the low words of the
    products apart. In 64 bits with a sign, (M - 2³²) w cannot overflow, and its high word is that
    of M w less w.

    Args:
        counter: four words, whole numbers from 0 to 2³² - 1 as int64; shapes that broadcast.
        key: two such words.
    """
    xp = array_namespace(counter[0])
    none = 0 * (counter[0] + counter[1] + counter[2] + counter[3] + key[0])
    even = xp.stack((counter[0] + none, counter[2] + none), 0)
    odd = xp.stack((counter[1] + none, counter[3] + none), 0)
    keys = xp.stack((key[0] + none, key[1] + none), 0)
    factors, steps = (xp.stack((none + a, none + b), 0) for a, b in (FACTORS, WEYL))
    for _ in range(ROUNDS):
        products = factors * even
        even = xp.flip((products >> 32) + even, 0) ^ odd ^ keys
        odd = xp.flip(products & MASK, 0)
        keys = (keys + steps) & MASK
    return even[0], odd[0], even[1], odd[1]


def standard_normal(
    stream: Int[Array, "slot 3"],
    draws: Int[Array, "slot draw"],
    atoms: Int[Array, " atom"],
    purpose: Purpose,
) -> Float[Array, "slot draw atom 3"]:
    """Standard normal numbers for the three axes of some atoms of every trajectory.

    By Box & Muller from uniform numbers u = (word + 1/2) / 2³²:

        ξ = sqrt(-2 ln u₁) cos 2πu₂ and sin 2πu₂,   |ξ| < 6.8

    They depend on the arguments of their own slot and atom alone.

    Args:
        stream: words that tell each trajectory from all others, `State.stream`.
        draws: which of a trajectory's draws these are, below 2³².
        atoms: their indices in the system.
        purpose: what they are for.
    Source: Box & Muller, Ann. Math. Stat. 29, 610 (1958).
    """
    xp = array_namespace(stream)
    first, second, third = (stream[:, n, None, None] for n in range(3))
    counter = draws[:, :, None], atoms[None, None], 0 * third + int(purpose), third
    u = [(xp.astype(word, xp.float64) + 0.5) / 2**32 for word in philox(counter, (first, second))]
    radius, angle = xp.sqrt(-2.0 * xp.log(u[0])), 2 * pi * u[1]
    last = xp.sqrt(-2.0 * xp.log(u[2])) * xp.cos(2 * pi * u[3])
    return xp.stack((radius * xp.cos(angle), radius * xp.sin(angle), last), 3)
