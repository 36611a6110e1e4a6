"""The minimum-energy path of a diatomic that dissociates on a facet, and its barrier.

Two stages of the nudged elastic band: first the plain band, then with its highest image climbing.
Sources: Henkelman & Jónsson, J. Chem. Phys. 113, 9978 (2000); Henkelman, Uberuaga & Jónsson,
ibid. 9901; Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006), for the optimiser.
"""

from dataclasses import dataclass
from functools import cached_property
from os import devnull
from typing import cast

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.mep import NEB
from ase.optimize import FIRE
from jaxtyping import Float

from scatter.cores import single_thread
from scatter.potentials.base import Potential
from scatter.potentials.calculator import PotentialCalculator
from scatter.settings import UserError
from scatter.units import degree
from scatter.validation.approach import Approach, approach, route_to
from scatter.validation.rows import Row, compared

START = 4.0  # Å above the highest atom: metals and closed-shell molecules hardly feel it there
SADDLE = 1.2, 1.4  # first guess: Å above the highest atom, bond in units of equilibrium
END = 1.0, 2.6  # likewise; from here the dissociated atoms relax
APART = 1.7  # equilibrium bonds: anything longer is not a molecule
SPRING = 1.0  # eV/Å²
ROUGH = 0.3  # eV/Å: the highest image may climb
DISPLACED = 0.02  # Å, for second derivatives
RIDGE = -0.05  # eV/Å²: with a second curvature below it the point is not a first-order saddle
PUSH, PUSHES = 0.25, 4  # Å off a ridge, and how often


@dataclass(frozen=True)
class Band:
    """How the path is searched."""

    relax_slab: bool = False  # all but the two lowest layers of the slab may move, instead of none
    images: int = 17  # of the band, both ends included
    force: float = 0.02  # largest force on any atom perpendicular to the path at convergence, eV/Å
    steps: int = 1000  # of the optimiser, in each stage
    # keep the symmetry of the site (and the molecule flat, where that follows), even on a ridge of
    # the potential energy surface
    symmetric: bool = False


@dataclass(frozen=True)
class EnergyPath:
    """A minimum-energy path, from the molecule above the facet to its dissociated atoms."""

    facet: str  # such as "111"
    site: str  # of `facets.FACETS[facet].routes`
    # images along the path, with energies and forces; the molecule's atoms come last
    frames: tuple[Atoms, ...]
    # length of the path from the saddle, in the space of all atoms, Å
    coordinate: Float[np.ndarray, " image"]
    # relative to the molecule at rest far above the same slab, eV
    energies: Float[np.ndarray, " image"]
    # indices of the slab's outermost layer, from whose mean z heights are measured
    top: tuple[int, ...]

    @property
    def place(self) -> str:
        """Surface and site in words, such as "Cu(111) bridge"; the slab's atoms come first."""
        return f"{self.frames[0].symbols[0]}({self.facet}) {self.site}"

    @cached_property
    def bonds(self) -> Float[np.ndarray, " image"]:
        """Bond length r of each image, Å."""
        return np.array([_bond(frame) for frame in self.frames])

    @cached_property
    def heights(self) -> Float[np.ndarray, " image"]:
        """Height Z of the bond's middle above the slab's outermost layer, in each image, Å."""
        z = np.array([frame.positions[:, 2] for frame in self.frames])
        return z[:, -2:].mean(axis=1) - z[:, list(self.top)].mean(axis=1)

    @property
    def saddle(self) -> int:
        """Index of the highest image."""
        return int(np.argmax(self.energies))

    @property
    def barrier(self) -> float:
        """Energy of the saddle, eV."""
        return float(self.energies[self.saddle])

    @property
    def bond(self) -> float:
        """Bond length r at the saddle, Å."""
        return float(self.bonds[self.saddle])

    @property
    def height(self) -> float:
        """Height Z at the saddle, Å."""
        return float(self.heights[self.saddle])

    @property
    def tilt_deg(self) -> float:
        """Angle between bond and surface at the saddle, degrees."""
        first, second = self.frames[self.saddle].positions[-2:]
        return float(np.arcsin(abs(second[2] - first[2]) / self.bond) / degree)

    def rows(self, reference: "EnergyPath") -> list[Row]:
        """The saddle beside that of the same path on a reference."""
        quantities = (
            (f"barrier, {self.place}", "eV", "barrier"),
            (f"bond at the barrier, {self.place}", "Å", "bond"),
            (f"height at the barrier, {self.place}", "Å", "height"),
            (f"tilt at the barrier, {self.place}", "°", "tilt_deg"),
        )
        return compared(self, reference, quantities)


