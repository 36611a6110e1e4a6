"""Write the card of the potential that ships from what its validations found.

    python scripts/model_card.py scatter/models/h2_cu.npz runs/h2_cu_potential

The second argument holds `selection.json` of the set and the folders that `scatter validate` wrote.
"""

import hashlib
import json
import sys
from pathlib import Path

from scatter.mace.cpu import MaceFused

CARD = """# h2_cu.npz: hydrogen on copper

A compact MACE potential (16 scalar channels, two layers, l ≤ 3, correlation 2, cutoff 5 Å) for one
H2, HD or D2 molecule on Cu(111), (100), (110) and (211). It is what `kind = "default"` means.

- **Teacher:** the MACE of Stark et al., Mach. Learn.: Sci. Technol. 5, 030501 (2024), repository
  wgst/ml-gas-surface, MIT licence; its authors fitted it to 3,376 structures of SRP48 density
  functional theory.
- **Licence:** MIT, as scatter. Cite the teacher's paper with any result.
- **Trained on** {train} structures labelled by the teacher (validated on {valid}), chosen by
  `scatter select` from {frames} frames of the teacher's own trajectories
  (`inputs/sample_h2_cu.toml` and `sample_h2_cu_small.toml`: four facets; 300, 600 and 925 K; H2 in
  v = 0 and 1 with J = 1; 0.2 to 1 eV) and {whole} strained crystals, lone molecules, clean slabs
  and frames along minimum-energy paths.
- **Made by** `scripts/h2_cu_potential`.
- **File:** {size:.1f} MB, sha256 `{sha256}`.

## Where it holds

- The teacher's own domain: one molecule on clean copper, 100-1000 K, incidence energies up to 1 eV,
  bond lengths of 0.5 to 2.3 Å, molecules from 7 Å above the surface down to the atoms.
- **Its domain**, which the file holds and trajectories may not leave, is that of its training set,
  with a margin of 0.05 Å: {domain}.
- Electronic excitations, tunnelling and zero-point energy of the surface are not in it.

## What it must not be used for

- Recombination or diffusion of H atoms, more than one molecule, coverage, subsurface H: the teacher
  has not been fitted to them, and beyond 2.3 Å its H-H curve is unphysical (trajectories end at
  2.25 Å).
- Other facets, defects, alloys or metals, melting, pressure.
- Numbers that shall be better than SRP48: it repeats its teacher, with the teacher's errors.

## How far it is from its teacher

Structures to judge by are frames of fresh trajectories, one every 20 fs (`inputs/test_h2_cu.toml`):
other slabs, energies and random numbers than those it was trained on. The curves that the study
shows, on it and on its teacher: [Cu(111)](../../docs/study_cu111.png),
[Cu(211)](../../docs/study_cu211.png).
"""


def sections(report: Path) -> str:
    """A report's tables and sentences, without its head, its figures and its matrices."""
    _, _, body = report.read_text().partition("\n## ")
    body, _, _ = body.partition("\nAgreement:")
    lines = [line for line in f"### {body}".splitlines() if not line.startswith("![")]
    text = "\n".join(lines).replace("\n### ", "\n#### ").replace("\n## ", "\n### ")
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip()


def card(model: Path, work: Path) -> str:
    """The card's text."""
    domain = MaceFused.read(model).domain
    content = model.read_bytes()
    chosen = json.loads((work / "set" / "selection.json").read_text())
    head = CARD.format(
        train=f"{chosen['parts']['train']['frames']:,}",
        valid=f"{chosen['parts']['valid']['frames']:,}",
        frames=f"{chosen['pool']['frames']:,}",
        whole=f"{sum(chosen['whole_files'].values()):,}",
        size=len(content) / 1e6,
        domain=", ".join(f"{name} {bound:.3f} Å" for name, bound in domain.record().items())
        if domain
        else "not known",
        sha256=hashlib.sha256(content).hexdigest(),
    )
    reports = [work / name / "report.md" for name in ("verdict", "verdict_cu111", "verdict_cu211")]
    return "\n".join([head, *(f"{sections(report)}\n" for report in reports)])


if __name__ == "__main__":
    shipped = Path(sys.argv[1])
    shipped.with_suffix(".md").write_text(card(shipped, Path(sys.argv[2])), encoding="utf-8")
