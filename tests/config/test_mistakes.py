"""Every mistake in an input file is one sentence; `bad_values.txt` holds one for every key."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scatter.config import Input, parse, tables
from scatter.config.values import inside, shapes, written
from scatter.settings import Table, UserError

FILE = Path("input.toml")
BASE = {
    "molecule": {"formula": '"H2"', "v": "0", "j": "0"},
    "incidence": {"energy_eV": "0.3"},
    "surface": {"temperature_K": "300"},
}
RANGE = {"energy_eV.start": "0.2", "energy_eV.stop": "1.0", "energy_eV.num": "5"}
MOLECULE = '[molecule]\nformula = "H2"\nv = 0\nj = 0\n'
INCIDENCE = "[incidence]\nenergy_eV = 0.3\n"
SURFACE = "[surface]\ntemperature_K = 300\n"
WHOLE = MOLECULE + INCIDENCE + SURFACE


def bad_values():
    """Every entry of the text file as (table, key, value, sentence)."""
    for entry in Path(__file__).with_name("bad_values.txt").read_text().split("\n\n"):
        written_as, *rule = (line.strip() for line in entry.strip().split("\n"))
        place, value = written_as.split(" = ", 1)
        table, key = place[1:].split("] ")
        yield table, key, value, f"{FILE}, {written_as}: {' '.join(rule)}"


def text_with(table, key, value):
    """A right input but for one key."""
    content = {name: dict(keys) for name, keys in BASE.items()}
    if key in RANGE:
        content["incidence"] = dict(RANGE)
    content.setdefault(table, {})[key] = value
    return toml(content)


def toml(content):
    return "".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
        for name, keys in content.items()
    )


def refusal(text):
    with pytest.raises(UserError) as caught:
        parse(FILE, text)
    return str(caught.value)


def every_key():
    """(table, key) of all there are, those of tables within a key (a range) included."""
    for name, table in tables().items():
        for key in table.model_fields:
            if f"{name}.{key}" in tables():
                continue
            yield name, key
            for shape in shapes(inside(table, key)):
                if isinstance(shape.kind, type) and issubclass(shape.kind, Table):
                    yield from ((name, f"{key}.{deeper}") for deeper in shape.kind.model_fields)


def test_every_key_has_a_bad_value():
    assert {case[:2] for case in bad_values()} == set(every_key())


@pytest.mark.parametrize(
    ("table", "key", "value", "sentence"),
    [pytest.param(*case, id=f"{case[0]}.{case[1]}") for case in bad_values()],
)
def test_a_bad_value_gets_its_sentence(table, key, value, sentence):
    assert refusal(text_with(table, key, value)) == sentence


@pytest.mark.parametrize("name", tables())
def test_an_unknown_key_is_refused_in_every_table(name):
    found = refusal(text_with(name, "zzz", "1"))
    assert found == (
        f"input.toml, [{name}]: unknown key 'zzz'; known: {', '.join(tables()[name].model_fields)}"
    )


@pytest.mark.parametrize(
    ("name", "key"),
    [(n, k) for n, t in tables().items() for k, f in t.model_fields.items() if f.is_required()],
)
def test_a_missing_key_is_named_with_what_to_write(name, key):
    content = {**BASE, name: {k: v for k, v in BASE[name].items() if k != key}}
    found = refusal(toml(content))
    assert found.startswith(f"input.toml, [{name}]: the key '{key}' is missing; add {key} = ")
    parse(FILE, text_with(name, key, found.partition(" = ")[2]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            INCIDENCE + SURFACE,
            ': the table [molecule] is missing; add [molecule] with formula = "H2", v = 0, j = 0',
        ),
        (
            MOLECULE + "[incidence]\nenergy_ev = 0.3\n" + SURFACE,
            ", [incidence]: unknown key 'energy_ev'; did you mean 'energy_eV'?",
        ),
        (
            WHOLE + "[run]\ntrajectories = 10\n",
            ", [run]: unknown key 'trajectories'; it belongs in [sampling] or [frames]",
        ),
        ("seed = 1\n" + WHOLE, ": the key 'seed' is outside any table; it belongs in [run]"),
        (
            WHOLE + "[surface.thermalize]\nreplicas = 8\n",
            ": unknown table [surface.thermalize]; did you mean [surface.thermalise]?",
        ),
        (
            WHOLE + "[dynamics]\nbath_layers = 2\n",
            ', [dynamics]: bath_layers = 2 applies to a bath only, and bath is "none"; remove it, '
            'or write bath = "bottom"',
        ),
        (
            WHOLE + "[thermalise]\n",
            ": unknown table [thermalise]; did you mean [surface.thermalise]?",
        ),
        (
            MOLECULE + "[incidence]\nenergy_ev = {start = 0.2, stop = 1, num = 5}\n" + SURFACE,
            ", [incidence]: unknown key 'energy_ev'; did you mean 'energy_eV'?",
        ),
        (
            WHOLE + "[surface.magnet]\n",
            ": unknown table [surface.magnet]; the tables are [run], [molecule], [incidence], "
            "[surface], [surface.adsorbates], [surface.thermalise], [potential], [dynamics], "
            "[friction], [friction.laser], [stop], [guards], [sampling], [frames]",
        ),
        (
            MOLECULE.replace("formula", "FORMULA") + INCIDENCE + SURFACE,
            ", [molecule]: unknown key 'FORMULA'; did you mean 'formula'?",
        ),
        (
            WHOLE + "[magnet]\n",
            ": unknown table [magnet]; the tables are [run], [molecule], [incidence], [surface], "
            "[surface.adsorbates], [surface.thermalise], [potential], [dynamics], "
            "[friction], [friction.laser], [stop], [guards], [sampling], [frames]",
        ),
        (
            '[[molecule]]\nformula = "H2"\n' + INCIDENCE + SURFACE,
            ": [[molecule]] is a list of tables; write [molecule] once, in single brackets",
        ),
        (
            WHOLE + "thermalise = 3\n",
            ", [surface] thermalise = 3: must be a table; "
            "write its keys under [surface.thermalise]",
        ),
        ("stop = 2\n" + WHOLE, ", stop = 2: must be a table; write its keys under [stop]"),
    ],
)
def test_what_stands_in_the_wrong_place_is_sent_to_the_right_one(text, sentence):
    assert refusal(text) == f"input.toml{sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            MOLECULE + '[incidence]\nenergy_eV = [0.3, "0.4"]\n' + SURFACE,
            '[incidence] energy_eV, item 2 = "0.4": must be a number greater than 0, not text; '
            "write 0.4",
        ),
        (
            '[molecule]\nformula = "H2"\nstates = [[0, 1], [1]]\n' + INCIDENCE + SURFACE,
            "[molecule] states, item 2 = [1]: must be a list of 2 whole numbers from 0 to 1000",
        ),
        (
            '[molecule]\nformula = "H2"\nstates = [[0, -1]]\n' + INCIDENCE + SURFACE,
            "[molecule] states, item 1, item 2 = -1: must be a whole number from 0 to 1000",
        ),
        (
            WHOLE + 'lattice_constant_A = {"300" = 0}\n',
            "[surface] lattice_constant_A.300 = 0: must be a number greater than 0",
        ),
        (
            MOLECULE + "[incidence]\nenergy_eV = {start = 0.2, stop = 1.0}\n" + SURFACE,
            "[incidence] energy_eV = {start = 0.2, stop = 1.0}: the key 'num' is missing; "
            "add num = 5",
        ),
        (
            MOLECULE + "[incidence]\nenergy_eV = []\n" + SURFACE,
            "[incidence] energy_eV = []: must be a number greater than 0, a list of them, or a "
            "table {start, stop, num}, not empty; for example energy_eV = [0.2, 0.4, 0.6]",
        ),
        (
            WHOLE + "[sampling]\ntrajectories = 1e4\n",
            "[sampling] trajectories = 10000.0: must be a whole number greater than 0 and at most "
            "1000000000; write 10000",
        ),
    ],
)
def test_a_mistake_inside_a_value_is_named_where_it_is(text, sentence):
    assert refusal(text) == f"input.toml, {sentence}"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (MOLECULE + "mj = 1\n" + INCIDENCE + SURFACE, "[molecule]: mj = 1 is impossible"),
        (WHOLE + 'facet = "211"\nsize = [4, 3, 6]\n', "[surface]: size = [4, 3, 6]"),
        (WHOLE + '[potential]\nkind = "mace"\n', "[potential]: kind = 'mace' needs the key 'file'"),
        (
            WHOLE + "[surface.thermalise]\ndecorrelate_fs = 1\n",
            "[surface.thermalise]: decorrelate_fs = 1 is shorter than timestep_fs = 2",
        ),
    ],
)
def test_keys_that_contradict_one_another_are_named_with_their_table(text, start):
    assert refusal(text).startswith(f"input.toml, {start}")


def test_of_several_mistakes_one_is_told_and_the_others_are_counted():
    found = refusal(WHOLE + "[run]\nseed = -1\nslots = 0\n[stop]\nnear_A = 0\n")
    assert found == (
        "input.toml, [run] seed = -1: must be a whole number from 0 to 9223372036854775807; "
        "without this key it is 0 (and 2 more mistakes)"
    )


def test_of_several_mistakes_an_unknown_key_is_told_first():
    found = refusal(WHOLE + "[run]\nseed = -1\n[stop]\nnear = 3.0\n")
    assert found == (
        "input.toml, [stop]: unknown key 'near'; did you mean 'near_A'? (and 1 more mistake)"
    )


def test_a_long_value_is_cut():
    found = refusal(text_with("incidence", "height_A", "0x" + "f" * 5000))
    assert found == (
        f"input.toml, [incidence] height_A = 0x{'f' * 58}…: must be a number greater than 0, "
        'or "auto", and finite; without this key it is 7.0'
    )


SCALARS = (
    st.booleans()
    | st.integers(0, 5)
    | st.integers(-1000, 1000)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["auto", "random", "H2", "0.3", "211", "", "\n", "mace", 2**200, 10**400])
    | st.datetimes()
)
KEYS = st.sampled_from(["start", "stop", "num", "300", "H", "range", "value", "0", "ü\n"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=4,
)
PLACES = st.sampled_from([*every_key(), *((name, "zzz") for name in tables())])


@pytest.mark.slow
@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.dictionaries(PLACES, VALUES, min_size=1, max_size=2))
def test_any_value_at_any_key_is_taken_or_refused_in_one_sentence(changes):
    content = {name: dict(keys) for name, keys in BASE.items()}
    for (name, key), value in changes.items():
        if key in RANGE:
            content["incidence"] = {**RANGE, **content["incidence"]}
            content["incidence"].pop("energy_eV", None)
        content.setdefault(name, {})[key] = written(value)
    try:
        found = parse(FILE, toml(content)).input
    except UserError as error:
        found = str(error)
    assert isinstance(found, Input) or found.startswith("input.toml")
    assert isinstance(found, Input) or found.isprintable()
    assert not any(jargon in str(found) for jargon in ("Input should", "pydantic", "validat"))
