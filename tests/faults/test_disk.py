"""What a disk may do to a campaign: be full, vanish, lie."""

import io
import resource
import shutil

import pytest
from launches import Launch, known, output, same_bits
from processes import wait_until
from rich.console import Console
from tiny_runs import run_in

from scatter import store
from scatter.report.status import status
from scatter.report.sticking import analyse
from scatter.results.read import read_results
from scatter.settings import UserError

pytestmark = pytest.mark.slow

CHANGES = {"sampling__trajectories": 150, "frames__trajectories": 0, "run__slots": 4}


@pytest.fixture(scope="module")
def whole(write_tiny, tmp_path_factory):
    """The rows of the campaign, and its folder; tests leave it as it is."""
    folder = run_in(write_tiny(tmp_path_factory.mktemp("whole"), **CHANGES).parent)
    return read_results(folder)[1], folder


@pytest.fixture
def path(write_tiny, tmp_path):
    return write_tiny(tmp_path, **CHANGES)


@pytest.fixture
def done(whole, path):
    """A copy of the whole campaign, to be damaged."""
    shutil.copytree(whole[1], output(path))
    return output(path)


def begun(path):
    """A launch that has written its first block."""
    launch = Launch(path, 1, path.parent)
    wait_until(lambda: store.block_files(output(path)), launch.process)
    return launch


def refused(launch):
    """The one sentence that a launch ends with."""
    code, out, err = launch.end(60)
    assert code == 2, (code, out, err)
    assert err.startswith("scatter: ")
    assert err.count("\n") == 1, err
    return err


def told(verb, folder, **options):
    """What a verb prints."""
    stream = io.StringIO()
    verb(folder, Console(file=stream, width=1000), **options)
    return stream.getvalue()


def again(path):
    """The rows once the same command is given again."""
    return read_results(run_in(path.parent))[1]


def test_a_full_disk_is_one_sentence_and_what_was_kept_is_gone_on_with(whole, path):
    launch = begun(path)
    resource.prlimit(launch.process.pid, resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    err = refused(launch)
    assert "out: results cannot be written there (File too large); all that was written" in err
    rows = known(path)
    assert 0 < len(rows) < len(whole[0])
    assert same_bits(rows, whole[0])
    assert not [*output(path).glob("**/.*")]
    assert again(path).tobytes() == whole[0].tobytes()


def test_a_folder_that_vanishes_is_one_sentence(whole, path):
    launch = begun(path)
    shutil.rmtree(output(path))
    assert "(No such file or directory); all that was written before is kept" in refused(launch)
    assert again(path).tobytes() == whole[0].tobytes()


def test_a_place_where_nothing_can_be_written_is_one_sentence(write_tiny, tmp_path):
    write_tiny(tmp_path, **CHANGES, run__output="/proc/scatter/out")
    with pytest.raises(UserError, match="/proc/scatter/out: results cannot be written there"):
        run_in(tmp_path)


def flipped(content):
    return content[:200] + bytes([content[200] ^ 16]) + content[201:]


@pytest.mark.parametrize("damage", [flipped, lambda content: content[:-1], lambda content: b""])
def test_a_damaged_block_is_named_and_all_others_are_still_read(whole, done, damage):
    lost, *others = store.block_files(done)
    rest = sum(len(store.read_block(path)) for path in others)
    lost.write_bytes(damage(lost.read_bytes()))
    sentence = f"{lost}: this block of finished trajectories is damaged"
    with pytest.raises(UserError, match=sentence):
        told(status, done)
    with pytest.raises(UserError) as verdict:
        told(status, done, check=True)
    assert f"1 of {len(others) + 1} blocks are damaged" in str(verdict.value)
    assert f"delete {lost.name} in {done / 'blocks'}" in str(verdict.value)
    rows = read_results(done)[1]
    assert len(rows) == rest
    assert same_bits(rows, whole[0])


def test_results_that_are_damaged_are_made_anew_from_the_blocks(whole, done):
    file = done / "results.h5"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(UserError, match="results.h5"):
        told(analyse, done)
    told(status, done, check=True)
    assert read_results(done)[1].tobytes() == whole[0].tobytes()


def test_status_makes_results_anew_only_when_blocks_have_come_or_gone(whole, done):
    def made():
        told(status, done)
        return (done / "results.h5").stat().st_mtime_ns

    first = made()  # the copy's blocks may be younger than its results
    assert made() == first
    store.block_files(done)[0].unlink()
    assert made() > first
    assert len(read_results(done)[1]) < len(whole[0])
