"""Write docs/input.md, the reference of `input.toml`, from the settings classes.

Usage: python scripts/input_reference.py
"""

from pathlib import Path

from scatter.config import tables
from scatter.config.values import default_written, phrase
from scatter.settings import Table

PAGE = Path(__file__).parent.parent / "docs" / "input.md"

HEAD = """# The input file

<!-- Written by scripts/input_reference.py from the settings classes; edit those, then run it. -->

A campaign is one TOML file. `[molecule]`, `[incidence]` and `[surface]` must be there; every other
table, and every key with a default, may be left out. Names carry the unit of their values.

Where a key takes "a list of them", the campaign has one point for every combination of all such
values. A number is a number: text, true, nan and inf are refused. A key that is not listed here is
refused too, so that a misspelt one never means its default. Paths are relative to the current
folder.
"""

# Every key once, in a file that is valid as it stands; keys that exclude another are commented out.
EXAMPLE = """\
[run]
seed = 1
output = "runs/h2_cu111"  # without it: runs/ and the name of this file
slots = "auto"            # trajectories that each rank moves at once
threads = "auto"          # of each rank

[molecule]
formula = ["H2", "D2"]    # isotopes differ by their masses only
v = [0, 1]
j = 1
# states = [[0, 1], [1, 1]]  # in place of v and j: pairs [v, j]
mj = [0, 1]               # 0: cartwheel, j: helicopter; without it isotropic
# modes = [{}, {"1" = 1}] # of polyatomics: the ground state, and one quantum of mode 1; or:
# vibration_K = 600       # drawn by Boltzmann
# k = 1                   # of a symmetric top; without it uniform
# rotation_K = 30         # in place of j
# sampling = "adiabatic-switching"
# phase_points = 1024     # of each vibrational state
# geometry = "chd3.xyz"   # where ASE has none of that formula
masses_amu = {H = 1.00782503, D = 2.01410178}

[incidence]
kind = "beam"             # or "desorption", with the last three of these and no v, j
energy_eV = {start = 0.2, stop = 0.8, num = 7}  # or 0.6, or [0.2, 0.4, 0.6]
polar_deg = [0, 30]       # from the surface normal
azimuth_deg = "random"
height_A = 7.0
# aim_atom = 47           # impacts only around this atom of the slab,
# aim_radius_A = 1.2      # as far as this from it
# divide_A = 1.4          # bond of the dividing surface that molecules desorb from,
# below_A = 2.6           # which reaches up to this height
# every_fs = 100          # between starts that are drawn from one chain
# kind = "adsorbed"       # in place of all keys above: it begins on the surface,
# site = "fcc"            # on the lowest site if none is named; or:
# place_A = [1.3, 0.7]

[surface]
element = "Cu"
# structure = "fcc"       # where it is not that of the element's reference state
facet = ["111", "100"]    # of any plane: "310", "1-10"; of a hcp crystal "0001", "10-10"
size = [3, 3, 6]
frozen_layers = 2         # "all": a rigid surface
temperature_K = [300, 925]  # 0: at rest
relax = false
lattice_constant_A = {"300" = 3.66, "925" = 3.71}  # or 3.66, or "auto"
# c_over_a = 1.62         # of a hcp crystal
vacuum_A = 40.0
images = false            # true: a surface covered with molecules is meant
# file = "slab.xyz"       # in place of element, facet, size and lattice constant
# substrate = ["Cu"]      # of a file: what makes up the slab; other atoms are adsorbates
# top_atoms = [45, 46]    # whose mean height is the top plane's; or:
# top_A = 10.6

[surface.adsorbates]
species = "H"
site = "top"
coverage = 0.3333         # of all top sites, or:
# cells = [[0, 0], [1, 1]]  # the cells that are occupied

[surface.thermalise]
timestep_fs = 2.0
friction_per_fs = 0.01
equilibrate_fs = 2000
decorrelate_fs = 200
replicas = 32
snapshots = 256

[potential]
kind = "mace"
file = "cu_h.model"
device = "auto"
precision = "float32"
committee = ["cu_h-2.model", "cu_h-3.model"]  # members whose forces are compared with these
trust_pickle = true       # opening a .model file runs the code inside
# head = "Default"        # of a .model that has several
# calculator = "emt"      # for kind = "ase"
# parameters = {}         # for kind = "ase"

[dynamics]
scheme = "multistep"      # the molecule's bond is stepped inside of each time step
bath = "bottom"           # the lowest moving layers exchange energy with a bath
bath_layers = 2
bath_per_fs = "auto"      # as the forces in the thermal snapshots say
timestep_fs = 1.0
# inner_steps = 8         # else as many as its period asks for
max_time_fs = 3000
energy_tolerance_eV = 0.05

[friction]
kind = "ldfa"             # electrons take energy from the molecule, and give it back
density = "atoms"         # superposed free atoms, or a file of a model of the density
atoms = {"Pd" = "pd.dat"} # where a free atom is not known: r in Å, density in 1/Å³
# electrons_K = 2000      # else the surface's; or "hot.csv"

[friction.laser]
fluence_mJ_per_cm2 = 5.0  # absorbed, of each pulse
fwhm_fs = 100
peaks_fs = [300, 1300]    # two pulses
depth_nm = 13
thickness_nm = 500
heat_J_per_m3K2 = 97      # of the metal, as all that follows
coupling_W_per_m3K = 1e17
conductivity_W_per_mK = 400
lattice_J_per_m3K = 3.4e6
debye_K = 343

[stop]
dissociated_A = 2.25
scattered_A = "auto"      # where the potential does not reach it any more
near_A = 3.0
# stop_on = "first bond"  # of atoms and polyatomics: "gas", or "time"
# bonds = {"C-H" = 2.5}   # lengths at which they break
# absorbed_A = 0.5        # what lies deeper is absorbed
# trapped_bounces = 10    # with negative energy, until it is trapped

[guards]
domain = true             # the bounds in the potential's own file hold
shortest_bond_A = 0.4
longest_bond_A = 2.3      # of those that the potential is good for
shortest_A = {"H-Cu" = 1.0}
lowest_A = -4.0           # of an atom of the molecule, from the top plane
every = 20                # steps from one look of the committee to the next
disagreement_eV_per_A = 0.2  # above it the worst frame of a trajectory is kept
leverage = 2.0            # likewise, for a potential that has such a measure
coupling_eV = 0.001       # of molecule and slab at the start: more is refused
most_failed = 0.01        # a campaign with more ends with exit code 3
most_unsettled = 0.01     # a point with more undecided or failed has bounds in place of S0

[sampling]
trajectories = 1000       # of each point; with a target, of its first round
target_error = 0.01       # half-width of the interval of S0, or
target_relative_error = 0.1  # that divided by S0; more rounds follow until either is met
# target_product = "CHD2* + D*"  # of atoms and polyatomics: what a target means, in place of S0
max_trajectories = 10000  # no point gets more
# method = "auto"         # rare events are split; "splitting": all points, "crude": none
# replicates = 8          # of each point that is split; with a target, at first
# moves = 4               # of each chain from one level to the next
# max_replicates = 64     # no point gets more

[frames]
trajectories = 5          # the first five of each point are recorded
every = 10                # steps
"""


