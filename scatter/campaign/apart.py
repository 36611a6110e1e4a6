"""What must not feel one another: the molecule and its images, the slab's next image, the slab.

A start is a free molecule above a slab. What it feels there of either would be in no energy of
incidence and in no quantum number, so that every result were wrong without a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from scatter.conditions import ADSORBED
from scatter.config import Input
from scatter.initial.formulas import atoms_of
from scatter.initial.slab import clear_height
from scatter.initial.snapshots import Snapshots
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.state import System, lone

NIL_eV = 1e-3  # of energy between the molecule and its images
BONDS = 5  # lengths at which the molecule is put beside its images
PROBES = 6  # molecules that are put where trajectories begin
THERMAL_A = 1.0  # that the highest atom of a thermal slab may be above that of the ideal one


def refuse_thin_vacuum(
    input: Input, potential: Potential, system: System, ideal: Float[np.ndarray, "atom 3"]
) -> None:
    """Raise UserError if the molecule could feel the slab's next image from below."""
    rough = float(ideal[:, 2].max()) - system.top_plane(ideal)
    auto = potential.cutoff + rough + THERMAL_A
    starts = () if input.incidence.adsorbed else (input.incidence.height_A,)
    heights = (input.stop.scattered_A, *starts)
    highest = max(auto if isinstance(height, str) else height for height in heights)
    highest += input.stop.dissociated_A
    clear = clear_height(system, ideal)
    lacking = highest + potential.cutoff - clear
    if lacking > 0:
        vacuum = float(system.cell[2, 2] - np.ptp(ideal[:, 2]))
        where = f" of file = '{input.surface.file}'" if input.surface.file else ""
        raise UserError(
            f"[surface] vacuum_A = {vacuum:.4g}{where}: {highest:.2f} Å above the slab (the "
            "larger of scattered_A and height_A, plus dissociated_A) a molecule would feel the "
            f"slab's next image, {clear:.2f} Å up, through the potential's cutoff of "
            f"{potential.cutoff:.2f} Å; add at least {lacking:.1f} Å of vacuum: vacuum_A = "
            f"{np.ceil(vacuum + lacking):.0f}"
        )


def refuse_images(input: Input, potential: Potential, system: System) -> None:
    """Raise UserError if a molecule feels its own images, sideways, at any bond up to its longest.

    The energy of the molecule alone in the slab's cell, its bond along the shortest repeat, less
    that in no cell: nothing is asked where the cutoff rules it out.

    Args:
        input: of the campaign.
        potential: that trajectories run on.
        system: the slab.
    """
    repeat, bonds = shortest_repeat(system.cell), np.zeros(1)
    if input.kind in ("polyatomic", ADSORBED):
        return  # looked at in `refuse_images_at_rest`, once its geometry is known
    if input.molecule.kind == "diatomic":
        bonds = np.linspace(input.stop.dissociated_A / BONDS, input.stop.dissociated_A, BONDS)
    longest, width = float(bonds[-1]), float(np.linalg.norm(repeat))
    if input.surface.images or width - longest >= potential.cutoff:
        return
    for formula in input.molecule.formula:
        numbers = [number for number, _ in atoms_of(formula, {})]
        positions = np.zeros((len(bonds), len(numbers), 3))
        positions[:, 1:] = (bonds[:, None] * repeat / width)[:, None]
        felt, worst = _felt(potential, system, numbers, positions)
        if not abs(felt) < NIL_eV:
            raise _images(
                input,
                f"the cell repeats after {width:.2f} Å, so {formula} feels its own images, by "
                f"{felt * 1000:+.3g} meV with a bond of {bonds[worst]:.2f} Å; make it wider (from "
                f"{longest + potential.cutoff:.1f} Å on the cutoff rules it out)",
            )


