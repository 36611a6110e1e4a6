# Sourced by scripts/run, scripts/test and .ci/run: fills .venv, once for each set of pins.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv

say() { printf '== %s\n' "$*" >&2; }
refuse() { printf 'scatter: %s\n' "$*" >&2; exit 2; }

# Print the first Python of version 3.11 to 3.14 that can make environments.
find_python() {
    local name found=""
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        # A name on the path may be an empty shim, so only what runs counts.
        "$name" -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
            >/dev/null 2>&1 || continue
        found=$name
        "$name" -I -c 'import ensurepip, venv' >/dev/null 2>&1 && { echo "$name"; return; }
    done
    [ -z "$found" ] || refuse "$found lacks the module venv or ensurepip, which make an" \
        "environment; install it (Debian and Ubuntu: apt install python3-venv), then run this again"
    refuse "found no Python 3.11 to 3.14${PYTHON:+ in PYTHON=$PYTHON}; install one," \
        "or name it, as in: PYTHON=/path/to/python3.12 $0"
}

has_pip() { "$venv/bin/python" -I -m pip -V >/dev/null 2>&1; }

# Make .venv, unless a usable one is there. Its scripts name the folder they were made in, so
# what was copied or moved is made anew; an environment of the user's own is never cleared.
make_venv() {
    local python made_in
    made_in=$(cat "$venv/made-in" 2>/dev/null || true)
    has_pip && [ "${made_in:-$root}" = "$root" ] && return
    [ ! -e "$venv" ] || [ -n "$made_in" ] ||
        refuse "$venv has no pip and was not made by this script; remove it, then run this again"
    python=$(find_python) || exit
    say "Making $venv with $python, $("$python" -V)"
    "$python" -I -m venv --clear --without-pip "$venv"
    echo "$root" >"$venv/made-in"
    "$venv/bin/python" -I -m ensurepip --default-pip >/dev/null
}

# Bring .venv up to date with the package and an extra of pyproject.toml, or "base" for none.
prepare() {
    local extra=$1 package=$root wanted
    [ "$extra" = base ] || package="$root[$extra]"
    wanted="$root $(cat "$root/pyproject.toml" "$root/constraints.txt" | cksum)"
    # What was installed with the test extra holds the base and the quick extra as well.
    grep -qsxF "$wanted" "$venv/installed-$extra" "$venv/installed-test" && return
    make_venv
    say "Installing scatter ($extra) with the versions of constraints.txt; it takes minutes"
    "$venv/bin/python" -I -m pip --disable-pip-version-check --no-input install -qq \
        --constraint "$root/constraints.txt" --editable "$package"
    echo "$wanted" >"$venv/installed-$extra"
}
