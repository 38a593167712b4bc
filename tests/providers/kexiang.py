"""The rules of kexiangai.com as in wire/kexiang.md, without sockets, and its image host."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from tests.providers import kexiang_rules
from tests.providers.ledger import Charge, Ledger
from tests.providers.pictures import MEDIA_TYPES, make_picture
from tests.providers.plan import Plan
from tests.providers.reply import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from tests.providers.request import Request

HOST = "kexiangai.com"
PICTURE_HOST = "img.kexiangai.example"
CREATE_PATH = "/api/v1/user_task/asyncCreateWithCost"
QUERY_PATH = "/api/v1/user_task/get/passAuth/"
FIRST_ID = 13170
LONG_SIDE = 320  # pixels of an image without a planned size; drawing takes a tenth of a second at 1024


@dataclass(frozen=True, kw_only=True)
class TaskPlan:
    """The life of one task; what is left out is an ordinary success.

    `duration` is in seconds. `pictures` are (kind, width, height); None is one PNG in the requested ratio.
    `links` are issued instead of the usual ones. `output` is the form of service_output, "single" meaning imgUrl.
    "elsewhere" a list of objects; `enveloped` puts the answers into `data`.
    `status_words` stand for pending, running and the outcome. `task_id` is issued instead of the next number.
    """

    duration: float | None = None
    outcome: Literal["success", "failed"] = "success"
    pictures: tuple[tuple[str, int, int], ...] | None = None
    links: tuple[str, ...] | None = None
    output: Literal["object", "text", "null", "single", "elsewhere"] = "object"
    status_words: tuple[Any, Any, Any] | None = None
    reason: str = "the content was refused"
    task_id: int | str | None = None
    cost: str = "0.2"
    enveloped: bool = False

    def wrap(self, document: dict[str, Any]) -> dict[str, Any]:
        """Put an answer into an envelope, if this task's answers have one."""
        return {"code": 0, "msg": "ok", "data": document} if self.enveloped else document


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task as the service keeps it; `created_at` is by the service's clock."""

    task_id: int | str
    user_input: dict[str, Any]
    fingerprint: str
    created_at: float
    duration: float
    plan: TaskPlan
    long_side: int

    @property
    def pictures(self) -> tuple[tuple[str, int, int], ...]:
        """The images that the task makes."""
        if self.plan.pictures is not None:
            return self.plan.pictures
        size = self.user_input["size"]
        wide, high = map(int, ("1:1" if size == "auto" else size).split(":"))
        scale = self.long_side / max(wide, high)
        return (("png", round(wide * scale), round(high * scale)),)


@dataclass
class _Plans:
    """Orders for the next requests of each kind, taken in turn."""

    create: deque[Plan] = field(default_factory=deque)
    query: deque[Plan] = field(default_factory=deque)
    picture: deque[Plan] = field(default_factory=deque)
    task: deque[TaskPlan] = field(default_factory=deque)