def minimum_energy_path(
    potential: Potential,
    facet: str,
    site: str | None = None,
    element: str = "Cu",
    formula: str = "H2",
    band: Band | None = None,
) -> EnergyPath:
    """The minimum-energy path from the molecule above a facet to its dissociated atoms.

    The slab is six layers at the potential's own lattice constant at rest. The highest image is a
    saddle to within `band.force`, so its energy is good to about 1 meV. Where there are several
    saddles it is the one next to the site; another site may have a lower one.

    Args:
        potential: must take and return NumPy arrays, and know the elements.
        facet: of `facets.FACETS`.
        site: of `facets.FACETS[facet].routes`; by default the first.
        element: chemical symbol of an fcc metal.
        formula: the diatomic, such as "H2".
        band: how the path is searched.

    Raises:
        UserError: no such facet or site, no crystal or molecule, or the path has no barrier or
            does not converge.
    """
    band = band or Band()
    site, route = route_to(facet, site)
    where = f"minimum-energy path of {formula} on {element}({facet}), {site}"
    with single_thread():  # images are evaluated in turn, so that others would only wait
        start = approach(potential, facet, route, element, formula, band.relax_slab)
        first, guess, last, rest = _landmarks(start, band, where)
        images = _interpolated(first, guess, last, band.images)
        for image in images:
            image.calc = PotentialCalculator(potential)
        _relax(images, band, where)
    energies = np.array([image.get_potential_energy() for image in images]) - rest
    top = tuple(start.system.top.tolist())
    return EnergyPath(facet, site, _kept(images), _lengths(images, energies), energies, top)


def _bond(frame: Atoms) -> float:
    return float(np.linalg.norm(frame.positions[-1] - frame.positions[-2]))


def _landmarks(start: Approach, band: Band, where: str) -> tuple[Atoms, Atoms, Atoms, float]:
    """The first image, a guess at the saddle, the last image, and the energy far away (eV)."""
    far = start.frame(start.far)
    _converge(far, band, f"{where}: the clean slab")
    first, guess, last = far.copy(), far.copy(), far.copy()
    first.positions[-2:] = start.molecule(START)
    guess.positions[-2:] = start.molecule(*SADDLE)
    last.positions[-2:] = start.molecule(*END)
    last.calc = PotentialCalculator(start.potential)
    _converge(last, band, f"{where}: the dissociated molecule")
    if _bond(last) < APART * start.bond:
        raise UserError(
            f"{where}: on {start.potential.description} two atoms placed {END[1]:g} bond "
            f"lengths apart recombine ({_bond(last):.2f} Å); choose another site"
        )
    return first, guess, last, far.get_potential_energy()


def _converge(moving: Atoms | NEB, band: Band, what: str, force: float | None = None) -> None:
    force = force or band.force
    optimiser = FIRE(cast(Atoms, moving), logfile=devnull)  # ASE's types leave bands out
    if not optimiser.run(fmax=force, steps=band.steps):
        residual = np.linalg.norm(moving.get_forces().reshape(-1, 3), axis=1).max()
        raise UserError(
            f"{what}: not converged after {band.steps} steps; a force of {residual:.3f} eV/Å "
            f"remains ({force:g} is allowed); allow more steps, or check the potential there"
        )


