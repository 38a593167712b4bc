"""Faults of the disk and of the surroundings, and several commands at once."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.contract.evidence import tree
from tests.contract.paid import eventually
from tests.faults.fault import ALL, LOST, WELL, End, Fault, all_of, create, same
from tests.faults.network import GONE
from tests.faults.process import again, held_at
from tests.faults.scene import SABOTAGE
from tests.faults.subjects import ZM
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.scene import Run, Scene

FULL = End(12, "journal_failed", charges=0, after=1)


def wrapped(script: str) -> Callable[[Scene], None]:
    """Start the command from a shell that has done this before."""
    return lambda scene: setattr(scene, "wrap", ("sh", "-c", f'{script} exec "$@"', "sh"))


def a_result_file_that_is(kind: str) -> Callable[[Scene], None]:
    """Name as the result file what is not one, beside the images."""

    def inject(scene: Scene) -> None:
        notes, link = scene.bench.home / "notes.txt", scene.bench.home / "link.json"
        notes.write_text("mine", encoding="utf-8")
        if kind == "link":
            link.symlink_to(notes)
        scene.before |= tree(scene.bench.home)
        scene.more = ("--result-file", str(link if kind == "link" else notes))

    return inject


def a_file_at(place: Callable[[Scene], Path]) -> Callable[[Scene], None]:
    """Put a file where a folder has to be; being root, no missing right would stop a test."""

    def inject(scene: Scene) -> None:
        path = place(scene)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a file where a folder should be", encoding="utf-8")
        scene.before[str(path)] = path.read_bytes()

        def remove() -> None:
            path.unlink(missing_ok=True)
            scene.before.pop(str(path), None)

        scene.cures.append(remove)

    return inject


def without_home(scene: Scene) -> None:
    """Unset HOME, so that the state folder has to be found in another way."""
    scene.wrap = ("env", "-u", "HOME", f"OPENCLAW_STATE_DIR={scene.bench.home / '.openclaw'}")


def output_that_vanishes(scene: Scene) -> Run:
    """Remove the output folder while the image is on its way, and put a file in its place."""
    scene.more = ("--output-dir", "generated-images")
    folder = scene.bench.work / "generated-images"
    gate = scene.hold(scene.subject.looks or scene.subject.spends)
    running = scene.start()
    eventually(gate.arrived.is_set)
    shutil.rmtree(folder)
    folder.write_text("a file where a folder should be", encoding="utf-8")
    scene.cures.append(folder.unlink)
    scene.open_gates()
    return scene.end(running)


def journal(content: Callable[[bytes], bytes]) -> Callable[[Scene], Run]:
    """Let the journal that knows the request be damaged, and run the command again."""

    def drive(scene: Scene) -> Run:
        scene.subject.plan_create(scene.house, Plan(status=500, charge=False))
        scene.run("--max-attempts", "1") if scene.subject is ZM else scene.run()
        path = scene.bench.journal
        path.write_bytes(content(path.read_bytes()))
        scene.spared = {str(path)}
        return scene.run()

    return drive


def newer(database: bytes) -> bytes:
    """Return the database with the user_version of a later format, which is in its header."""
    return database[:60] + (99).to_bytes(4, "big") + database[64:]


FAILED = End(12, "disk_failed")
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda database: database[:5000],
    "from a newer version": newer,
    "noise": lambda _: b"\0" * 4096,
}
UNREADABLE = End(12, "journal_damaged", charges=0)
NEWER = End(12, "journal_newer", charges=0, then=None)


def two_at_once(*more: tuple[str, ...]) -> Callable[[Scene], Run]:
    """Run the command twice at the same time, each with its own arguments; judge the second."""

    def drive(scene: Scene) -> Run:
        first, second = (scene.start(*arguments) for arguments in (more or ((), ())))
        scene.end(first)
        return scene.end(second)

    return drive


def busy(*more: str) -> Callable[[Scene], Run]:
    """Run the command while another process works on the same request."""

    def drive(scene: Scene) -> Run:
        scene.limit, limit = 20.0, scene.limit
        owner = held_at("spends")(scene)
        scene.limit = limit
        run = scene.run(*more)
        scene.open_gates()
        scene.end(owner)
        return run

    return drive


def dead_owner(scene: Scene) -> Run:
    """Let every lock file be left by a process that is dead."""
    running = held_at("spends")(scene)
    running.signal(signal.SIGKILL)
    scene.end(running)
    assert len(list((scene.bench.journal.parent / "locks").iterdir())) == 1
    scene.cure()
    return again(scene)


def living_owner(scene: Scene) -> Run:
    """Let someone hold the request's own lock, and never let go of it."""
    running = held_at("spends")(scene)
    running.signal(signal.SIGKILL)
    scene.end(running)
    scene.open_gates()
    (entry,) = scene.bench.entries()
    lock = scene.bench.lock(entry["local_id"])
    assert lock.try_acquire()
    scene.cures.append(lock.release)
    return scene.run()


