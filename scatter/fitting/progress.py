"""How far a training is: what each epoch has brought, and what is said of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from scatter.report.terminal import clock

TELL_S = 30.0  # between two lines of progress


@dataclass(frozen=True)
class Epoch:
    """Errors on the validation part after an epoch: RMSE of the energy (meV) and forces (meV/Å)."""

    number: int
    energy: float
    forces: float


class Teller:
    """Says now and then how far a training is, how good the model, and how long it will take."""

    def __init__(self, epochs: int, say: Callable[[str], None]):
        """Tell of a training of so many epochs."""
        self.epochs, self.say = epochs, say
        self.began: dict[str, tuple[float, int]] = {}
        self.last = -TELL_S

    def __call__(self, name: str, epoch: Epoch) -> None:
        """Tell of this epoch if it is time, or if it is the last."""
        now = time.monotonic()
        start, first = self.began.setdefault(name, (now, epoch.number))
        final = epoch.number == self.epochs - 1
        if now - self.last < TELL_S and not final:
            return
        self.last = now
        text = (
            f"{name}: epoch {epoch.number + 1} of {self.epochs}, validation RMSE "
            f"E {epoch.energy:.1f} meV, F {epoch.forces:.1f} meV/Å"
        )
        if epoch.number > first:
            each = (now - start) / (epoch.number - first)
            text += f", {clock(each * (self.epochs - 1 - epoch.number))} left"
        self.say(text)
