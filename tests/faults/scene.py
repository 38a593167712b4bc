"""A throw-away home in which one launcher meets one fault, and everything that its processes did."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import DiskError
from tests.contract.evidence import canary, tree
from tests.contract.paid import eventually
from tests.faults.processes import Sampler
from tests.journals import entries_in
from tests.launcher import SKILLS, Bench, Ended
from tests.providers import ima
from tests.providers.house import StandInHouse
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Self

    from shared.journal.entry import Entry
    from tests.faults.fault import End
    from tests.faults.subjects import Subject
    from tests.providers.reply import Reply
    from tests.providers.request import Request

SABOTAGE = Path(__file__).parents[1] / "contract" / "sabotage"
MARK = "FAULT_SCENE"
PATIENCE = 150.0  # seconds; whatever takes longer hangs, and is ended
NEXT = 20.0  # seconds for the next command, which has a deadline of its own
WHOLE = (None, Fault.CLOSE_AFTER_ANSWER)


@dataclass
class Run(Ended):
    """How one process ended, after how many seconds, and what the system showed of it meanwhile."""

    seconds: float = 0.0
    limit: float = 0.0
    argv: tuple[str, ...] = ()
    seen: dict[str, bytes] = field(default_factory=dict)

    @property
    def is_json(self) -> bool:
        """Whether a JSON document was asked for."""
        return any("--json" in argument.split() for argument in self.argv)

    @property
    def killed(self) -> bool:
        """Whether nothing could be said at the end."""
        return self.code == -signal.SIGKILL


@dataclass
class Gate:
    """Lets a service act on a request and keeps its answer back until it is opened."""

    place: tuple[str, str]
    arrived: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)


class Running:
    """A process that is under way; both streams are read as they come."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], cwd: Path, limit: float) -> None:
        self._started = time.monotonic()
        self._limit = limit
        self._argv = tuple(argv)
        self.process = subprocess.Popen(
            argv,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.said = {"stdout": bytearray(), "stderr": bytearray()}
        streams = {"stdout": self.process.stdout, "stderr": self.process.stderr}
        self._readers = [
            threading.Thread(target=self._read, args=(stream, self.said[name]), daemon=True)
            for name, stream in streams.items()
        ]
        self._sampler = Sampler(self.process.pid)
        for thread in (*self._readers, self._sampler):
            thread.start()

    @staticmethod
    def _read(stream: Any, into: bytearray) -> None:
        with stream:
            while piece := stream.read1(65536):
                into.extend(piece)

    def signal(self, number: int, times: int = 1) -> None:
        """Send a signal, as often as asked."""
        for _ in range(times):
            self.process.send_signal(number)

    def process_sleeps(self, seconds: float) -> None:
        """Let time pass for a process that is suspended."""
        time.sleep(seconds)

    def hears(self, words: bytes) -> None:
        """Wait until stderr says this."""
        eventually(lambda: words in self.said["stderr"])

    def wait(self) -> Run:
        """Wait for the end."""
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGABRT)
            code = self.process.wait()
        seconds = time.monotonic() - self._started
        for thread in self._readers:
            thread.join(PATIENCE)
        seen = self._sampler.finish()
        return Run(
            code, bytes(self.said["stdout"]), bytes(self.said["stderr"]), seconds, self._limit, self._argv, seen
        )


