"""Gas-surface reactive scattering: molecules fired at thermal surfaces, many at once."""

import os

__version__ = "0.1.0"

# OpenMP reads this when its library is loaded, which ours and torch's are after this line. Threads
# that spin while they wait keep those they wait for from running where other work wants the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