class KexiangService:
    """Creates, tasks, queries and image links of one account.

    `complaints` lists every request that breaks the wire facts: a test asserts that it is empty.
    A wrong key (401), an unknown task (404) and an old link (403) are answered, not complained about.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        key: str,
        default_duration: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ledger = ledger
        self.key = key
        self.default_duration = default_duration
        self.long_side = LONG_SIDE
        self.tasks: dict[str, Task] = {}
        self.complaints: list[str] = []
        self._clock = clock
        self._lock = threading.RLock()
        self._plans = _Plans()
        self._signatures: dict[str, str] = {}

    def plan_create(self, *plans: Plan) -> None:
        """Queue departures for the next well-formed creates."""
        self._plans.create.extend(plans)

    def plan_query(self, *plans: Plan) -> None:
        """Queue departures for the next queries."""
        self._plans.query.extend(plans)

    def plan_picture(self, *plans: Plan) -> None:
        """Queue departures for the next downloads."""
        self._plans.picture.extend(plans)

    def plan_task(self, *plans: TaskPlan) -> None:
        """Queue the lives of the next tasks."""
        self._plans.task.extend(plans)

    def expire_links(self) -> None:
        """Let every image link that was issued so far answer 403."""
        self._signatures.clear()

    def handle(self, request: Request) -> Reply:
        """Answer a request to the API's host."""
        with self._lock:
            if request.headers.get("x-api-key") != self.key:
                return json_reply({"message": "x-api-key is missing or invalid"}, 401)
            try:
                if request.path == CREATE_PATH:
                    return self._create(kexiang_rules.check_create(request))
                if request.path.startswith(QUERY_PATH):
                    kexiang_rules.check_query(request)
                    return self._query(unquote(request.path.removeprefix(QUERY_PATH)))
                kexiang_rules.refuse(f"no such path: {request.path}")
            except kexiang_rules.ComplaintError as error:
                return self._complain(str(error))

    def handle_picture(self, request: Request) -> Reply:
        """Answer a request to the image host."""
        with self._lock:
            try:
                kexiang_rules.check_download(request)
            except kexiang_rules.ComplaintError as error:
                return self._complain(str(error))
            plan = _next(self._plans.picture)
            if self._signatures.get(request.query.get("sign", [""])[0]) != request.path:
                return plan.alter(json_reply({"message": "the link has expired"}, 403))
            _, _, task_id, name = request.path.split("/")
            task, index = self.tasks[unquote(task_id)], int(name.partition(".")[0])
            kind, width, height = task.pictures[index]
        picture = make_picture(kind, width, height, int(task.fingerprint[:6], 16) + index)
        return plan.alter(Reply(headers={"Content-Type": MEDIA_TYPES[kind]}, body=picture))

    def _complain(self, complaint: str) -> Reply:
        self.complaints.append(complaint)
        return json_reply({"message": complaint}, 400)

    def _create(self, document: dict[str, Any]) -> Reply:
        plan = _next(self._plans.create)
        if not plan.charges:
            return plan.alter(json_reply({"message": "not carried out"}))
        task_plan = self._plans.task.popleft() if self._plans.task else TaskPlan()
        task = Task(
            task_id=FIRST_ID + len(self.tasks) if task_plan.task_id is None else task_plan.task_id,
            user_input=document["user_input"],
            fingerprint=hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest(),
            created_at=self._clock(),
            duration=self.default_duration if task_plan.duration is None else task_plan.duration,
            plan=task_plan,
            long_side=self.long_side,
        )
        self.tasks[str(task.task_id)] = task
        self.ledger.charge(
            Charge(
                service="kexiang",
                task_id=str(task.task_id),
                amount=Decimal(task_plan.cost),
                fingerprint_of_request=task.fingerprint,
            )
        )
        return plan.alter(json_reply(task_plan.wrap({**_description(task), "task_status": _words(task)[0]})))

    def _query(self, task_id: str) -> Reply:
        plan = _next(self._plans.query)
        task = self.tasks.get(task_id)
        if not task:
            return plan.alter(json_reply({"message": f"no task {task_id}"}, 404))
        pending, running, outcome = _words(task)
        age = self._clock() - task.created_at
        if age < task.duration:
            status, output = pending if age < task.duration / 4 else running, None
        else:
            status, output = outcome, self._output(task)
        answer = {**_description(task), "task_status": status, "service_output": output}
        return plan.alter(json_reply(task.plan.wrap(answer)))

    def _output(self, task: Task) -> Any:
        form = task.plan.output
        if form == "null":
            return None
        output: dict[str, Any] = {"failReason": task.plan.reason}
        if form == "elsewhere":
            return {**output, "result": {"images": [{"url": link, "width": 8} for link in self._links(task)]}}
        if task.plan.outcome == "success":
            links = self._links(task)
            output = {"imgUrl": links[0] if links else None} if form == "single" else {"imgUrls": links}
        return json.dumps(output) if form == "text" else output

    def _links(self, task: Task) -> list[str]:
        """Sign fresh links; those of earlier queries stay good until expire_links()."""
        if task.plan.links is not None:
            return list(task.plan.links)
        links = []
        for index, (kind, _, _) in enumerate(task.pictures):
            sign = secrets.token_hex(8)
            path = f"/pictures/{quote(str(task.task_id), safe='')}/{index}.{kind}"
            self._signatures[sign] = path
            links.append(f"https://{PICTURE_HOST}{path}?sign={sign}&expires={int(time.time()) + 3600}")
        return links


def _next(plans: deque[Plan]) -> Plan:
    return plans.popleft() if plans else Plan()


def _description(task: Task) -> dict[str, Any]:
    return {"id": task.task_id, "cost": task.plan.cost, "user_input": task.user_input}


def _words(task: Task) -> tuple[Any, Any, Any]:
    return task.plan.status_words or ("pending", "running", task.plan.outcome)