def refuse_images_at_rest(
    input: Input, potential: Potential, system: System, placed: "Sequence[Placed]"
) -> None:
    """Raise UserError if a polyatomic at rest, or what begins adsorbed, feels its own images.

    It is turned so that its farthest atom lies along the shortest repeat, either way, and across.

    Args:
        input: of the campaign.
        potential: that trajectories run on.
        system: the slab.
        placed: the molecules of the campaign.
    """
    repeat = shortest_repeat(system.cell)
    width = float(np.linalg.norm(repeat))
    if input.kind not in ("polyatomic", ADSORBED) or input.surface.images:
        return
    axes = [repeat, -repeat, np.cross(repeat, [0.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0])]
    for molecule in placed:
        if width - 2 * molecule.reach >= potential.cutoff:
            continue
        positions = np.stack([molecule.along(axis) for axis in axes])
        felt, _ = _felt(potential, system, molecule.numbers, positions)
        if not abs(felt) < NIL_eV:
            raise _images(
                input,
                f"the cell repeats after {width:.2f} Å, so {input.molecule.formula[0]} at rest "
                f"feels its own images, by {felt * 1000:+.3g} meV; make it wider (from "
                f"{2 * molecule.reach + potential.cutoff:.1f} Å on the cutoff rules it out)",
            )


def _felt(
    potential: Potential,
    system: System,
    numbers: Sequence[int],
    positions: Float[np.ndarray, "some atom 3"],
) -> tuple[float, int]:
    """The largest energy between a projectile and its images in the slab's cell, eV, and which."""
    felt = energies(potential, caged(system, numbers), positions)
    felt -= energies(potential, lone(*numbers), positions)
    worst = int(np.argmax(np.where(np.isfinite(felt), np.abs(felt), np.inf)))
    return float(felt[worst]), worst


def caged(system: System, numbers: Sequence[int]) -> System:
    """A molecule alone in the slab's cell, beside its own images."""
    alone = lone(*numbers)
    return System(alone.numbers, system.cell, system.pbc, alone.moving)


def _images(input: Input, what: str) -> UserError:
    """The mistake of a cell in which a molecule feels its images."""
    own = input.surface
    slab = f"file = '{own.file}'" if own.file else f"size = {own.size}"
    return UserError(
        f"[surface] {slab}: {what}, or set images = true if a surface covered with molecules is "
        "meant"
    )


