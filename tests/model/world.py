"""A world without sockets: image2's own client and provider, a simulated service, a process that can die."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kexiang.client import Client
from kexiang.messages import MESSAGES
from kexiang.provider import Provider, new_entry
from kexiang.request import ImageRequest

from shared import queue_task
from shared.cli.context import CommandContext, Skill
from shared.errors import NotSentError, ReadError, ResponseLost, SkillError
from shared.http.response import HttpResponse
from shared.i18n.catalog import Catalog
from shared.journal.claim import Journal
from shared.journal.entry import Entry
from shared.journal.retention import forget
from shared.output.progress import Reporter
from shared.provider import Context
from shared.security.keys import ResolvedKey, Secret
from tests.journals import WatchedConnection, entries_in, watch
from tests.providers import kexiang
from tests.providers.kexiang import KexiangService
from tests.providers.ledger import Ledger
from tests.providers.plan import Plan
from tests.providers.request import Request
from tests.shared.fakes import FOLDER, NOW, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from pathlib import Path
    from typing import BinaryIO, Literal

    import pytest

    from shared.output.outcome import Outcome
    from tests.providers.reply import Reply

    Send = Literal["arrives", "never arrives", "dies before", "answer lost", "dies after", "refused", "unclear"]

SKILL = Skill("image2", "kexiang", "1.1.0", MESSAGES, "create_task.py")
KEY = "dummy-key-of-the-model"
TASK_SECONDS = 30.0


class Killed(BaseException):
    """SIGKILL: nothing of the process runs after it, and the kernel lets go of its locks."""


@dataclass
class Fate:
    """What befalls one process: how each of its creates goes, at which write of the journal it dies, and so on."""

    sends: tuple[Send, ...] = ()
    dies_at_write: int | None = None
    dies_at_look: int | None = None
    failed_looks: int = 0
    links_expire: bool = False
    meanwhile: Callable[[], str] | None = None
    """What another process does while the first create, or the first poll, is on its way."""


@dataclass
class Process:
    """A living process: what it has said, and how much of its fate has come."""

    fate: Fate
    asked: Hashable
    said: io.StringIO = field(default_factory=io.StringIO)
    sends: int = 0
    writes: int = 0
    looks: int = 0
    dead: bool = False

    def let_others_run(self) -> None:
        """Let the other process run once, if there is one."""
        meanwhile, self.fate.meanwhile = self.fate.meanwhile, None
        if meanwhile:
            meanwhile()

    def die(self) -> None:
        """End as SIGKILL ends it."""
        self.dead = True
        raise Killed


class World:
    """One account, one journal, a clock, and processes one inside another."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.ledger = Ledger()
        self.service = KexiangService(
            self.ledger, key=KEY, default_duration=TASK_SECONDS, clock=lambda: self.clock.now
        )
        self.journal = Journal("image2", [folder], now=self.now)
        self.database = folder.joinpath(*FOLDER, "journal.db")
        self.created: dict[str, Hashable] = {}
        """For every task at the service, what was requested."""
        self.fingerprints: dict[str, Hashable] = {}
        """For every fingerprint, what was requested."""
        self.handed_out: list[tuple[str, Process]] = []
        """Every id that reached a process, with that process."""
        self._processes: list[Process] = []
        self.service.long_side = 8
        watch(monkeypatch)
        monkeypatch.setattr(WatchedConnection, "before", staticmethod(self._before))
        monkeypatch.setattr(WatchedConnection, "after", staticmethod(self._after))

    def now(self) -> datetime:
        """Return the time of day, which the clock moves."""
        return NOW + timedelta(seconds=self.clock.now)

    # ---- what a process does

    def generate(self, prompt: str, variant: str, fate: Fate, *, new: bool, no_wait: bool) -> str:
        """Run create_task.py and return how it ended: "done", "killed" or the error's code."""
        request = ImageRequest("text2img", prompt, "3:4")
        draft = new_entry(
            request, base_url=f"https://{kexiang.HOST}", account="0" * 12, variant=variant, folder=self.folder
        )

        self.fingerprints[draft.fingerprint] = (prompt, variant)

        def work(client: Client, context: Context, outcome: Outcome) -> Outcome:
            provider = Provider(client, request, ResolvedKey(Secret(KEY), "-", ()))
            return queue_task.create(draft, provider, context, outcome)

        return self._process(Process(fate, (prompt, variant)), work, new=new, no_wait=no_wait)

    def resume(self, identifier: str, fate: Fate) -> str:
        """Run create_task.py --resume and return how it ended."""
        blank = Entry("", "image2", "kexiang", "text2img", "", f"https://{kexiang.HOST}", "0" * 12)

        def work(client: Client, context: Context, outcome: Outcome) -> Outcome:
            return queue_task.resume(identifier, blank, Provider(client), context, outcome)

        return self._process(Process(fate, identifier), work, new=False, no_wait=False)

    def forget(self, entry: Entry) -> None:
        """Run tasks.py forget."""
        forget(self.database, entry)

    def entries(self) -> list[Entry]:
        """Return the journal's entries, oldest first, in an order that chance has no part in."""
        return sorted(
            entries_in(self.database), key=lambda entry: (entry.created_at, entry.fingerprint, entry.sequence)
        )

    def _process(
        self, process: Process, work: Callable[[Client, Context, Outcome], Outcome], *, new: bool, no_wait: bool
    ) -> str:
        self._processes.append(process)
        run = CommandContext(SKILL, [], str(self.folder / "create_task.py"))
        run.reporter = Reporter(Catalog("en", MESSAGES), process.said, clock=self.clock)
        limits = self.clock.limits(300.0)
        context = Context(run, self.journal, self.folder, self.folder, limits, no_wait=no_wait, new=new)
        client = Client(f"https://{kexiang.HOST}", Secret(KEY), user_agent=SKILL.user_agent)
        wire: Any = Wire(self, process)
        client._api = client.downloads = wire
        try:
            error = work(client, context, run.result).error
        except Killed:
            return "killed"
        finally:
            self._processes.pop()
        if isinstance(error, SkillError) and error.code != "bug":
            return error.code
        if error:
            raise error.__cause__ or error
        return "done"

    def _before(self, statement: str) -> None:
        """Let the process that runs now die before its n-th step is on the disk; the dead write nothing."""
        if statement != "COMMIT" or not self._processes:
            return
        process = self._processes[-1]
        if process.dead:
            raise Killed
        process.writes += 1
        dies = process.fate.dies_at_write
        if dies is not None and process.writes == dies // 2 + 1 and dies % 2 == 0:
            process.die()

    def _after(self, statement: str) -> None:
        """Let it die after its n-th step."""
        if statement == "COMMIT" and self._processes:
            process = self._processes[-1]
            dies = process.fate.dies_at_write
            if dies is not None and process.writes == dies // 2 + 1:
                process.die()


