r"""Bulk structures of an alloy for a potential to learn: three solid phases at random, and liquids.

Usage: python scripts/alloy_structures.py OUT.extxyz --elements Ti Al V --number 340 \
           --liquids 60 --potential foundation.npz

Solids are supercells of 16 or 18 atoms of hcp, bcc and omega: of the first element alone in one of
four, of another alone in one of eight, else with a share of up to half of each of the others at
random places; scaled to 0.85 to 1.15 of the volume that the elements have in their own crystals,
strained by up to 4 %, and rattled by up to 0.2 Å. Liquids are frames of molecular dynamics on a
potential: begun with a solid, melted at 4000 K for 2 ps, and then one after every picosecond at a
temperature of their own between 1500 and 2500 K, four of each. What `apart` of
`foundation_structures.py` refuses is drawn once more.

Then label them, and set some aside:

    scatter evaluate ase:teacher:SevenNetL3i5 OUT.extxyz --stress --output labelled.extxyz
    scatter select --all labelled.extxyz --output set
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.build import bulk
from ase.md.langevin import Langevin
from foundation_structures import Draw, apart, rattled

from scatter.files import write_whole
from scatter.potentials.base import Potential
from scatter.potentials.calculator import PotentialCalculator
from scatter.potentials.table import potential_from_name
from scatter.structures import extxyz
from scatter.validation.materials.crystals import crystals_of

REPEATED = {"hcp": (2, 2, 2), "bcc": (4, 2, 2), "omega": (2, 3, 1)}  # primitive cells
OTHERS = 0.5  # most of each of the other elements
PURE = 0.25, 0.125  # how often the first element is alone, and any of the others
MELTING_K, WARM_K = 4000.0, (1500.0, 2500.0)
STEP_fs, MELTING, BETWEEN = 2.0, 1000, 500  # the last two in steps
FRICTION = 0.02  # 1/fs
FRAMES = 4  # of each liquid


def symbols(elements: list[str], number: int, draw: Draw) -> list[str]:
    """The elements of so many atoms, in random order."""
    first, *others = elements
    kind = draw.random()
    if kind < PURE[0] or not others:
        return [first] * number
    if kind < sum(PURE):
        return [str(draw.choice(others))] * number
    shares = draw.uniform(0, OTHERS, len(others))
    shares /= max(1.0, shares.sum())
    drawn = draw.choice(elements, number, p=[1 - shares.sum(), *shares])
    return [str(each) for each in drawn]


def solid(elements: list[str], draw: Draw) -> Atoms:
    """A supercell of one of the phases, neither strained nor rattled."""
    phase = str(draw.choice([*REPEATED]))
    [crystal] = crystals_of(f"{elements[0]}-{phase}")
    atoms = crystal.atoms.repeat(REPEATED[phase])
    atoms.set_chemical_symbols(symbols(elements, len(atoms), draw))
    volume = sum(volume_of(symbol) for symbol in atoms.get_chemical_symbols())
    atoms.set_cell(atoms.cell.array * (volume / atoms.get_volume()) ** (1 / 3), scale_atoms=True)
    atoms.info = {"kind": phase}
    return atoms


def volume_of(symbol: str) -> float:
    """Of an atom in the element's own crystal, Å³."""
    own = bulk(symbol)
    return float(own.get_volume()) / len(own)


def solids(elements: list[str], number: int, draw: Draw) -> Iterator[Atoms]:
    """So many solids, strained and rattled."""
    made = 0
    while made < number:
        atoms = solid(elements, draw)
        scale = draw.uniform(0.85, 1.15) ** (1 / 3)
        strain = scale * (np.eye(3) + draw.uniform(-0.04, 0.04, (3, 3)) / 2)
        atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
        atoms = rattled(atoms, draw, draw.uniform(0, 0.2))
        if apart(atoms):
            atoms.info["trajectory"] = f"solid {made}"
            made += 1
            yield atoms


def liquids(elements: list[str], number: int, potential: Potential, draw: Draw) -> Iterator[Atoms]:
    """So many frames of liquids."""
    made = melted = 0
    while made < number:
        atoms = solid(elements, draw)
        melted += 1
        atoms.set_cell(atoms.cell.array * draw.uniform(1.0, 1.05), scale_atoms=True)
        atoms.calc = PotentialCalculator(potential)
        warm = float(draw.uniform(*WARM_K))
        dynamics = Langevin(
            atoms, STEP_fs * units.fs, temperature_K=MELTING_K, friction=FRICTION / units.fs,
            fixcm=False, rng=draw,
        )  # fmt: skip
        dynamics.run(MELTING)
        dynamics.set_temperature(temperature_K=warm)
        for _ in range(min(FRAMES, number - made)):
            dynamics.run(BETWEEN)
            frame = Atoms(atoms.numbers, atoms.get_positions(wrap=True), cell=atoms.cell, pbc=True)
            frame.info = {"kind": "liquid", "trajectory": f"liquid {melted}"}
            if apart(frame):
                made += 1
                yield frame


def main() -> None:
    """Make the structures and write them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--elements", nargs="+", default=["Ti", "Al", "V"], help="host first")
    parser.add_argument("--number", type=int, default=340, help="of solids")
    parser.add_argument("--liquids", type=int, default=60)
    parser.add_argument("--potential", help="on which liquids move; not needed without any")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.liquids and not options.potential:
        parser.error("liquids move on a potential: give --potential, or --liquids 0")
    draw = np.random.default_rng(options.seed)
    found = [*solids(options.elements, options.number, draw)]
    if options.liquids:
        potential = potential_from_name(options.potential)
        found += liquids(options.elements, options.liquids, potential, draw)
    write_whole(options.out, extxyz(found))
    print(f"{len(found)} structures, {sum(map(len, found)) / len(found):.1f} atoms each")


if __name__ == "__main__":
    main()