def _interpolated(first: Atoms, guess: Atoms, last: Atoms, count: int) -> list[Atoms]:
    """Images evenly spaced along two straight legs that meet at the guessed saddle."""
    corners = np.stack([frame.positions for frame in (first, guess, last)])
    legs = np.linalg.norm(np.diff(corners, axis=0), axis=(1, 2))
    at = np.concatenate([[0.0], np.cumsum(legs)])
    images = []
    for s in np.linspace(0.0, at[-1], count):
        leg = int(s > at[1])
        share = (s - at[leg]) / legs[leg]
        image = first.copy()
        image.positions = corners[leg] + share * (corners[leg + 1] - corners[leg])
        images.append(image)
    return images


def _relax(images: list[Atoms], band: Band, where: str) -> None:
    """Relax the band, then with its highest image climbing until that is a true saddle."""
    _converge(_chain(images), band, where, max(ROUGH, band.force))
    for _ in range(1 + PUSHES):
        _converge(_chain(images, climb=True), band, where)
        highest = int(np.argmax([image.get_potential_energy() for image in images]))
        if highest in (0, len(images) - 1):
            raise UserError(f"{where}: no image lies higher than both ends, so there is no barrier")
        downhill = _off_the_ridge(images[highest])
        if band.symmetric or downhill is None:
            return
        for number, image in enumerate(images):
            ends = (0, highest, len(images) - 1)
            image.positions[-2:] += np.interp(number, ends, (0, PUSH, 0)) * downhill
    raise UserError(
        f"{where}: the path stays on a ridge after {PUSHES} pushes; choose another site"
    )


def _chain(images: list[Atoms], climb: bool = False) -> NEB:
    return NEB(images, k=SPRING, climb=climb, method="improvedtangent")


def _off_the_ridge(saddle: Atoms) -> Float[np.ndarray, "2 3"] | None:
    """The downhill direction of a stationary point other than the path; None at a true saddle."""
    curvatures, modes = np.linalg.eigh(molecular_hessian(saddle))
    mode = modes[:, 1]
    if curvatures[1] > RIDGE:
        return None
    pull = saddle.get_forces(apply_constraint=False)[-2:].ravel()
    return (mode if mode @ pull >= 0 else -mode).reshape(2, 3)


def molecular_hessian(frame: Atoms) -> Float[np.ndarray, "6 6"]:
    """Second derivatives in the six coordinates of a diatomic, with the slab fixed, eV/Å².

    By central differences of the forces of the frame's calculator; the molecule's atoms are last.
    """
    probe, place = frame.copy(), frame.positions[-2:].copy()
    probe.calc = frame.calc

    def forces(step: Float[np.ndarray, " coordinate"]) -> Float[np.ndarray, " coordinate"]:
        probe.positions[-2:] = place + step.reshape(2, 3)
        return probe.get_forces(apply_constraint=False)[-2:].ravel()

    steps = DISPLACED * np.eye(6)
    hessian = np.array([forces(-step) - forces(step) for step in steps]) / (2 * DISPLACED)
    return 0.5 * (hessian + hessian.T)


def _lengths(
    images: list[Atoms], energies: Float[np.ndarray, " image"]
) -> Float[np.ndarray, " image"]:
    positions = np.stack([image.positions for image in images])
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=(1, 2))
    length = np.concatenate([[0.0], np.cumsum(steps)])
    return length - length[np.argmax(energies)]


def _kept(images: list[Atoms]) -> tuple[Atoms, ...]:
    """Copies that hold their energies and forces, without the potential."""
    frames = tuple(image.copy() for image in images)
    for frame, image in zip(frames, images, strict=True):
        frame.calc = SinglePointCalculator(
            frame, energy=image.get_potential_energy(), forces=image.get_forces(False)
        )
    return frames
