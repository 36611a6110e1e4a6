"""`scatter slab`: the thermal slabs of an input file, with what was measured on them."""

from functools import partial
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms

from scatter.campaign.ranks import Ranks
from scatter.campaign.run import opened
from scatter.campaign.thermal import ThermalSlab, thermal_slabs
from scatter.config import read
from scatter.files import write_whole
from scatter.initial.checks import findings
from scatter.outputs import refuse_no_folder
from scatter.report import terminal
from scatter.structures import extxyz


def slabs(path: Path, output: Path, trust_pickle: bool = False) -> None:
    """Make every slab of an input file, print its checks, and write its snapshots as extxyz.

    Raises:
        UserError: the input is wrong, or a slab fails a check.
    """
    ranks = Ranks()
    ranks.share(lambda: refuse_no_folder("--output", output))
    say = partial(terminal.say, terminal.console(ranks.first))
    source = ranks.share(lambda: read(path))
    on = opened(source, trust_pickle, ranks)
    for slab in thermal_slabs(source.input, on.potential, ranks, say):
        for finding in findings(slab.snapshots, slab.system, slab.ideal, slab.T_K):
            say(
                f"  {finding.name}: {finding.value:.4g}{finding.unit}, expected "
                f"{finding.expected:.4g} ± {finding.tolerance:.2g}{finding.unit}"
            )
        if ranks.first:
            output.mkdir(parents=True, exist_ok=True)
            file = output / f"slab_{slab.facet}_{slab.T_K:g}K.extxyz"
            write_whole(file, extxyz(_frames(slab)))
            say(f"snapshots: {file}")


def _frames(slab: ThermalSlab) -> list[Atoms]:
    frames = []
    for positions, momenta in zip(slab.snapshots.positions, slab.snapshots.momenta, strict=True):
        system = slab.system
        atoms = Atoms(system.numbers, positions, cell=system.cell, pbc=system.pbc)
        if system.slab_masses is not None:
            atoms.set_array("masses", system.slab_masses, float, ())
        atoms.set_momenta(momenta)  # before the constraint, which would set them to zero again
        atoms.set_constraint(FixAtoms(np.flatnonzero(~system.moving)))
        frames.append(atoms)
    return frames
