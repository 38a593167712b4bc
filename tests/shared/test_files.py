"""Files are old or new and never half, private from their first byte, and locks die with their owner."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import DiskError
from shared.files import (
    Lock,
    check_could_make,
    disk_errors,
    make_private_folder,
    move_into_place,
    sha256_of,
    sync_folder,
    write_atomically,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OLD, NEW = b"old\n", b"new" * 100_000
STEPS = ("open", "fsync", "replace")


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---- write_atomically


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "one"
    write_atomically(path, OLD)
    write_atomically(path, NEW)
    assert path.read_bytes() == NEW
    assert names(tmp_path) == ["one"]


class Recorder:
    """Writes down the order of the calls that make a write durable, and the mode of the file at each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
        self.steps: list[tuple[str, int]] = []
        self._path = path
        for name in ("open", "fsync", "replace"):
            monkeypatch.setattr(os, name, self._recording(name, getattr(os, name)))

    def _recording(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            found = original(*arguments, **named)
            descriptor = found if name == "open" else arguments[0] if name == "fsync" else None
            status = os.fstat(descriptor) if descriptor is not None else self._path.stat()
            kind = "folder " if stat.S_ISDIR(status.st_mode) else ""
            self.steps.append((kind + name, 0 if kind else stat.S_IMODE(status.st_mode)))
            return found

        return call


@pytest.mark.usefixtures("_open_umask")
def test_the_order_is_open_sync_rename_sync_the_folder_and_the_mode_is_600_all_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one"
    path.write_bytes(OLD)
    path.chmod(0o666)
    recorder = Recorder(monkeypatch, path)
    write_atomically(path, NEW)
    monkeypatch.undo()
    private = 0o600
    assert recorder.steps == [
        ("open", private),
        ("fsync", private),
        ("replace", private),
        ("folder open", 0),
        ("folder fsync", 0),
    ]


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=["full", "stopped"])
@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_failure_at_any_step_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException, *, fixed: bool
) -> None:
    path = tmp_path / "one"
    path.write_bytes(OLD)

    def fail(*_arguments: Any, **_named: Any) -> None:
        raise failure

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        with pytest.raises(type(failure)):
            write_atomically(path, NEW, temporary=tmp_path / "one.tmp" if fixed else None)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["one"]


KILLED = """
import os, sys
from pathlib import Path
from shared.files import write_atomically

step, path = sys.argv[1], Path(sys.argv[2])
name = step.partition(" ")[2]
original = getattr(os, name)

def killed(*arguments, **named):
    if step.startswith("after"):
        original(*arguments, **named)
    os.kill(os.getpid(), 9)

setattr(os, name, killed)
write_atomically(path, b"new" * 100_000, temporary=path.with_suffix(".tmp"))
"""


@pytest.mark.parametrize(
    ("step", "content"),
    [
        ("before open", OLD),
        ("after open", OLD),
        ("before fsync", OLD),
        ("after fsync", OLD),
        ("before replace", OLD),
        ("after replace", NEW),
    ],
)
def test_a_process_killed_at_any_step_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, pytestconfig: pytest.Config, step: str, content: bytes
) -> None:
    path = tmp_path / "one"
    path.write_bytes(OLD)
    run = subprocess.run(
        [sys.executable, "-c", KILLED, step, str(path)], cwd=pytestconfig.rootpath, check=False, timeout=30
    )
    assert run.returncode == -signal.SIGKILL
    assert path.read_bytes() == content
    assert set(names(tmp_path)) <= {"one", "one.tmp"}
    write_atomically(path, b"third", temporary=path.with_suffix(".tmp"))
    assert path.read_bytes() == b"third"
    assert names(tmp_path) == ["one"], "the next writer uses up what the killed one left"


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(OLD)
    path = tmp_path / "one"
    path.symlink_to(elsewhere)
    write_atomically(path, NEW)
    assert elsewhere.read_bytes() == OLD
    assert (path.is_symlink(), path.read_bytes()) == (False, NEW)


def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(OLD)
    temporary = tmp_path / "one.tmp"
    for plant in (temporary.symlink_to, temporary.hardlink_to):
        plant(elsewhere)
        write_atomically(tmp_path / "one", NEW, temporary=temporary)
        assert elsewhere.read_bytes() == OLD
        assert ((tmp_path / "one").is_symlink(), (tmp_path / "one").read_bytes()) == (False, NEW)
        assert names(tmp_path) == ["elsewhere", "one"]


def test_random_temporary_names_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Path] = []
    replace = os.replace

    def recording(source: Path, target: Path, **named: Any) -> None:
        used.append(source)
        replace(source, target, **named)

    monkeypatch.setattr(os, "replace", recording)
    for _ in range(3):
        write_atomically(tmp_path / "one", NEW)
    assert len(set(used)) == 3
    assert {path.parent for path in used} == {tmp_path}, "another folder may be another disk"


# ---- folders and errors


