"""Faults of the process itself: signals and kills in every phase, at every step on the disk."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.contract.paid import eventually
from tests.faults.fault import ALL, UNDECIDED, WELL, End, Fault, all_of, picture, same
from tests.faults.judge import document_of
from tests.faults.scene import SABOTAGE
from tests.faults.subjects import IMA, NEMO, SUBJECTS, ZM
from tests.providers import ima
from tests.providers.plan import Plan
from tests.providers.reply import Fault as Wire
from tests.providers.tunnel import TunnelFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.scene import Run, Running, Scene

KILL, INT, TERM = signal.SIGKILL, signal.SIGINT, signal.SIGTERM
HELD = b"Interrupted: waiting for the service's answer first"


# When: each starts the command and returns once it is there


def connecting(scene: Scene) -> Running:
    """Stop the paid request before it left."""
    before = scene.subject.connect_anew(scene.house)
    scene.house.proxy.plan(scene.subject.host, *[None] * before, TunnelFault.HANG)
    running = scene.start()
    eventually(lambda: len(scene.house.proxy.connects) == before + 1)
    eventually(lambda: scene.states() == ["submitting"])
    return running


def held_at(place: str) -> Callable[[Scene], Running]:
    """Stop with such a request at the service, its answer held back."""
    return lambda scene: waiting_at(scene, getattr(scene.subject, place))


def waiting_at(scene: Scene, place: tuple[str, str]) -> Running:
    """Stop with a request to this place at the service, its answer held back."""
    gate = scene.hold(place)
    running = scene.start()
    eventually(gate.arrived.is_set)
    return running


def between_looks(scene: Scene) -> Running:
    """Stop while the command sleeps between two polls."""
    scene.subject.plan_look(scene.house, Plan(status=502), *[Plan(fault=Wire.CLOSE_WITHOUT_ANSWER)] * 99)
    running = scene.start()
    eventually(lambda: len(scene.looked()) > 0)
    return running


def downloading(scene: Scene) -> Running:
    """Stop with half an image on the disk."""
    picture(Plan(fault=Wire.DRIP))(scene)
    running = scene.start()
    host, path = scene.subject.fetches
    eventually(lambda: scene.house.recorder.requests_to(path, host=host))
    return running


# What


def killed(when: Callable[[Scene], Running]) -> Callable[[Scene], Run]:
    """Kill the command there, take the fault away, and judge the same command run again."""

    def drive(scene: Scene) -> Run:
        running = when(scene)
        running.signal(KILL)
        scene.end(running)
        scene.cure()
        return scene.run()

    return drive


def stopped(when: Callable[[Scene], Running], number: int, times: int = 1) -> Callable[[Scene], Run]:
    """Interrupt the command there; a second signal follows at once."""

    def drive(scene: Scene) -> Run:
        running = when(scene)
        running.signal(number, times)
        return scene.end(running)

    return drive


def stopped_while_spending(number: int, times: int) -> Callable[[Scene], Run]:
    """Interrupt the command while its paid request is answered; the answer comes after the first signal."""

    def drive(scene: Scene) -> Run:
        running = held_at("spends")(scene)
        running.signal(number)
        running.hears(HELD)
        if times > 1:
            running.signal(number)
            return scene.end(running)
        scene.open_gates()
        return scene.end(running)

    return drive


UNKNOWN_BEFORE = End(10, "outcome_unknown_before", after=2)
UNKNOWN_BEFORE_ZM = End(10, "outcome_unknown_before")
NEVER_LEFT = replace(UNKNOWN_BEFORE, charges=0, after=1)
KILLS = (
    Fault(
        title="SIGKILL before the paid request left",
        drive=killed(connecting),
        ends=all_of(NEVER_LEFT, NEVER_LEFT, NEVER_LEFT, UNDECIDED),
        limit=6,
    ),
    Fault(
        title="SIGKILL between the paid request and its answer",
        drive=killed(held_at("spends")),
        ends=all_of(UNKNOWN_BEFORE, UNKNOWN_BEFORE, UNKNOWN_BEFORE_ZM, WELL),
        quick=ALL,
    ),
    Fault(
        title="SIGKILL while the task is looked at",
        drive=killed(held_at("looks")),
        ends=all_of(WELL, WELL, nemo=WELL),
    ),
    Fault(title="SIGKILL between two looks", drive=killed(between_looks), ends=all_of(WELL, WELL, nemo=WELL)),
    Fault(
        title="SIGKILL while the picture is fetched", drive=killed(downloading), ends=same(WELL), quick=("image2",)
    ),
    Fault(
        title="SIGKILL before IMA's list is read",
        drive=killed(lambda scene: waiting_at(scene, (IMA.host, ima.LIST_PATH))),
        ends=all_of(ima=WELL),
    ),
)


SIGNALS = {"SIGINT": INT, "SIGTERM": TERM}


def at_import(module: str, how: str) -> Callable[[Scene], None]:
    """Let the signal come when this module is about to be imported."""
    return lambda scene: scene.env.update({"PYTHONPATH": str(SABOTAGE), "SIGNAL_AT_IMPORT": f"{module}:{how}"})


EARLY = tuple(
    Fault(
        title=f"{name} while {words} is imported",
        inject=at_import(module, name.removeprefix("SIG").lower()),
        ends=same(End(128 + number, "interrupted_early", charges=0, then=None)),
        quick=("image2",) if (name, module) == ("SIGINT", "click") else (),
    )
    for name, number in SIGNALS.items()
    for module, words in {
        "click": "the first dependency",
        "shared.cli.context": "the frame of the command",
    }.items()
)
WITH_LOOKS = tuple(subject.slug for subject in SUBJECTS if subject.looks)
TWICE = {1: "", 2: " twice"}
STOPS = tuple(
    fault
    for name, number in SIGNALS.items()
    for times, often in TWICE.items()
    for fault in (
        Fault(
            title=f"{name}{often} between two looks",
            drive=stopped(between_looks, number, times),
            ends={slug: End(128 + number, "interrupted") for slug in WITH_LOOKS},
            quick=("image2",) if (name, times) == ("SIGTERM", 1) else (),
        ),
        Fault(
            title=f"{name}{often} while the task is looked at",
            drive=stopped(held_at("looks"), number, times),
            ends={slug: End(128 + number, "interrupted") for slug in WITH_LOOKS},
        ),
        Fault(
            title=f"{name}{often} while the picture is fetched",
            drive=stopped(downloading, number, times),
            ends={slug: End(128 + number, "interrupted") for slug in WITH_LOOKS},
        ),
        Fault(
            title=f"{name}{often} while the paid request is answered",
            drive=stopped_while_spending(number, times),
            ends=(
                {**dict.fromkeys(WITH_LOOKS, End(128 + number, "interrupted")), ZM.slug: WELL}
                if times == 1
                else {
                    **same(End(128 + number, "interrupted_unknown", then=10)),
                    NEMO.slug: End(128 + number, "interrupted_unknown"),
                }
            ),
            quick=ALL if (name, times) == ("SIGINT", 1) else (),
        ),
    )
)


# At every step on the disk


def sabotaged(*hows: str) -> Callable[[Scene], Run]:
    """Let the disk, or signals in turn, go wrong at the scene's step; judge that run, or after a kill the next."""

    def drive(scene: Scene) -> Run:
        how = hows[scene.step % len(hows)]
        log = scene.folder / "steps.log"
        folders = {"SABOTAGE_FOLDERS": f"{scene.subject.slug}:locks:{scene.output.name}", "SABOTAGE_LOG": str(log)}
        run = scene.run(env=scene.sabotage(how, scene.step) | folders)
        scene.met = len(log.read_text().splitlines()) >= scene.step
        log.unlink()
        if how == "kill" and scene.met:
            return again(scene)
        if scene.met:
            scene.found = _told(scene, run)
        return run

    return drive


