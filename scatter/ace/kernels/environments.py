"""Which atoms see each other in a linear ACE: pairs within the cutoff, by environment."""

from scatter.kernels.distances import TOUCHING, apart
from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.memory import fill, inner


@inner
def pairs_within(positions, species, marks, wanted, neighbours, weights, s):
    """Write the pairs within the cutoff and count those of each environment.

    Those whose atoms' marks add up to a sum in the range that is wanted, both ends included; the
    answer is their number, -1 if two atoms touch.
    """
    first, second, shift = neighbours
    kinds = len(weights.constant)
    fill(s.count, 0)
    touching, at = False, 0
    for listed in range(len(first)):
        i, j = first[listed], second[listed]
        if not wanted[0] <= marks[i] + marks[j] <= wanted[1]:
            continue
        x, y, z = apart(positions, i, j, shift[listed])
        square = x * x + y * y + z * z
        s.first[at], s.second[at] = i, j
        s.vectors[3 * at], s.vectors[3 * at + 1], s.vectors[3 * at + 2] = x, y, z
        # written in any case and kept by counting: a branch would be foreseen wrongly too often
        inside = square < weights.square[species[i], species[j]]
        at += inside
        s.count[i * kinds + species[j]] += inside
        s.count[j * kinds + species[i]] += inside
        touching |= square < TOUCHING
    return -1 if touching else at


@inner
def _put(environment, other, x, y, z, s):
    width = lanes_of(s.tiles)
    place = s.start[environment] * width + s.filled[environment]
    s.filled[environment] += 1
    component = place // width * (3 * width) + place % width
    s.apart[component] = x
    s.apart[component + width] = y
    s.apart[component + 2 * width] = z
    s.neighbour[place] = other


@inner
def arrange(pairs, species, weights, s):
    """Put the pairs into the tiles of their environments, both ways.

    What fills the last tile of an environment is beyond all cutoffs, and belongs to no atom.
    """
    width, kinds = lanes_of(s.tiles), len(weights.constant)
    environments = len(species) * kinds
    tile = 0
    for environment in range(environments):
        s.start[environment], s.filled[environment] = tile, 0
        tile += -(-s.count[environment] // width)
    s.start[environments] = tile
    for pair in range(pairs):
        i, j = s.first[pair], s.second[pair]
        x, y, z = s.vectors[3 * pair], s.vectors[3 * pair + 1], s.vectors[3 * pair + 2]
        _put(i * kinds + species[j], j, x, y, z, s)
        _put(j * kinds + species[i], i, -x, -y, -z, s)
    far = 1e3  # Å
    for environment in range(environments):
        while s.filled[environment] % width:
            _put(environment, len(species), far, far, far, s)