class Scene:
    """One skill's home, its service, every secret a canary; a context manager.

    `env`, `more` and `wrap` are what the fault adds to the environment, the arguments and before the command;
    `cures` are called when the fault is over. Of a sweep, `step` counts the scenes, and `met` says whether there
    was a fault to meet in this one; `found` is the end that its step asks for, where that is not the row's.
    `given` lists the ids that the service gave to a living process.
    """

    def __init__(self, folder: Path, subject: Subject, *, limit: float = 20.0, skills: Path = SKILLS) -> None:
        self.subject = subject
        self.limit = limit
        self.env: dict[str, str] = {}
        self.more: tuple[str, ...] = ()
        self.wrap: tuple[str, ...] = ()
        self.cures: list[Callable[[], object]] = []
        self.runs: list[Run] = []
        self.given: list[str] = []
        self.spent = 0
        self.step = 1
        self.met = True
        self.found: End | None = None
        self.spared: set[str] = set()
        self.folder = folder
        self._skills = skills
        self._gates: list[Gate] = []
        self._under_way: list[Running] = []
        self.house = StandInHouse(task_seconds=0.4)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.house = stack.enter_context(self.house)
            self._stack = stack.pop_all()
        self.bench = Bench(self.folder, self.house, self.subject.slug, skills=self._skills)
        self.secrets = {name: canary(name) for name in ("key", "X_API_KEY", "IMA_API_KEY", "netrc")}
        self.secrets["key"] = self.subject.key_start + self.secrets["key"]
        self.secrets["proxy"] = canary("proxy", plain=True)
        self._furnish()
        self.house.server.handlers = {
            host: self._watched(handler) for host, handler in self.house.server.handlers.items()
        }
        self.before = tree(self.bench.home, self.bench.work, self.folder / "tmp")
        return self

    def __exit__(self, *exception: object) -> None:
        self.open_gates()
        for running in self._under_way:
            if running.process.poll() is None:
                running.signal(signal.SIGKILL)
                running.wait()
        self._stack.close()

    def _furnish(self) -> None:
        house, bench = self.house, self.bench
        (self.folder / "tmp").mkdir()
        house.proxy.password = f"somebody:{self.secrets['proxy']}"
        bench.environment |= {
            **house.environment(house.proxy.url_with_password(house.proxy.password)),
            "X_API_KEY": self.secrets["X_API_KEY"],
            "IMA_API_KEY": self.secrets["IMA_API_KEY"],
            "TMPDIR": str(self.folder / "tmp"),
            MARK: str(self.folder),
        }
        self.subject.give_key(bench, house, self.secrets["key"])
        self.secrets = {name: one for name, one in self.secrets.items() if bench.environment.get(name, one) == one}
        netrc = bench.home / ".netrc"
        netrc.write_text(f"default login me password {self.secrets['netrc']}\n", encoding="utf-8")
        netrc.chmod(0o600)

    def _watched(self, handler: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
        def watched(request: Request) -> Reply:
            reply = handler(request)
            for gate in self._gates:
                early = gate.place == self.subject.looks and not self.spent
                if not early and request.host == gate.place[0] and request.path.startswith(gate.place[1]):
                    gate.arrived.set()
                    gate.opened.wait(PATIENCE)
            if (request.host, request.path) == self.subject.spends:
                self._spent(request, reply)
            return reply

        return watched

    def _spent(self, request: Request, reply: Reply) -> None:
        self.spent += 1
        whole = reply.fault in WHOLE and reply.raw is None
        task_id = self.subject.id_in(request, reply) if whole else None
        if task_id and any(running.process.poll() is None for running in self._under_way):
            self.given.append(task_id)

    @property
    def output(self) -> Path:
        """Where the skill puts images unless it is told otherwise."""
        own = self.bench.home / ".openclaw" / "generated-images"
        return own if self.subject.slug.startswith("zm") else self.bench.work / "generated-images"

    def states(self) -> list[str]:
        """Return the states of the journal's entries, oldest first."""
        return [str(entry.state) for entry in sorted(self.entries(), key=lambda entry: entry.sequence)]

    def entries(self) -> list[Entry]:
        """Return the journal's entries that can be read."""
        try:
            return entries_in(self.bench.journal)
        except DiskError:  # a fault of this run
            return []

    def hold(self, place: tuple[str, str] | None) -> Gate:
        """Keep the answers to such requests back until the gate is opened."""
        assert place
        self._gates.append(Gate(place))
        return self._gates[-1]

    def start(self, *more: str, env: Mapping[str, str] | None = None) -> Running:
        """Start the command of the scene."""
        launcher, *arguments = self.subject.command
        argv = self.bench.argv(launcher, *arguments, "--timeout", f"{self.limit:g}", *self.more, *more)
        return self._start([*self.wrap, *argv], {**self.env, **(env or {})}, self.limit)

    def _start(self, argv: Sequence[str], env: Mapping[str, str], limit: float) -> Running:
        running = Running(argv, {**self.bench.environment, **env}, self.bench.work, limit)
        self._under_way.append(running)
        return running

    def end(self, running: Running) -> Run:
        """Wait for a started command and keep how it ended."""
        self.runs.append(running.wait())
        return self.runs[-1]

    def run(self, *more: str, env: Mapping[str, str] | None = None) -> Run:
        """Run the command of the scene to its end."""
        return self.end(self.start(*more, env=env))

    def follow(self, command: Mapping[str, Any], *more: str) -> Run:
        """Run a `next` command from its shell line."""
        running = self._start(["sh", "-c", " ".join([command["shell"], *more])], self.env, max(self.limit, NEXT))
        return self.end(running)

    def looked(self) -> list[Request]:
        """Return the polls of paid tasks that arrived."""
        assert self.subject.looks
        host, path = self.subject.looks
        requests = itertools.dropwhile(
            lambda one: (one.host, one.path) != self.subject.spends, self.house.recorder.requests
        )
        return [one for one in requests if one.host == host and one.path.startswith(path)]

    def open_gates(self) -> None:
        """Let every answer go that was held back."""
        for gate in self._gates:
            gate.opened.set()

    def cure(self) -> None:
        """Take the fault away: what is left of it must not disturb the next command."""
        for cure in self.cures:
            cure()
        self.env, self.wrap = {}, ()
        self.house.proxy.refuse_with = None
        self.house.proxy._plans.clear()
        self.house.server._connection_plans.clear()
        self.subject.forget_plans(self.house)
        self.open_gates()

    def give_link(self, link: str) -> None:
        """Let the task give this link out, until the fault is over."""
        self.subject.plan_links(self.house, link)
        self.cures.append(lambda: self.subject.true_links(self.house))

    def directly(self, route: str) -> None:
        """Let the command go without a proxy, where every name leads to this (see sabotage/routes.py)."""
        unset = dict.fromkeys(self.house.environment(), "")
        ca = {"REQUESTS_CA_BUNDLE": self.house.server.ca_path}
        self.env |= {**unset, **ca, "ROUTE": route, "PYTHONPATH": str(SABOTAGE)}

    def sabotage(self, how: str, step: int) -> dict[str, str]:
        """Return the variables that let the disk or a signal go wrong (see sabotage/sitecustomize.py)."""
        return {"PYTHONPATH": str(SABOTAGE), "SABOTAGE": f"{how}:{step}"}

    @property
    def upload_place(self) -> tuple[str, str]:
        """Where IMA's uploads are put."""
        return ima.BUCKET_HOST, "/"