@pytest.mark.usefixtures("_open_umask")
def test_missing_folders_are_private_and_existing_ones_keep_their_mode(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(0o755)
    make_private_folder(there / "a" / "b")
    make_private_folder(there / "a" / "b")
    assert [mode(path) for path in (there, there / "a", there / "a" / "b")] == [0o755, 0o700, 0o700]


def test_a_file_in_the_way_of_a_folder_is_a_disk_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    for path in (file, file / "below"):
        with pytest.raises(DiskError) as caught:
            make_private_folder(path)
        assert caught.value.facts == {"path": path, "reason": "Not a directory"}


def test_a_folder_that_could_be_made_is_not_made(tmp_path: Path) -> None:
    check_could_make(tmp_path)
    check_could_make(tmp_path / "a" / "b")
    assert names(tmp_path) == []


def test_a_folder_that_could_not_be_made_is_a_disk_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DiskError) as caught:
            check_could_make(path)
        assert caught.value.facts == {"path": path, "reason": "Not a directory"}
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(DiskError, match="Permission denied"):
        check_could_make(tmp_path / "new")
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_RDONLY))
    with pytest.raises(DiskError, match="Read-only file system") as caught:
        check_could_make(tmp_path / "new", option="--result-file")
    assert caught.value.option == "--result-file"


def test_what_need_not_survive_a_power_cut_costs_no_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flushed(_descriptor: int) -> None:
        pytest.fail("flushed")

    monkeypatch.setattr(os, "fsync", flushed)
    write_atomically(tmp_path / "part", NEW, durable=False)
    assert move_into_place(tmp_path / "part", tmp_path / "one", durable=False).read_bytes() == NEW
    assert names(tmp_path) == ["one"]


def test_os_errors_become_disk_errors_that_name_the_path(tmp_path: Path) -> None:
    with pytest.raises(DiskError) as caught, disk_errors(tmp_path):
        raise OSError(errno.EACCES, "Permission denied")
    assert (caught.value.code, caught.value.exit_code) == ("disk_failed", 12)
    assert caught.value.facts == {"path": tmp_path, "reason": "Permission denied"}
    with pytest.raises(DiskError) as caught, disk_errors(tmp_path):
        raise TimeoutError
    assert caught.value.facts["reason"] == "TimeoutError"
    with pytest.raises(ValueError, match="other"), disk_errors(tmp_path):
        raise ValueError("other")


def test_syncing_a_folder_leaves_no_descriptor_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    sync_folder(tmp_path)
    (descriptor,) = synced
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


# ---- names and contents


def test_sha256_of_a_file_of_several_blocks(tmp_path: Path) -> None:
    path = tmp_path / "one"
    content = bytes(range(256)) * 10_000
    path.write_bytes(content)
    assert sha256_of(path) == hashlib.sha256(content).hexdigest()


def test_a_finished_file_takes_the_first_free_name(tmp_path: Path) -> None:
    target = tmp_path / "cat-1.png"
    found = []
    for number in range(4):
        part = tmp_path / "part"
        part.write_bytes(b"%d" % number)
        found.append(move_into_place(part, target))
    assert [path.name for path in found] == ["cat-1.png", "cat-1-2.png", "cat-1-3.png", "cat-1-4.png"]
    assert [path.read_bytes() for path in found] == [b"0", b"1", b"2", b"3"]
    assert not (tmp_path / "part").exists()


def test_a_broken_link_takes_a_name_too(tmp_path: Path) -> None:
    (tmp_path / "cat.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "part").write_bytes(NEW)
    assert move_into_place(tmp_path / "part", tmp_path / "cat.png").name == "cat-2.png"
    assert not (tmp_path / "nowhere").exists()


# ---- locks


def test_a_lock_is_held_by_one_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    first, second = Lock(path), Lock(path)
    assert first.try_acquire()
    assert not second.try_acquire()
    second.release()
    assert not second.try_acquire(), "one that failed has nothing to give back"
    first.release()
    assert second.try_acquire()
    second.release()
    assert path.exists(), "a lock file is never deleted"


def test_a_with_block_gives_the_lock_back_however_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    lock = Lock(path)
    assert lock.try_acquire()
    with pytest.raises(ZeroDivisionError), lock:
        raise ZeroDivisionError
    assert Lock(path).try_acquire()


@pytest.mark.usefixtures("_open_umask")
def test_a_lock_file_is_private_and_no_link_is_followed(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "one.lock")
    assert lock.try_acquire()
    assert mode(lock.path) == 0o600
    (tmp_path / "two.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        Lock(tmp_path / "two.lock").try_acquire()
    assert not (tmp_path / "elsewhere").exists()
    lock.release()


def test_a_file_system_without_locks_is_an_error_and_no_free_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl  # noqa: PLC0415  - not every platform has it

    opened: list[int] = []

    def unknown(descriptor: int, _how: int) -> None:
        opened.append(descriptor)
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unknown)
    with pytest.raises(OSError, match="No locks available"):
        Lock(tmp_path / "one.lock").try_acquire()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


HOLDING = """
import sys
from pathlib import Path
from shared.files import Lock

lock = Lock(Path(sys.argv[1]))
print(lock.try_acquire(), flush=True)
sys.stdin.read()
"""


def test_a_lock_holds_against_other_processes_and_dies_with_its_owner(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    path = tmp_path / "one.lock"

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", HOLDING, str(path)],
            cwd=pytestconfig.rootpath,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    with start() as owner, start() as other:
        assert owner.stdout
        assert other.stdout
        assert sorted([owner.stdout.readline(), other.stdout.readline()]) == ["False\n", "True\n"]
        assert not Lock(path).try_acquire()
        owner.kill()
        other.kill()
        owner.wait()
        other.wait()
        assert Lock(path).try_acquire()


def test_a_child_process_does_not_inherit_a_lock(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "one.lock")
    assert lock.try_acquire()
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        lock.release()
        assert Lock(tmp_path / "one.lock").try_acquire()
        child.kill()
