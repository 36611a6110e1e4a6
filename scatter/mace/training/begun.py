"""A training that begins with a model: its arrays as the ground, and which of them are held still.

Groups are the analogues of those of `scatter finetune`, whose parts a folded model has multiplied
with one another: an array belongs to the group of what in it is a matter of the folded model alone.
The embedding is that of atoms which have sent nothing yet; that of senders is in the radial
functions. The energies of species (`constant`) belong to no group, as there.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from scatter.mace.convert import folded_of
from scatter.mace.file import MARGIN, DensityMace, FoldedMace, VectorMace
from scatter.mace.training.arrays import TABLES, Ground
from scatter.mace.training.frozen import frozen_groups
from scatter.mace.training.student import (
    ALL_OF_PRODUCT,
    OF_CORRELATION,
    VECTORS_OF_CORRELATION,
    Parameters,
    Student,
)
from scatter.settings import UserError

ARRAYS = {
    "embedding": ("up_0", "hidden_0"),
    "interactions": ("radial_1", "radial_2", "up", "up_v", "mix"),
    "products": ("product_1", "product_2", "product_v"),
    "readouts": ("energy_1", "hidden_1", "hidden_2", "energy_2"),
}
CONSTANT, OF_VECTORS = "constant", ("product_v", "up_v")
OF_SPECIES = ("up_0", "hidden_0", "hidden_1", CONSTANT)


def frozen_arrays(text: str, vectors: bool = False) -> frozenset[str]:
    """The arrays that `--freeze` names, by groups or by their own names.

    Args:
        text: the words.
        vectors: whether the model's atoms send vectors.

    Raises:
        UserError: a word is neither, or nothing would be left to train but energies of species.
    """
    absent = () if vectors else OF_VECTORS
    single = [name for names in ARRAYS.values() for name in names if name not in absent]
    words = frozen_groups(text, (*ARRAYS, *single, CONSTANT))
    held = frozenset(name for word in words for name in ARRAYS.get(word, (word,))) - {*absent}
    if held >= {*single}:
        raise UserError(f"--freeze {text}: nothing is left to train; name fewer groups")
    return held


def read_begun(file: Path, symbols: Collection[str], trust_pickle: bool) -> FoldedMace:
    """The model that a training begins with, which knows these elements.

    Raises:
        UserError: it is neither a converted model nor one that can be converted, is not trusted,
            or does not know an element.
    """
    if not file.is_file():
        raise UserError(f"--from {file}: there is no such file")
    if file.suffix == ".model" and not trust_pickle:
        raise UserError(
            f"--from {file}: a .model file is a pickle, and opening it runs the code inside; "
            "if you trust where it came from, give --trust-pickle"
        )
    if file.suffix == ".model":
        return folded_of(file, [*symbols], trust_pickle)[0]
    return FoldedMace.read(file)


def ground_of(model: FoldedMace, numbers: np.ndarray, file: Path) -> tuple[Student, Ground]:
    """The shape of a student that is this model for some of its species, and its ground.

    Pairs of species whose radial functions are the same in the model share what is learnt.

    Raises:
        UserError: the model does not know a species.
    """
    strange = sorted({*numbers.tolist()} - {*model.numbers.tolist()})
    if strange:
        raise UserError(f"--from {file}: does not know the atomic numbers {strange} of the set")
    kept = np.searchsorted(model.numbers, numbers)
    radial_1, own_1 = _distinct(model.radial_1[np.ix_(kept, kept)])
    used, own_2 = np.unique(model.table_2[np.ix_(kept, kept)], return_inverse=True)
    arrays = {"radial_1": radial_1, "radial_2": model.radial_2[used]}
    student = _shape_of(model, arrays)
    for name, shape in student.shapes(len(kept), (0, 0), 0).items():
        if name in ALL_OF_PRODUCT:
            arrays[name] = getattr(model, name)[kept, : shape[1]]
        elif name not in TABLES:
            arrays[name] = getattr(model, name)[kept if name in OF_SPECIES else ...]
    densities = None
    if isinstance(model, DensityMace):
        densities = np.stack([model.density_1, model.density_2], axis=-1)[used]
    own_2 = own_2.reshape(own_1.shape)
    ground = Ground(numbers, own_1, own_2, model.repulsion, model.radii[kept], arrays, densities)
    return student, ground


def _distinct(tables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The radial functions that differ, and which of them belongs to each pair of species."""
    species = len(tables)
    flat = tables.reshape(species**2, *tables.shape[2:])
    places: dict[bytes, int] = {}
    own = [places.setdefault(each.tobytes(), len(places)) for each in flat]
    _, first = np.unique(own, return_index=True)
    return flat[first], np.array(own).reshape(species, species)


def _shape_of(model: FoldedMace, arrays: dict[str, np.ndarray]) -> Student:
    degrees = [np.any([arrays[name][:, :, degree] for name in TABLES[:1]]) for degree in range(4)]
    weights = {name: getattr(model, name, None) for name in ALL_OF_PRODUCT}
    return Student(
        channels=model.channels,
        l_max=max(1, int(np.flatnonzero(degrees).max())),
        correlation=_correlation({name: w for name, w in weights.items() if w is not None}),
        cutoff_A=float(model.cutoff),
        vectors=isinstance(model, VectorMace),
    )


def _correlation(products: Mapping[str, np.ndarray]) -> int:
    """The most features in a product that has a weight."""

    def beyond(order: int) -> bool:
        counts = {name: OF_CORRELATION[order] for name in products}
        counts |= {"product_v": VECTORS_OF_CORRELATION[order]}
        return any(weights[:, counts[name] :].any() for name, weights in products.items())

    return 1 + beyond(1) + beyond(2)


def steps(student: Student, ground: Ground) -> Parameters:
    """What factors are multiplied with: the size of what they are added to.

    That is the root of the mean square: of an array, of the weights of each invariant, of the
    matrix of each l. Of a radial function it is taken over the volume,

        s_kl = [∫ <T_lc²>_c r² dr / K ∫ φ_k² r² dr]^1/2.

    What is zero throughout a model, as the constant part where an atom's first features have none,
    stays zero.
    """
    sizes = {}
    for name, array in ground.arrays.items():
        axes = (0, 2) if name in ALL_OF_PRODUCT else (1, 2) if name == "mix" else None
        size = np.sqrt(np.mean(np.square(array), axis=axes, keepdims=True))
        sizes[name] = np.broadcast_to(size, array.shape).copy()
    for name in TABLES:
        sizes[name] = _radial_steps(student, ground.arrays[name])
    sizes[CONSTANT] = np.ones(len(ground.numbers))  # eV
    return sizes


def _radial_steps(student: Student, tables: np.ndarray) -> np.ndarray:
    """Of radial functions, shape (table, k, l, channel)."""
    inside = tables[:, MARGIN:-MARGIN]
    r = np.linspace(0, student.cutoff_A, inside.shape[1])
    mine = np.einsum("anlc,n->al", inside**2, r**2) / student.channels
    basis = student.radial * (student.basis(r) ** 2 * r[:, None] ** 2).sum(axis=0)
    sizes = np.sqrt(mine[:, None, :] / basis[None, :, None])
    return np.repeat(sizes[..., None], student.channels, axis=-1)
