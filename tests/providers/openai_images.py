"""An OpenAI-style images API as in wire/openai-images.md, without sockets, and its image host."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
import threading
import zlib
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.providers import openai_images_rules as rules
from tests.providers.ledger import Charge, Ledger
from tests.providers.pictures import MEDIA_TYPES, make_picture
from tests.providers.plan import Plan
from tests.providers.reply import Reply, json_reply

if TYPE_CHECKING:
    from typing import Any

    from tests.providers.request import Request

HOST = "images.happy.example"
PICTURE_HOST = "pictures.happy.example"
BASE_PATH = "/v1"
BASE_URL = f"https://{HOST}{BASE_PATH}"
GENERATIONS = f"{BASE_PATH}/images/generations"
EDITS = f"{BASE_PATH}/images/edits"
MODELS = f"{BASE_PATH}/models"
PROVIDER = "happy"
MODEL = "gpt-image-2"
SIDE = 256  # pixels of the longer side: quick to draw, whatever was requested
CREDENTIALS = b"content credentials of the stand-in "


@dataclass(frozen=True, kw_only=True)
class ImagePlan:
    """What one image is like; what is left out is ordinary.

    `kind` and `transparent` are as the request asks unless they are set. `size` are (width, height) in pixels.
    `megabytes` pads the PNG with a chunk of content credentials. `as_url`
    answers a link instead of base64. `picture` is answered as it is, whatever it contains.
    """

    kind: str | None = None
    transparent: bool | None = None
    size: tuple[int, int] | None = None
    megabytes: float = 0.0
    as_url: bool = False
    picture: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Made:
    """A paid request as the service remembers it, by its Idempotency-Key."""

    fingerprint: str
    asked: rules.Asked
    mode: str
    reply: Reply


@dataclass
class _Plans:
    create: deque[Plan] = field(default_factory=deque)
    picture: deque[Plan] = field(default_factory=deque)
    image: deque[ImagePlan] = field(default_factory=deque)
    by_prompt: dict[str, Plan] = field(default_factory=dict)


class OpenAiImagesService:
    """Generations, edits and links of one account.

    `complaints` lists every request that breaks the wire facts: a test asserts that it is empty. With
    `honours_keys` a repeated Idempotency-Key gets the first answer again and is not charged again. `counted` is
    how many requests the service may charge for: it got them whole, and did not refuse them with a 4xx. `applies`
    are parameters that it names as applied, whatever was requested; `max_images` are the most it makes at once.
    """

    def __init__(self, ledger: Ledger, *, key: str, default_seconds: float = 0.0) -> None:
        self.ledger = ledger
        self.key = key
        self.default_seconds = default_seconds
        self.honours_keys = True
        self.requires_idempotency_key = True
        self.any_file_field = False
        self.counted = 0
        self.made: list[Made] = []
        self.pictures: list[bytes] = []
        self.complaints: list[str] = []
        self.extra_headers: dict[str, str] = {}
        self.applies: dict[str, str] = {}
        self.max_images = 10
        self._by_key: dict[str, Made] = {}
        self._links: dict[str, tuple[str, bytes]] = {}
        self._lock = threading.RLock()
        self._plans = _Plans()

    def plan_create(self, *plans: Plan) -> None:
        """Queue departures for the next well-formed paid requests."""
        self._plans.create.extend(plans)

    def plan_prompt(self, prompt: str, plan: Plan) -> None:
        """Let every request with this prompt go so."""
        self._plans.by_prompt[prompt] = plan

    def plan_picture(self, *plans: Plan) -> None:
        """Queue departures for the next downloads."""
        self._plans.picture.extend(plans)

    def plan_image(self, *plans: ImagePlan) -> None:
        """Queue what the next images are like."""
        self._plans.image.extend(plans)

    def handle(self, request: Request) -> Reply:
        """Answer a request to the API's host."""
        with self._lock:
            if request.headers.get("authorization") != f"Bearer {self.key}":
                return _error("Incorrect API key provided", "invalid_api_key", 401)
            try:
                return self._answer(request)
            except rules.ComplaintError as error:
                self.complaints.append(str(error))
                return _error(str(error), "invalid_request_error", 400)

    def handle_picture(self, request: Request) -> Reply:
        """Answer a request to the image host; it must not carry the key."""
        with self._lock:
            if "authorization" in request.headers:
                self.complaints.append("picture: the request carries authorization")
            plan = self._plans.picture.popleft() if self._plans.picture else Plan()
            found = self._links.get(request.target)
            if not found:
                return plan.alter(json_reply({"error": {"message": "expired"}}, 403))
            return plan.alter(Reply(headers={"Content-Type": found[0]}, body=found[1]))

    def _answer(self, request: Request) -> Reply:
        for name, value in self.extra_headers.items():
            if request.headers.get(name.lower()) != value:
                rules.refuse(f"{name}: {request.headers.get(name.lower())!r}")
        if request.path == MODELS and request.method == "GET":
            return json_reply({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        if request.path not in (GENERATIONS, EDITS):
            rules.refuse(f"no such path: {request.path}")
        key = rules.check_common(request, required=self.requires_idempotency_key)
        mode = "generation" if request.path == GENERATIONS else "edit"
        asked = (
            rules.check_generation(request)
            if mode == "generation"
            else rules.check_edit(request, any_file_field=self.any_file_field)
        )
        digest = hashlib.sha256(json.dumps(asked.fields, sort_keys=True).encode())
        for reference in asked.references:
            digest.update(hashlib.sha256(reference).digest())
        return self._make(key, Made(fingerprint=digest.hexdigest(), asked=asked, mode=mode, reply=Reply()))

    def _make(self, key: str, wanted: Made) -> Reply:
        plan = self._plans.by_prompt.get(wanted.asked.fields["prompt"])
        if plan is None:
            plan = self._plans.create.popleft() if self._plans.create else Plan()
        plan = plan if plan.delay else Plan(**{**vars(plan), "delay": self.default_seconds})
        if not plan.charges:
            self.counted += plan.status is not None and (plan.status >= 500 or plan.status == 408)
            return plan.alter(_error(f"the test planned {plan.status}", "planned", plan.status or 500))
        self.counted += 1
        known = self._by_key.get(key) if self.honours_keys else None
        if known and known.fingerprint != wanted.fingerprint:
            rules.refuse("an Idempotency-Key used for two different requests")
        if known is None:
            made = Made(**{**vars(wanted), "reply": self._reply(wanted)})
            self._by_key[key] = known = made
            self.made.append(made)
            charge = Charge(
                service="openai-images", task_id=key, amount=Decimal(1), fingerprint_of_request=wanted.fingerprint
            )
            self.ledger.charge(charge)
        return plan.alter(known.reply)

    def _reply(self, wanted: Made) -> Reply:
        fields = wanted.asked.fields
        rows = [self._row(wanted, number) for number in range(min(fields["n"], self.max_images))]
        usage = {"input_tokens": 50, "output_tokens": 4160 * len(rows), "total_tokens": 50 + 4160 * len(rows)}
        answer = {"created": 1700000000, "data": rows, "usage": usage, **applied(fields), **self.applies}
        reply = json_reply(answer)
        return Reply(headers={**reply.headers, "x-request-id": f"req_{len(self.made)}"}, body=reply.body)

    def _row(self, wanted: Made, number: int) -> dict[str, Any]:
        image = self._plans.image.popleft() if self._plans.image else ImagePlan()
        picture = _draw(image, wanted, number)
        self.pictures.append(picture)
        fields = wanted.asked.fields
        row: dict[str, Any] = {"revised_prompt": fields["prompt"]}
        kind = image.kind or fields.get("output_format", "png")
        if image.as_url:
            target = f"/{secrets.token_hex(8)}.{kind}?signature={secrets.token_hex(8)}"
            self._links[target] = (MEDIA_TYPES[kind], picture)
            row["url"] = f"https://{PICTURE_HOST}{target}"
        else:
            row["b64_json"] = base64.b64encode(picture).decode()
        return row


def applied(fields: dict[str, Any]) -> dict[str, str]:
    """Return what the service names as applied: it chooses where the request leaves it open."""
    chosen = {"background": "opaque", "output_format": "png", "quality": "high", "size": "1024x1024"}
    return {name: chosen[name] if fields.get(name) in (None, "auto") else fields[name] for name in chosen}


def _error(message: str, code: str, status: int) -> Reply:
    return json_reply({"error": {"message": message, "type": code, "code": code, "param": None}}, status)


def _draw(image: ImagePlan, wanted: Made, number: int) -> bytes:
    if image.picture is not None:
        return image.picture
    wide, high = image.size or (SIDE, SIDE)
    size = wanted.asked.fields["size"]
    if image.size is None and size != "auto":
        asked = [int(side) for side in size.split("x")]
        wide, high = (max(1, side * SIDE // max(asked)) for side in asked)
    fields = wanted.asked.fields
    transparent = fields.get("background") == "transparent" if image.transparent is None else image.transparent
    kind = image.kind or fields.get("output_format", "png")
    picture = make_picture(kind, wide, high, int(wanted.fingerprint[:6], 16) + number, transparent=transparent)
    return padded(picture, round(image.megabytes * 1e6)) if image.megabytes else picture


def padded(png: bytes, size: int) -> bytes:
    """Put a chunk of content credentials into a PNG, so that it has at least `size` bytes."""
    content = (CREDENTIALS * (size // len(CREDENTIALS) + 1))[:size]
    chunk = struct.pack(">I", len(content)) + b"caBX" + content
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    return png[:-12] + chunk + png[-12:]
