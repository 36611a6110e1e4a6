"""Gas-surface reactive scattering: molecules fired at thermal surfaces, many at once."""

import os
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# OpenMP reads this when its library is loaded, which ours and torch's are after this line. Threads
# that spin while they wait keep those they wait for from running where other work wants the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# The public names, each with the file that it stands in; loaded when they are asked for, so that
# the command line starts fast and `python -m scatter.gpu` runs where little is installed.
PUBLIC = {
    "run": "library",
    "converge": "library",
    "compare": "library",
    "Results": "report.tables",
    "UserError": "errors",
    "Potential": "potentials.base",
    "Evaluator": "potentials.base",
    "AseObject": "potentials.ase",
    "Family": "potentials.families",
    "Motion": "dynamics.motions",
    "Verlet": "dynamics.motions",
    "MultiStep": "dynamics.multistep",
    "Reference": "dynamics.multistep",
    "Ending": "dynamics.endings",
    "Observer": "dynamics.observers",
    "Sight": "dynamics.sight",
    "Column": "columns",
    "BRANCH": "columns",
    "WEIGHT": "columns",
    "Sampler": "campaign.samplers",
    "Plain": "campaign.samplers",
    "Rounds": "campaign.samplers",
    "Ended": "campaign.samplers",
    "requests": "campaign.samplers",
    "Projectile": "initial.projectile",
    "Diatomic": "initial.projectile",
    "Phase": "initial.projectile",
    "System": "state",
}


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'scatter' has no attribute '{name}'")
    return getattr(import_module(f"scatter.{PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