def page() -> str:
    """The whole reference as Markdown."""
    sections = [_section(name, table) for name, table in tables().items()]
    example = f"## A complete example\n\n```toml\n{EXAMPLE}```\n"
    return "\n".join([HEAD, *sections, example])


def _section(name: str, table: type[Table]) -> str:
    lines = [
        f"## `[{name}]`\n",
        f"{_meaning(table)}\n",
        "| key | values | default | meaning |",
        "|---|---|---|---|",
        *(_row(table, key) for key in table.model_fields if f"{name}.{key}" not in tables()),
    ]
    return "\n".join(lines) + "\n"


def _meaning(table: type[Table]) -> str:
    """The docstring without its first words, which name the table."""
    first, *more = (table.__doc__ or "").split("\n\n")
    text = first.partition(": ")[2]
    return "\n\n".join([f"{text[0].upper()}{text[1:]}", *(" ".join(p.split()) for p in more)])


def _row(table: type[Table], key: str) -> str:
    field = table.model_fields[key]
    default = "required" if field.is_required() else default_written(field)
    shown = default if default in (None, "required") else f"`{default}`"
    text = (field.description or "").rstrip(".")
    meaning = f"{text[:1].upper()}{text[1:]}."
    values = phrase(table.model_fields[key].rebuild_annotation()).replace("|", "\\|")
    return f"| `{key}` | {values} | {shown or ''} | {meaning} |"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
