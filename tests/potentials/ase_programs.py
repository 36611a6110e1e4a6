"""Programs that calculators of ASE run, made of a few lines of Python: they know EMT alone."""

import sys
from pathlib import Path

# What DFTB+ does with the files that ASE writes for it; how often is counted beside it.
DFTB = """#!{python}
from pathlib import Path
import sys
from ase.calculators.emt import EMT
from ase.io import read
from ase.units import Bohr, Hartree

count = Path("runs")
number = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(number))
with open("{log}", "a") as log:
    log.write(str(Path.cwd()) + chr(10))
if Path("{fails}").exists():
    sys.exit(3)
atoms = read("geo_end.gen", format="gen")
atoms.calc = EMT()
forces = atoms.get_forces() / (Hartree / Bohr)
energy = atoms.get_potential_energy() / Hartree
Path("detailed.out").write_text(f"Total energy: {{energy:.17e}} H" + chr(10))
with open("results.tag", "w") as out:
    print("total_energy        :real:0:", file=out)
    print(f" {{energy:.17e}}", file=out)
    print(f"forces              :real:2:3,{{len(atoms)}}", file=out)
    for row in forces:
        print(" ".join(f"{{x:.17e}}" for x in row), file=out)
"""


def install_dftb(folder: Path) -> tuple[str, Path, Path]:
    """A program like DFTB+: its command, what it logs, and a file that makes it fail."""
    program, log, fails = folder / "dftb+", folder / "log", folder / "fails"
    program.write_text(DFTB.format(python=sys.executable, log=log, fails=fails))
    program.chmod(0o755)
    return f"{program} > PREFIX.out", log, fails