class Wire:
    """Replaces the HTTP Session: asks the simulated service, or fails as the process is fated to."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    def post_once(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> HttpResponse:
        """Carry a create, or not."""
        process, world = self._process, self._world
        assert seconds >= 0
        process.sends += 1
        fate = process.fate.sends[process.sends - 1 : process.sends]
        way: Send = fate[0] if fate else "arrives"
        process.let_others_run()
        if way == "dies before":
            process.die()
        if way == "never arrives":
            raise NotSentError("unreachable", reason="-", host=kexiang.HOST)
        if way == "refused":
            world.service.plan_create(Plan(status=400))
        if way == "unclear":
            world.service.plan_create(Plan(status=502))
        known = set(world.service.tasks)
        reply = self._ask(method, url, headers, body)
        made = set(world.service.tasks) - known
        world.created |= dict.fromkeys(made, process.asked)
        if way == "dies after":
            process.die()
        if way == "answer lost":
            raise ResponseLost("answer_lost", reason="-", host=kexiang.HOST)
        if way == "arrives":
            world.handed_out += [(task_id, process) for task_id in made]
        return HttpResponse(reply.status, {}, reply.body)

    def read(
        self, method: str, url: str, *, headers: Mapping[str, str], body: None, seconds: float
    ) -> HttpResponse:
        """Answer a poll."""
        assert (body, seconds >= 0) == (None, True)
        process = self._process
        process.looks += 1
        process.let_others_run()
        if process.looks == process.fate.dies_at_look:
            process.die()
        if process.looks <= process.fate.failed_looks:
            raise ReadError("unreachable", reason="-", host=kexiang.HOST, remedy="resume")
        reply = self._ask(method, url, headers, b"")
        return HttpResponse(reply.status, {}, reply.body)

    def download(self, url: str, target: BinaryIO, *, seconds: float, max_bytes: int) -> str:
        """Fetch an image."""
        assert (seconds >= 0, max_bytes > 0) == (True, True)
        if self._process.fate.links_expire:
            raise ReadError("unreachable", reason="-", host=kexiang.PICTURE_HOST, remedy="resume")
        target.write(self._world.service.handle_picture(_request("GET", url, {}, b"")).body)
        return "image/png"

    def close(self) -> None:
        """Nothing is open."""

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return self._world.service.handle(_request(method, url, {**headers, "x-api-key": KEY}, body))


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    host, _, target = url.removeprefix("https://").partition("/")
    names = {name.lower(): value for name, value in headers.items()}
    return Request(host=host, method=method, target=f"/{target}", headers={"host": host, **names}, body=body)