def suspended(scene: Scene) -> Run:
    """Stop the process for as long as its deadline, while it waits, and let it continue."""
    running = held_at("looks")(scene)
    running.signal(signal.SIGSTOP)
    eventually(lambda: b"\nState:\tT" in Path(f"/proc/{running.process.pid}/status").read_bytes())
    scene.open_gates()
    running.process_sleeps(scene.limit)
    running.signal(signal.SIGCONT)
    return scene.end(running)


def clock(shift: float) -> Callable[[Scene], None]:
    """Let the wall clock be off by this many seconds."""
    return lambda scene: scene.env.update({"PYTHONPATH": str(SABOTAGE), "WALL_CLOCK_SHIFT": str(shift)})


DAY = 86400.0
BUSY, BUSY_THEN_UNKNOWN = End(9, "request_still_busy"), End(9, "request_still_busy", then=10)
UNCLEAR = replace(LOST, error="answer_unclear")
ROWS = (
    Fault(title="stdout is closed", inject=wrapped("exec >&-;"), ends=same(End(12, charges=1, then=None)),
          spares=frozenset({"stdout", "next"}), quick=("image2",)),
    Fault(title="stderr is closed", inject=wrapped("exec 2>&-;"), ends=same(WELL), spares=frozenset({"ids"})),
    Fault(title="stdin is closed", inject=wrapped("exec <&-;"), ends=same(WELL)),
    Fault(title="no file may be larger than half a kilobyte", inject=wrapped("ulimit -f 1;"), ends=same(FULL)),
    Fault(title="a file where the state folder should be",
          inject=a_file_at(lambda scene: scene.bench.home / ".openclaw" / "image-skills"),
          ends=same(End(12, "disk_failed", charges=0, then=None))),
    Fault(title="a file where the output folder should be", inject=a_file_at(lambda scene: scene.output),
          ends=same(End(12, "disk_failed", charges=0, then=None)), quick=("ai-nano-banana-ima",)),
    Fault(title="HOME is unset", inject=without_home, ends=same(WELL)),
    Fault(title="the output folder vanishes while the picture is made", drive=output_that_vanishes,
          ends=all_of(FAILED, FAILED, replace(FAILED, then=13), FAILED)),
    *(
        Fault(title=f"the journal is {words}", drive=journal(change),
              ends=same(NEWER if change is newer else UNREADABLE), limit=6)
        for words, change in DAMAGES.items()
    ),
    Fault(title="two commands with one request at once", drive=two_at_once(), ends=same(WELL), quick=ALL),
    Fault(title="two commands with one request into two folders at once",
          drive=two_at_once((), ("--output-dir", "generated-images/other")), ends=same(WELL)),
    Fault(title="two commands with one name and different prompts at once",
          drive=two_at_once(("--task-name", "a"), ("--task-name", "a", "--variant", "2")),
          ends=all_of(zm=End(0, charges=2, then=None))),
    Fault(title="two variants at once", drive=two_at_once(("--variant", "1"), ("--variant", "2")),
          ends=same(End(0, charges=2, then=None))),
    Fault(title="another process has the request, and waiting is forbidden", drive=busy("--no-wait"),
          ends=same(End(14, "request_busy", charges=1, then=0))),
    Fault(title="another process has the request until the deadline", drive=busy(), limit=3,
          ends=same(BUSY)),
    Fault(title="locks that a dead process left", drive=dead_owner, ends=same(WELL)),
    Fault(title="the lock of a task whose owner lives and does nothing", drive=living_owner, limit=2,
          ends=all_of(BUSY_THEN_UNKNOWN, BUSY_THEN_UNKNOWN, BUSY_THEN_UNKNOWN, BUSY)),
    Fault(title="suspended beyond the deadline while a look is answered", drive=suspended, limit=3,
          ends=all_of(GONE, GONE, nemo=GONE)),
    Fault(title="the wall clock is a day ahead", inject=clock(DAY), ends=same(WELL), limit=10),
    Fault(title="the wall clock is a day behind", inject=clock(-DAY), ends=same(WELL), limit=10),
    Fault(title="the wall clock is a day ahead and the answer is lost", inject=lambda scene: (
              clock(DAY)(scene), create(Plan(status=500, charge=True))(scene)),
          ends=all_of(UNCLEAR, UNCLEAR, WELL, WELL), limit=10),
    Fault(title="the result file is somebody's notes", inject=a_result_file_that_is("notes"),
          ends=same(End(2, "result_file_taken", charges=0, then=None))),
    Fault(title="the result file is a link to somebody's notes", inject=a_result_file_that_is("link"),
          ends=same(End(2, "result_file_link", charges=0, then=None))),
)  # fmt: skip
