"""What a campaign found, section by section, from its results alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from scatter import store
from scatter.campaign.document import Exhibit, Section, write_document
from scatter.ebk import Curve, level, levels
from scatter.plots.energy import ledger_figure, transfer_figure
from scatter.plots.fits import fit_figure
from scatter.plots.quality import quality_figure
from scatter.plots.states import channels_figure, state_maps
from scatter.plots.sticking import sticking_figure
from scatter.statistics import (
    CONDITIONS,
    HISTOGRAM,
    PARITY,
    Counts,
    Efficacy,
    Fit,
    PerPoint,
    Sticking,
    Undetermined,
    channels,
    curves,
    efficacy,
    fit,
    homonuclear,
    in_turn,
    quality,
    rotational_temperatures,
    scanned,
    sticking,
    transitions,
)
from scatter.statistics.ledger import Species, ledgers
from scatter.statistics.ledger_tables import ledger_histograms, ledger_means

MOST = 8  # initial states that get figures of their own
HIGHEST = {"v": 6, "J": 30}  # levels that final states are compared with
Row = TypeVar("Row", bound=Sticking | PerPoint)


@dataclass(frozen=True)
class Molecule:
    """Masses (amu) and bond curve of a molecule, as `scatter.statistics.Species` asks."""

    masses: np.ndarray
    curve: Curve


@dataclass(frozen=True)
class Results:
    """A campaign's results: `points` and `trajectories` of results.h5, and what is made of them.

    Attributes:
        points: /points.
        trajectories: those of /trajectories that are `in_turn`.
        attributes: of the file.
        molecules: masses and bond curves, by formula; empty in files that do not hold them.
        rows: sticking probabilities.
    """

    points: np.ndarray
    trajectories: np.ndarray
    attributes: Mapping[str, Any]
    molecules: Mapping[str, Species]
    rows: Sequence[Sticking]

    @classmethod
    def of(cls, folder: Path) -> "Results":
        """The results in a campaign's folder.

        Raises:
            UserError: there are none.
        """
        points, ended, attributes = store.read_results(folder)
        molecules = {
            formula: Molecule(one["masses_amu"], Curve(one["bond_A"], one["energy_eV"]))
            for formula, one in store.read_molecules(folder).items()
        }
        counted = in_turn(ended)
        return cls(points, counted, attributes, molecules, sticking(points, counted))


def scans(rows: Iterable[Row], axis: str = "energy_eV") -> Iterator[tuple[str, list[Row]]]:
    """Rows that differ along one axis alone, with the words and the stem that name them."""
    rows = list(rows)
    names = [name for name in CONDITIONS if name != axis]

    def key(row: Row) -> tuple:
        return tuple((getattr(row, name) is None, str(getattr(row, name))) for name in names)

    for _, group in groupby(sorted(rows, key=key), key):
        found = list(group)
        yield in_words(found[0]), found


def in_words(row: Any) -> str:
    """The conditions of a row but its energy."""
    said = [f"({row.facet})" if row.facet.isdecimal() else row.facet, f"{row.T_K:g} K"]
    said.append(f"{row.molecule} v = {row.v}, J = {row.J}")
    said += [] if row.mJ is None else [f"m_J = {row.mJ:g}"]
    said += [f"{row.polar_deg:g}° from the normal"] if row.polar_deg else []
    return ", ".join(said)


def stem_of(words: str) -> str:
    """A name for files from words."""
    kept = "".join(letter if letter.isalnum() else " " for letter in words)
    return "_".join(kept.split())


def curve_section(results: Results) -> Section:
    """S0 with its fits, and the efficacy of the vibration."""
    rows, axis = results.rows, scanned(results.rows)
    columns = ("facet", "T_K", "molecule", "v", "J", "energy_eV", "polar_deg", "n", "dissociated",
               "undecided", "failed", "S0", "low", "high")  # fmt: skip
    table = [{name: getattr(row, name) for name in (*CONDITIONS, *columns[7:])} for row in rows]
    exhibits = [
        Exhibit("sticking", "Sticking probability S0 with 95 % Wilson intervals; a band reaches to "
                "what undecided and failed trajectories could have made of it.",
                sticking_figure(rows), table, columns),
    ]  # fmt: skip
    sentences = []
    if axis == "energy_eV":
        exhibits += _fits(results, sentences)
    return Section("Sticking", sentences, exhibits)


def _fits(results: Results, sentences: list[str]) -> Iterator[Exhibit]:
    """The fitted curves; what could not be fitted is said in a sentence."""
    groups = list(scans(results.rows))[:MOST]
    found = [fit(Counts.of(group)) for _, group in groups]
    told = []
    for (words, _), one in zip(groups, found, strict=True):
        if isinstance(one, Fit):
            shown = {name: value for name, value in vars(one).items()
                     if not isinstance(value, np.ndarray)}  # fmt: skip
            told.append({"state": words, **{name: shown[name] for name in FITTED}})
        else:
            sentences.append(f"{words}: {one.sentence}")
    if told:
        drawn = [curves(group, "energy_eV")[0] for _, group in groups]
        yield Exhibit(
            "fits", "Error functions S0 = A/2 [1 + erf((E - E0)/W)] of the largest likelihood of "
            "the counts, with 95 % bands from resampled counts; p: probability of a worse fit were "
            "the curve true.", fit_figure(drawn, found), told, ("state", *FITTED),
        )  # fmt: skip
    sentences += _efficacies(results, groups, found)


def _efficacies(results: Results, groups: Sequence[tuple[str, list[Sticking]]],
                found: Sequence[Fit | Undetermined]) -> Iterator[str]:  # fmt: skip
    """The vibrational efficacy of neighbouring states, where both could be fitted."""
    fitted = [(group[0], one) for (_, group), one in zip(groups, found, strict=True)
              if isinstance(one, Fit)]  # fmt: skip
    for first, low in fitted:
        for second, high in fitted:
            alike = all(getattr(first, name) == getattr(second, name)
                        for name in CONDITIONS if name not in ("v", "energy_eV"))  # fmt: skip
            if not alike or second.v != first.v + 1 or first.molecule not in results.molecules:
                continue
            one = results.molecules[first.molecule]
            mu = _reduced(one.masses)
            states = [level(row.v, row.J, one.curve, mu).energy for row in (first, second)]
            eta = efficacy(low, high, states[1] - states[0])
            if isinstance(eta, Efficacy):
                yield (
                    f"{in_words(first)} → v = {second.v}: vibrational efficacy η = {eta.eta:.2f} "
                    f"({eta.low:.2f}-{eta.high:.2f}), E0 lower by {eta.shift_eV:.3f} eV for "
                    f"{eta.spacing_eV:.3f} eV of vibration."
                )


FITTED = ("E0_eV", "E0_low_eV", "E0_high_eV", "W_eV", "W_low_eV", "W_high_eV", "A", "A_low",
          "A_high", "p_value")  # fmt: skip


def state_section(results: Results) -> Section:
    """State-to-state probabilities, by histogram; of homonuclear molecules by parity."""
    exhibits, sentences = [], []
    for words, found in _shown(_transitions(results), sentences):
        exhibits.append(Exhibit(
            f"states_{stem_of(words)}", f"{words}: final states of the scattered. Numbers are "
            "probabilities among the scattered; in the file each has its 95 % interval.",
            state_maps(found), found,
        ))  # fmt: skip
    for words, found in _shown(channels(results.points, results.trajectories), []):
        exhibits.append(Exhibit(
            f"vibration_{stem_of(words)}", f"{words}: probability that a trajectory scatters with "
            "the same, a higher or a lower v, with 95 % intervals.",
            channels_figure(found), found,
        ))  # fmt: skip
    temperatures = _temperatures(results)
    if temperatures:
        exhibits.append(Exhibit(
            "rotational_temperatures", "Rotational temperature of the scattered within each final "
            "v' (largest likelihood; bootstrap intervals of 95 %).", None, temperatures,
            ("molecule", "v", "J", "energy_eV", "v_final", "scattered", "temperature_K", "low_K",
             "high_K"),
        ))  # fmt: skip
    return Section("Final states", sentences, exhibits)


def _transitions(results: Results) -> list[Any]:
    """Final states, in bins that keep the parity of J where the molecule does."""
    found = []
    for formula in dict.fromkeys(row.molecule for row in results.rows):
        mine = results.points[results.points["molecule"] == formula]
        theirs = np.isin(results.trajectories["point"], mine["point"])
        binning = PARITY if homonuclear(formula) else HISTOGRAM
        found += transitions(mine, results.trajectories[theirs], binning)
    return found


def _temperatures(results: Results) -> list[Any]:
    if not results.molecules:
        return []
    ladders = {
        formula: levels(HIGHEST["v"], HIGHEST["J"], one.curve, _reduced(one.masses))
        for formula, one in results.molecules.items()
    }
    return rotational_temperatures(results.points, results.trajectories, ladders)


def _reduced(masses: np.ndarray) -> float:
    return float(masses.prod() / masses.sum())


def energy_section(results: Results) -> Section:
    """The ledger: means against incidence energy, and what the slab took."""
    if not results.molecules:
        return Section("Energy", ["These results do not hold the molecules' bond curves: run the "
                                  "same command again to have them added."])  # fmt: skip
    entries = ledgers(results.points, results.trajectories, results.molecules)
    exhibits, sentences = [], [_closure(entries)]
    for words, found in _shown(ledger_means(results.points, entries), sentences):
        exhibits.append(Exhibit(
            f"energy_{stem_of(words)}", f"{words}: mean change of each energy of the scattered, "
            "final less initial, with 95 % intervals.", ledger_figure(found), found,
        ))  # fmt: skip
    bins = ledger_histograms(results.points, entries, terms=["to_slab_eV"])
    for words, found in _shown(bins, []):
        if any(row.outcome == "scattered" for row in found):
            exhibits.append(Exhibit(
                f"to_slab_{stem_of(words)}", f"{words}: energy that the scattered gave to the "
                "slab.", transfer_figure(found), found,
            ))  # fmt: skip
    return Section("Energy", sentences, exhibits)


def _closure(entries: np.ndarray) -> str:
    """How well the terms, each computed by itself, add up."""
    largest = 1e3 * np.abs(entries["deviation_eV"]).max(initial=0.0)
    return (
        "Every term is the change of an energy that was computed at both ends; none is what the "
        f"conservation of energy leaves over. Their sums deviate from zero by {largest:.2f} meV at "
        "most, which is the error of the integration."
    )


def _shown(rows: Iterable[Any], sentences: list[str]) -> Iterator[tuple[str, list[Any]]]:
    """The first scans; the sentences say how many more there are."""
    found = list(scans(rows))
    if len(found) > MOST:
        sentences.append(f"{len(found) - MOST} of {len(found)} initial states are not drawn.")
    yield from found[:MOST]


def quality_section(results: Results) -> Section:
    """How far to trust it: energy errors, endings without an answer, and where it comes from."""
    found = quality(results.trajectories)
    told = [
        {"what": name, "value": str(value)}
        for name, value in results.attributes.items()
        if name not in ("input", "identity")
    ]
    sentences = [
        f"{found.n} trajectories; largest energy error {1e3 * found.max_energy_error_eV:.2f} meV, "
        f"RMS {1e3 * found.rms_energy_error_eV:.2f} meV; undecided {found.undecided:.2%}, failed "
        f"{found.failed:.2%}. Both count as not dissociated in S0.",
    ]
    figure = quality_figure(results.trajectories)
    return Section("Quality", sentences, [
        Exhibit("energy_error", "Largest deviation of the total energy along each trajectory; and "
                "how long trajectories took.", figure),
        Exhibit("provenance", "What made these numbers.", None, told, ("what", "value")),
    ])  # fmt: skip


SECTIONS = (curve_section, state_section, energy_section, quality_section)


def write_report(folder: Path) -> Path:
    """Write `report.html` of a campaign, and its figures and numbers into `report/`.

    Raises:
        UserError: there are no results.
    """
    results = Results.of(folder)
    path = folder / "report.html"
    title = f"Scattering of {', '.join(dict.fromkeys(row.molecule for row in results.rows))}"
    write_document(path, title, _lead(results), [make(results) for make in SECTIONS])
    return path


def _lead(results: Results) -> str:
    """The question: what was fired at what, how often, on which potential."""
    rows = results.rows
    surfaces = dict.fromkeys(f"{in_words(row).split(' K, ')[0]} K" for row in rows)
    energies = sorted({row.energy_eV for row in rows})
    span = (
        f"{energies[0]:g} eV" if len(energies) == 1 else f"{energies[0]:g} to {energies[-1]:g} eV"
    )
    return (
        f"{sum(row.n for row in rows):,} trajectories at {len(rows)} points on "
        f"{', '.join(surfaces)}, incidence energies {span} eV; potential: "
        f"{results.attributes['potential']}."
    )
