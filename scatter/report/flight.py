"""`scatter fit flight`: what a measured time of flight says of the sticking probability."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rich.console import Console

from scatter.analysis import Detector, Flight, Undetermined, fit_flight, read_flight
from scatter.analysis.likelihood import FORMS, Form
from scatter.initial.formulas import atoms_of
from scatter.phrases import interval
from scatter.plots.flight import flight_figure
from scatter.plots.style import save
from scatter.report.averages import into
from scatter.report.document import write_rows
from scatter.report.listing import Listing
from scatter.report.terminal import say
from scatter.settings import UserError


@dataclass(frozen=True)
class Experiment:
    """How a time of flight was measured.

    Attributes:
        molecule: formula.
        surface_K: temperature of the surface.
        form: of the curve: "erf", "logistic" or "gompertz".
        length_mm: see `Detector`; so are the others.
    """

    molecule: str
    surface_K: float
    form: str
    length_mm: float
    spread_mm: float
    gate_us: float
    delay_us: float
    counts: str

    def flight(self, path: Path) -> Flight:
        """It, with what a file says was counted.

        Raises:
            UserError: an option or the file is wrong.
        """
        if self.form not in FORMS:
            raise UserError(f"--form {self.form}: must be one of {', '.join(FORMS)}")
        if self.counts not in ("flux", "density"):
            raise UserError(f"--detector {self.counts}: is neither flux nor density")
        try:
            mass = sum(mass for _, mass in atoms_of(self.molecule, {}))
        except ValueError as error:
            raise UserError(f"--molecule {self.molecule}: {error}") from error
        lengths = self.length_mm, self.spread_mm, self.gate_us, self.delay_us
        if self.spread_mm >= 2 * self.length_mm:
            raise UserError(
                f"--spread-mm {self.spread_mm:g}: must be less than twice --length-mm "
                f"{self.length_mm:g}"
            )
        detector = Detector(*lengths, "flux" if self.counts == "flux" else "density")
        return Flight(*read_flight(path), mass, self.surface_K, detector)


def report_flight(
    path: Path, experiment: Experiment, console: Console, output: Path | None = None
) -> dict[str, float | str]:
    """Fit E0 and W to a time of flight; print them, and write the curve and its figure.

    Args:
        path: CSV file with the columns time_us and counts.
        experiment: how it was measured.
        console: where to speak.
        output: folder to write into; by default the file's.

    Raises:
        UserError: the file or an option is wrong, or the counts do not determine the curve.
    """
    flight = experiment.flight(path)
    fitted = fit_flight(flight, cast(Form, experiment.form))
    if isinstance(fitted, Undetermined):
        raise UserError(f"{path}: {fitted.sentence}")
    folder = into(output, [path.parent])
    stem = folder / f"{path.stem}_fit"
    columns = zip(flight.time_us.tolist(), flight.counts.tolist(), fitted.expected, strict=True)
    rows = [{"time_us": t, "counts": n, "expected": float(mu)} for t, n, mu in columns]
    write_rows(stem.with_suffix(".csv"), rows)
    title = f"{experiment.molecule}, surface at {experiment.surface_K:g} K"
    save(flight_figure(flight, fitted, title), stem)
    line = [
        *(f"{fitted.E0_eV:.4f}", interval(fitted.E0_low_eV, fitted.E0_high_eV, ".4f")),
        *(f"{fitted.W_eV:.4f}", interval(fitted.W_low_eV, fitted.W_high_eV, ".4f")),
        *(f"{fitted.background:.4g}", f"{fitted.p_value:.2g}"),
    ]
    header = ("E0 (eV)", "95 %", "W (eV)", "95 %", "background", "p")
    console.print(Listing(["form"], header, [([experiment.form], line)], title))
    say(console, "S0 = A g((E - E0)/W); the counts do not determine A")
    say(console, f"table:  {stem}.csv\nfigure: {stem}.png")
    return {"form": fitted.form, "E0_eV": fitted.E0_eV, "W_eV": fitted.W_eV}
