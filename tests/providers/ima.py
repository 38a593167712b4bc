"""The rules of IMA's Open API, of its upload service, of a bucket and of an image host, without sockets."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from tests.providers import ima_rules
from tests.providers.ima_products import tree
from tests.providers.ledger import Charge, Ledger
from tests.providers.pictures import MEDIA_TYPES, make_picture
from tests.providers.plan import Plan
from tests.providers.reply import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.providers.request import Request

HOST, UPLOAD_HOST = "api.imastudio.com", "imapi.liveme.com"
BUCKET_HOST, FILE_HOST, PICTURE_HOST = "bucket.ima-storage.example", "files.ima-storage.example", "cdn.ima.example"
LIST_PATH, CREATE_PATH, DETAIL_PATH = "/open/v1/product/list", "/open/v1/tasks/create", "/open/v1/tasks/detail"
TOKEN_PATH = "/api/rest/oss/getuploadtoken"
LONG_SIDES = {"512px": 512, "1K": 640, "2K": 768, "4K": 1024}  # pixels; drawn smaller than the service does
MediaPlan = Literal["success", "failed", "deleted", "linkless", "unlinked", "working"]
"""linkless: success without a url; unlinked: resource_status 1, processing, no url; working: never ends."""


@dataclass(frozen=True, kw_only=True)
class TaskPlan:
    """The life of one task; what is left out is an ordinary success. `duration` is in seconds.

    `medias` are the images' ends, by default `n` successes; `links` are issued instead of the usual ones.
    """

    duration: float | None = None
    medias: tuple[MediaPlan, ...] | None = None
    links: tuple[str, ...] | None = None
    reason: str = "the content was refused"
    task_id: str | None = None
    word: str = "processing"
    empty_first: bool = False


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task as the service keeps it; `created_at` is by the service's clock."""

    task_id: str
    document: dict[str, Any]
    fingerprint: str
    created_at: float
    duration: float
    plan: TaskPlan

    @property
    def inner(self) -> dict[str, Any]:
        """The inner parameters."""
        inner: dict[str, Any] = self.document["parameters"][0]["parameters"]
        return inner

    @property
    def medias(self) -> tuple[MediaPlan, ...]:
        """How each image ends."""
        return self.plan.medias if self.plan.medias is not None else ("success",) * self.inner["n"]

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of its images."""
        wide, high = map(int, str(self.inner.get("aspect_ratio", "1:1")).split(":"))
        scale = LONG_SIDES[self.inner.get("size", "1K")] / max(wide, high)
        return round(wide * scale), round(high * scale)

    def draw(self, index: int) -> bytes:
        """Return one of its images."""
        return make_picture("png", *self.pixels, int(self.fingerprint[:6], 16) + index)


@dataclass
class _Plans:
    products: deque[Plan] = field(default_factory=deque)
    create: deque[Plan] = field(default_factory=deque)
    detail: deque[Plan] = field(default_factory=deque)
    token: deque[Plan] = field(default_factory=deque)
    bucket: deque[Plan] = field(default_factory=deque)
    picture: deque[Plan] = field(default_factory=deque)
    task: deque[TaskPlan] = field(default_factory=deque)


def refused(code: int, message: str = "refused by the test") -> Plan:
    """Plan a business refusal: nothing is carried out or charged."""
    return Plan(body={"code": code, "message": message, "data": None}, charge=False)


class ImaService:
    """Products, creates, details, uploads and image links of one account.

    `complaints` lists every request that breaks the wire facts: a test asserts that it is empty. `trees` are the
    product lists by task type; a test may change them. `stored` maps public addresses to uploaded bytes.
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
        self.tasks: dict[str, Task] = {}
        self.trees = {task_type: tree(task_type) for task_type in ima_rules.TASK_TYPES}
        self.stored: dict[str, bytes] = {}
        self.complaints: list[str] = []
        self.plans = _Plans()
        self._clock = clock
        self._lock = threading.RLock()
        self._nonces: set[str] = set()
        self._places: dict[str, str] = {}
        self._signatures: dict[str, str] = {}

    def plan_products(self, *plans: Plan) -> None:
        """Queue departures for the next product lists."""
        self.plans.products.extend(plans)

    def plan_create(self, *plans: Plan) -> None:
        """Queue departures for the next well-formed creates."""
        self.plans.create.extend(plans)

    def plan_detail(self, *plans: Plan) -> None:
        """Queue departures for the next polls of tasks."""
        self.plans.detail.extend(plans)

    def plan_token(self, *plans: Plan) -> None:
        """Queue departures for the next upload tokens."""
        self.plans.token.extend(plans)

    def plan_bucket(self, *plans: Plan) -> None:
        """Queue departures for the next uploads."""
        self.plans.bucket.extend(plans)

    def plan_picture(self, *plans: Plan) -> None:
        """Queue departures for the next downloads."""
        self.plans.picture.extend(plans)

    def plan_task(self, *plans: TaskPlan) -> None:
        """Queue the lives of the next tasks."""
        self.plans.task.extend(plans)

    def expire_links(self) -> None:
        """Let every image link that was issued so far answer 403."""
        self._signatures.clear()

    def handle(self, request: Request) -> Reply:
        """Answer a request to the main API."""
        with self._lock:
            try:
                ima_rules.check_headers(request)
                if request.headers.get("authorization") != f"Bearer {self.key}":
                    return enveloped(None, 401, "unauthorized")
                if request.path == LIST_PATH:
                    category = ima_rules.check_list(request)
                    return _next(self.plans.products).alter(enveloped(self.trees[category]))
                if request.path == CREATE_PATH:
                    return self._create(ima_rules.check_create(request))
                if request.path == DETAIL_PATH:
                    return self._detail(ima_rules.check_detail(request))
                ima_rules.refuse(f"no such path: {request.path}")
            except ima_rules.ComplaintError as error:
                return self._complain(error)

    def handle_upload(self, request: Request) -> Reply:
        """Answer a request to the upload service."""
        with self._lock:
            try:
                if request.path != TOKEN_PATH:
                    ima_rules.refuse(f"no such path: {request.path}")
                form = ima_rules.check_token(request, self._nonces)
            except ima_rules.ComplaintError as error:
                return self._complain(error)
            if form["appUid"] != self.key:
                return enveloped(None, 401, "unauthorized")
            name = f"/{secrets.token_hex(8)}.{form['fSuffix']}"
            self._places[name] = form["fContentType"]
            place = f"https://{BUCKET_HOST}{name}?signature={secrets.token_hex(8)}"
            return _next(self.plans.token).alter(enveloped({"ful": place, "fdl": f"https://{FILE_HOST}{name}"}))

    def handle_bucket(self, request: Request) -> Reply:
        """Answer a request to the place where files are put."""
        with self._lock:
            try:
                ima_rules.check_foreign(request, "PUT", self.key)
                if self._places.get(request.path) != request.headers.get("content-type") or not request.body:
                    ima_rules.refuse(f"bucket: {request.path} as {request.headers.get('content-type')}")
            except ima_rules.ComplaintError as error:
                return self._complain(error)
            plan = _next(self.plans.bucket)
            if plan.charges:
                self.stored[f"https://{FILE_HOST}{request.path}"] = request.body
            return plan.alter(Reply())

    def handle_picture(self, request: Request) -> Reply:
        """Answer a request to the image host."""
        with self._lock:
            try:
                ima_rules.check_foreign(request, "GET", self.key)
            except ima_rules.ComplaintError as error:
                return self._complain(error)
            plan = _next(self.plans.picture)
            if self._signatures.get(request.query.get("sign", [""])[0]) != request.path:
                return plan.alter(Reply(status=403))
            _, _, task_id, name = request.path.split("/")
            task, index = self.tasks[task_id], int(name.partition(".")[0])
        return plan.alter(Reply(headers={"Content-Type": MEDIA_TYPES["png"]}, body=task.draw(index)))

    def _complain(self, complaint: ima_rules.ComplaintError) -> Reply:
        self.complaints.append(str(complaint))
        return json_reply({"message": str(complaint)}, 400)

    def _create(self, document: dict[str, Any]) -> Reply:
        for link in document["src_img_url"]:
            if link.startswith(f"https://{FILE_HOST}/") and link not in self.stored:
                ima_rules.refuse(f"input_images: nothing was put at {link}")
        plan = _next(self.plans.create)
        if not plan.charges:
            return plan.alter(enveloped(None, 9999, "not carried out"))
        verdict = ima_rules.judge(document, self.trees[document["task_type"]])
        if verdict:
            return plan.alter(enveloped(None, *verdict))
        task_plan = self.plans.task.popleft() if self.plans.task else TaskPlan()
        task = Task(
            task_id=task_plan.task_id or f"task-{len(self.tasks) + 1:06d}",
            document=document,
            fingerprint=hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest(),
            created_at=self._clock(),
            duration=self.default_duration if task_plan.duration is None else task_plan.duration,
            plan=task_plan,
        )
        self.tasks[task.task_id] = task
        amount = Decimal(document["parameters"][0]["credit"]) * task.inner["n"]
        self.ledger.charge(
            Charge(service="ima", task_id=task.task_id, amount=amount, fingerprint_of_request=task.fingerprint)
        )
        return plan.alter(enveloped({"id": task.task_id}))

    def _detail(self, task_id: str) -> Reply:
        plan = _next(self.plans.detail)
        task = self.tasks.get(task_id)
        if not task:
            return plan.alter(enveloped(None, 4004, f"no task {task_id}"))
        age = self._clock() - task.created_at
        if task.plan.empty_first and age < task.duration / 2:
            return plan.alter(enveloped({"id": task_id, "medias": None}))
        done = age >= task.duration
        if not done:
            task.draw(0)  # the service draws before it is done: a benchmark would count this as the skill's delay
        medias = [self._media(task, index, end if done else "working") for index, end in enumerate(task.medias)]
        return plan.alter(enveloped({"id": task_id, "medias": medias}))

    def _media(self, task: Task, index: int, end: MediaPlan) -> dict[str, Any]:
        width, height = task.pixels
        row: dict[str, Any] = {
            "resource_status": 1,
            "status": "success",
            "url": None,
            "format": "png",
            "error_msg": "",
        }
        row |= {"width": width, "height": height, "watermark_url": None, "preview_url": None, "remark": ""}
        if end == "success":
            row["url"] = self._link(task, index)
            row["cover_url"] = row["url"].replace("?", "?cover=1&")
        elif end == "working":
            row |= {"resource_status": 0 if index else None, "status": task.plan.word}
        elif end == "unlinked":
            row["status"] = "processing"
        elif end in ("failed", "deleted"):
            row |= {"resource_status": 2 if end == "failed" else 3, "status": "failed"}
            row["error_msg" if end == "failed" else "remark"] = task.plan.reason
        return row

    def _link(self, task: Task, index: int) -> str:
        """Sign a fresh link; those of earlier polls stay good until expire_links()."""
        if task.plan.links is not None:
            return task.plan.links[index]
        sign = secrets.token_hex(8)
        path = f"/pictures/{task.task_id}/{index}.png"
        self._signatures[sign] = path
        return f"https://{PICTURE_HOST}{path}?sign={sign}"


def enveloped(data: Any, code: int = 200, message: str = "success") -> Reply:
    """Answer with the service's envelope."""
    return json_reply({"code": code, "message": message, "data": data})


def _next(plans: deque[Plan]) -> Plan:
    return plans.popleft() if plans else Plan()