def shortest_repeat(cell: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3"]:
    """The shortest lattice vector along the surface, Å; `cell` holds lattice vectors as rows."""
    turns = range(-4, 5)
    vectors = [i * cell[0] + j * cell[1] for i in turns for j in turns if i or j]
    return min(vectors, key=lambda vector: float(np.linalg.norm(vector)))


@dataclass(frozen=True)
class Placed:
    """A molecule as it begins on a slab.

    Attributes:
        numbers: atomic numbers.
        shape: its atoms about the centre of mass where it reaches farthest, Å, with the one that
            is farthest away straight below.
    """

    numbers: tuple[int, ...]
    shape: Float[np.ndarray, "atom 3"]

    @property
    def reach(self) -> float:
        """How far its lowest atom may be below the centre of mass, Å."""
        return float(-self.shape[:, 2].min())

    @classmethod
    def of(cls, numbers: tuple[int, int], masses: Float[np.ndarray, "2"], bond: float) -> "Placed":
        """A diatomic of these atomic numbers and masses (amu) at its longest bond (Å)."""
        reach = bond * float(masses.max() / masses.sum())
        return cls(numbers, np.array([[0.0, 0.0, -reach], [0.0, 0.0, bond - reach]]))

    @classmethod
    def at_rest(cls, numbers: tuple[int, ...], geometry: Float[np.ndarray, "atom 3"]) -> "Placed":
        """A projectile of these atomic numbers at rest, its atoms about the centre of mass (Å)."""
        farthest = geometry[int((geometry**2).sum(axis=1).argmax())]
        return cls(numbers, geometry @ turned_to(farthest))

    def along(self, axis: Float[np.ndarray, "3"]) -> Float[np.ndarray, "atom 3"]:
        """Its atoms, Å, turned so that what is straight below lies against an axis."""
        return self.shape @ turned_to(-axis).T


def turned_to(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """The rotation that takes -z to the direction of a vector, by the shortest way."""
    if not vector.any():
        return np.eye(3)
    return Rotation.align_vectors([vector], [[0.0, 0.0, -1.0]])[0].as_matrix()


def refuse_coupling(
    input: Input,
    potential: Potential,
    system: System,
    snapshots: Snapshots,
    molecules: list[Placed],
    reach: float = np.inf,
) -> None:
    """Raise UserError if a molecule feels the slab where trajectories begin or count as scattered.

    E(slab and molecule) - E(slab) - E(molecule), of molecules at the height of the start, and of
    the lower atom at the height of scattering, in any direction, on some snapshots. Nothing is
    asked where the cutoff rules it out.

    Args:
        input: of the campaign.
        potential: that trajectories run on.
        system: the slab.
        snapshots: thermal states of it.
        molecules: of the campaign; of isotopes, which feel alike, the one that reaches farthest
            is placed.
        reach: above the highest atom, Å, of an automatic start; an automatic end is out of reach.
    """
    planes = np.array([system.top_plane(slab) for slab in snapshots.positions])
    highest = float((snapshots.positions[:, :, 2].max(axis=1) - planes).max())
    farthest = {
        placed.numbers: placed for placed in sorted(molecules, key=lambda placed: placed.reach)
    }
    for placed in farthest.values():
        # the start is the centre of mass's height, scattering that of the lower atom
        start = ("[incidence] height_A", input.incidence.height_A, placed.reach, reach)
        end = ("[stop] scattered_A", input.stop.scattered_A, 0.0, potential.cutoff)
        comes_in = input.incidence.kind == "beam"
        for key, height, above, automatic in (start, end) if comes_in else (end,):
            lower = highest + automatic if isinstance(height, str) else height - above
            if lower - highest >= potential.cutoff:
                continue
            felt = coupling(potential, system, snapshots, placed, lower)
            if not felt < input.guards.coupling_eV:
                safe = np.ceil(10 * (highest + potential.cutoff + above)) / 10
                given = f'"{height}"' if isinstance(height, str) else f"{height:g}"
                raise UserError(
                    f"{key} = {given}: the molecule still feels the slab there, by "
                    f"{felt * 1000:.3g} meV, and [guards] coupling_eV = "
                    f"{input.guards.coupling_eV:g} is the most; choose more (from {safe:.1f} on "
                    "the cutoff rules it out)"
                )


def coupling(
    potential: Potential, system: System, snapshots: Snapshots, placed: Placed, lower: float
) -> float:
    """The largest energy (eV) between slab and molecules at a height.

    Images of a molecule, where it may feel them, do not belong to it: its own energy is that in the
    slab's cell.

    Args:
        potential: that trajectories run on.
        system: the slab.
        snapshots: thermal states of it.
        placed: the molecule.
        lower: height above the top plane of its lower atom when it stands upright, Å.
    """
    rng = np.random.default_rng(0)
    chosen = np.linspace(0, len(snapshots) - 1, PROBES).round().astype(int)
    slabs = snapshots.positions[chosen]
    axes = rng.normal(size=(PROBES, 3))
    axes[0] = [0, 0, 1]  # upright, which is nearest
    molecules = np.zeros((PROBES, len(placed.numbers), 3))
    molecules[:, :, :2] = (rng.random((PROBES, 2)) @ system.cell[:2, :2])[:, None]
    molecules[:, :, 2] = [[system.top_plane(slab) + lower + placed.reach] for slab in slabs]
    molecules += np.stack([placed.along(axis) for axis in axes])
    together = np.concatenate([slabs, molecules], axis=1)
    whole = energies(potential, system.with_projectile(*placed.numbers), together)
    parts = energies(potential, system, slabs)
    parts += energies(potential, caged(system, placed.numbers), molecules)
    felt = np.abs(whole - parts)
    return float(felt.max()) if np.isfinite(felt).all() else float("inf")


def energies(
    potential: Potential, system: System, positions: Float[np.ndarray, "some atom 3"]
) -> Float[np.ndarray, " some"]:
    """Potential energies of some replicas, one after the other, eV."""
    evaluator = potential.bind(system, 1)
    each = [evaluator.begin(np.arange(1), replica[None])[0][0] for replica in positions]
    return np.array(each, dtype=np.float64)