def killed_by_strace(scene: Scene) -> Run:
    """Let the kernel kill the command at its n-th write, flush or rename; judge the next run."""
    assert shutil.which("strace"), "make faults needs strace"
    calls = "fsync,fdatasync,pwrite64,ftruncate,rename,renameat,renameat2"
    trace = ("strace", "-f", "-qqq", "-o", str(scene.folder / "trace"), "-e", f"trace={calls}")
    scene.wrap = (*trace, "-e", f"inject={calls}:signal=KILL:when={scene.step}")
    run = scene.run()
    scene.wrap = ()
    scene.met = run.code != 0
    return again(scene) if scene.met else run


def again(scene: Scene) -> Run:
    """Run the command again after a kill; an entry left as `submitting` may have been charged."""
    open_ended = scene.states() == ["submitting"]
    charges = len(scene.house.ledger)
    run = scene.run()
    if scene.subject is NEMO:
        scene.found = UNDECIDED if open_ended and not charges else WELL
    elif open_ended and not (scene.subject is ZM and charges and run.code == 0):  # zm finds the answer on the disk
        scene.found = End(10, "outcome_unknown_before", charges, after=1 if scene.subject is ZM else charges + 1)
    return run


ENDS_OF_A_STEP = {
    12: ("disk_failed", "journal_failed"),
    130: ("interrupted", "interrupted_early"),
    143: ("interrupted", "interrupted_early"),
}


def _told(scene: Scene, run: Run) -> End:
    """Return the end that is right at this step, which depends on whether the paid request had left by then."""
    document = document_of(run)
    error = (document.get("error") or {}).get("code")
    charges = len(scene.house.ledger)
    if run.code == 0:
        return WELL
    if error not in ENDS_OF_A_STEP.get(run.code, ()) or charges > 1:
        return End(12 if run.code not in ENDS_OF_A_STEP else run.code)
    if run.code == 12 and not charges and document["next"] is None:
        return End(12, error, charges=0, then=None)
    return End(run.code, error, charges, after=1)


AT_ANY_STEP = (
    Fault(
        title="SIGKILL before every open, flush and rename of journal and pictures",
        drive=sabotaged("kill"),
        ends=same(WELL),
        sweep=True,
        least=10,
    ),
    Fault(
        title="a full disk from every open, flush and rename on",
        drive=sabotaged("ENOSPC"),
        ends=same(End(12)),
        sweep=True,
        least=10,
    ),
    Fault(
        title="SIGINT and SIGTERM in turn, at every step",
        drive=sabotaged("int", "term"),
        ends=same(End(130)),
        sweep=True,
        least=10,
    ),
)
BY_THE_KERNEL = (
    Fault(
        title="SIGKILL by strace at every write, flush and rename of the process",
        drive=killed_by_strace,
        ends=same(WELL),
        sweep=True,
        least=5,
        limit=30,
    ),
)

ROWS = KILLS + EARLY + STOPS + AT_ANY_STEP + BY_THE_KERNEL
