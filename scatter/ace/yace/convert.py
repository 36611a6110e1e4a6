"""Between a linear ACE and the `.yace` file of LAMMPS, both ways, checked on the way."""

from pathlib import Path

from scatter.ace.cpu import Ace
from scatter.ace.file import LinearAce
from scatter.ace.yace.file import write_tree
from scatter.ace.yace.read import read_model, read_yace
from scatter.ace.yace.write import yace_tree
from scatter.fitting.agreement import agreements
from scatter.settings import UserError


def export_yace(source: Path, target: Path) -> list[str]:
    """Write a linear ACE (`.npz`) as a `.yace` file.

    Args:
        source: made by `scatter fit`.
        target: to write.

    Returns:
        What the radial functions of the file lack, and how far its energies and forces are from
        those of the source.

    Raises:
        UserError: the source is not a linear ACE, or not invariant.
    """
    model = LinearAce.read(source)
    try:
        tree, residual = yace_tree(model)
    except ValueError as error:
        raise UserError(f"{source}: {error}; nothing written") from error
    write_tree(tree, target)
    written = {"float64": Ace(read_model(tree, target.name)[0])}
    (compared,) = agreements(Ace(model), written, model.numbers, float(model.cutoff.max()))
    return [str(residual), str(compared)]


def import_yace(source: Path, target: Path) -> list[str]:
    """Write a `.yace` file as a linear ACE (`.npz`).

    Raises:
        UserError: the source cannot be read, or is more than a linear ACE.
    """
    model, embedding = read_yace(source)
    if embedding:
        raise UserError(
            f"{source}: has densities with powers, which an .npz does not hold; open it as it is, "
            "by kind = 'ace' and file, or by its name"
        )
    model.write(target)
    return [Ace(model, target.name).description]


def convert_yace(source: Path, target: Path) -> list[str]:
    """`export_yace` or `import_yace`, by the names of the files.

    Raises:
        UserError: also where the names do not fit, or there is no such file.
    """
    if not source.is_file():
        raise UserError(f"MODEL = '{source}': there is no such file")
    wanted = ".npz" if source.suffix == ".yace" else ".yace"
    if target.suffix != wanted:
        raise UserError(
            f"OUT = '{target}': of a {source.suffix} file comes one that ends in {wanted}"
        )
    return (import_yace if wanted == ".npz" else export_yace)(source, target)
