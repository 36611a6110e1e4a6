"""What a label is: the energies and forces of structures that potentials learn from, or answer for.

One rule for every verb that reads labelled structures. Labels are the total energy (eV) of a frame
and the forces (eV/Å) on its atoms, under the keys that were chosen. Of forces, these are none:

- what a constraint of the file holds (`move_mask`), whatever is written there: some programs write
  zeros for it, others what would act on the atom;
- a force of exactly zero along x, y and z: an atom that was held without a word of it, or one whose
  force follows from symmetry and teaches nothing;
- a component that is exactly zero on the same atom in every frame of its system.

Frames with a force above 1000 eV/Å are refused; `select` leaves them out.
"""

from scatter.labels.doubts import strongest
from scatter.labels.frames import Stream, labelled, read_labelled, summary
from scatter.labels.names import STANDARD, Keys, relabelled, results_of

__all__ = [
    "STANDARD",
    "Keys",
    "Stream",
    "labelled",
    "read_labelled",
    "relabelled",
    "results_of",
    "strongest",
    "summary",
]
