"""Run a prepared campaign where nothing but NumPy and torch is installed, Triton for a GPU.

`scatter prepare` writes the one file, and `scatter collect` takes the other into the campaign's
folder. What has ended is written every minute, and the same command continues from there.
"""

import time
from pathlib import Path

from scatter.dynamics.batch import propagate
from scatter.dynamics.baths import of_bath
from scatter.dynamics.conditions import Conditions, Finished
from scatter.dynamics.endings import Faults, of_a_diatomic
from scatter.dynamics.observers import standard
from scatter.errors import UserError
from scatter.friction.motion import of_electrons
from scatter.gpu.endings import Endings
from scatter.gpu.legs import PreparedLeg
from scatter.gpu.prepared import PreparedCampaign, Results
from scatter.potentials.device.potential import DevicePotential
from scatter.potentials.families import SHIPPED, family_of

WRITE_S, TELL_S = 60.0, 5.0


class Run:
    """A prepared campaign on a device."""

    def __init__(
        self, prepared: PreparedCampaign, potential: DevicePotential, file: Path, slots: int
    ):
        self.prepared, self.potential, self.file, self.slots = prepared, potential, file, slots
        self.ended: list[list[Finished]] = [[] for _ in prepared.legs]
        if file.exists():
            self.ended = self._before(Results.read(file))
        self.total = sum(len(leg) for leg in prepared.legs)
        self.written = self.told = time.monotonic()
        self.steps = 0

    def _before(self, results: Results) -> list[list[Finished]]:
        """What has ended before, of the same campaign."""
        same = (self.prepared.identity, self.potential.identity, len(self.ended))
        legs = zip(results.legs, self.prepared.legs, strict=False)
        if (results.identity, results.potential, len(results.legs)) != same or not all(
            ended.of_leg(leg) for ended, leg in legs
        ):
            raise UserError(
                f"{self.file}: holds what came of another prepared file, or ran on another device; "
                "name another file"
            )
        return [list(ended) for ended in results.legs]

    def __call__(self) -> None:
        """Run what has not ended yet."""
        began = time.monotonic()
        for number, leg in enumerate(self.prepared.legs):
            self._leg(number, leg)
        self._write()
        taken = max(time.monotonic() - began, 1e-9)
        print(f"{self.steps} replica-steps in {taken:.1f} s: {self.steps / taken:,.0f} a second")

    def _leg(self, number: int, leg: PreparedLeg) -> None:
        known = {finished.trajectory for finished in self.ended[number]}
        left = [item for item in range(len(leg)) if item not in known]
        if not left:
            return
        limits, device, system = self.prepared.limits, self.potential, leg.system
        every, slots = self.prepared.guards_every, min(self.slots, len(left))
        conditions = Conditions(
            system=system,
            timestep_fs=limits.timestep_fs,
            faults=Faults(limits.energy_tolerance_eV, limits.timestep_fs, leg.bounds),
            endings=of_a_diatomic(limits, limits, device.cutoff),
            observers=(
                *standard(limits.near_A, device.guards, every, system, slots),
                *of_bath(leg.edge),
                *of_electrons(leg.felt, bond=True),
            ),
            slots=slots,
            motion=leg.motion,
            place=device.place,
        )
        starts = (leg.start(item) for item in left)
        for finished in propagate(starts, device, conditions):
            self.ended[number].append(finished)
            self.steps += finished.steps
            self._keep_up()

    def _keep_up(self) -> None:
        now = time.monotonic()
        if now - self.told > TELL_S:
            self.told = now
            print(f"{sum(map(len, self.ended))} of {self.total} have ended", flush=True)
        if now - self.written > WRITE_S:
            self._write()
            self.written = now

    def _write(self) -> None:
        potential = self.potential
        both = zip(self.ended, self.prepared.legs, strict=True)
        legs = [Endings.of(ended, leg) for ended, leg in both]
        results = Results(self.prepared.identity, potential.identity, potential.device, legs)
        results.write(self.file)


def run(
    prepared: Path,
    results: Path,
    model: Path = SHIPPED,
    device: str = "cuda",
    slots: int = 0,
    kernels: str | None = None,
) -> None:
    """Run a prepared campaign, or continue it.

    Args:
        prepared: what `scatter prepare` wrote.
        results: written.
        model: the converted model.
        device: "cuda" or "cpu".
        slots: trajectories at once; 0 for as many as are worth it.
        kernels: see `DevicePotential`.

    Raises:
        UserError: one of the files is not what it should be, or torch sees no GPU.
    """
    campaign = PreparedCampaign.read(prepared)
    family = family_of(model)
    arrays, made = family.read(model), family.on.get("cuda")
    if arrays.sha256() != campaign.model_sha256:
        raise UserError(
            f"{model}: is not the model that {prepared} was prepared with; name that one with "
            f"--potential"
        )
    if not (isinstance(made, type) and issubclass(made, DevicePotential)):
        raise UserError(f"{model}: a model of kind '{family.name}' does not run on a GPU")
    potential = made(arrays, campaign.precision, device, model.name, kernels)
    print(f"{sum(map(len, campaign.legs))} trajectories; {potential.description}", flush=True)
    Run(campaign, potential, results, slots or potential.place.most_slots)()
