"""Faults of zm-img2-generation-direct's own: what its seed and the images API's wire let go wrong."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.contract.evidence import tree
from tests.faults.fault import LOST_ZM, WELL, End, Fault, all_of, create
from tests.providers.openai_images import PROVIDER, ImagePlan
from tests.providers.pictures import HTML, make_picture, truncated
from tests.providers.plan import Plan
from tests.providers.reply import Fault as Wire
from tests.providers.tunnel import TunnelFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.scene import Scene


def row(title: str, inject: Callable[[Scene], object], end: End, **more: Any) -> Fault:
    """Return a row that concerns zm alone."""
    return Fault(title=title, inject=inject, ends=all_of(zm=end), **more)


def error(status: int, code: str, *, charge: bool | None = None, **headers: str) -> Plan:
    """Plan an error in the API's own form."""
    body = {"error": {"message": f"no: {code}", "type": "planned", "code": code, "param": None}}
    return Plan(status=status, body=body, headers=headers, charge=charge)


def image(**about: Any) -> Callable[[Scene], None]:
    """Let the next image be so."""
    return lambda scene: scene.house.openai_images.plan_image(ImagePlan(**about))


def configuration(change: Callable[[dict[str, Any]], object]) -> Callable[[Scene], None]:
    """Change the provider in OpenClaw's configuration, until the fault is over."""

    def inject(scene: Scene) -> None:
        path = scene.bench.home / ".openclaw" / "openclaw.json"
        whole = path.read_bytes()
        document = json.loads(whole)
        change(document["models"]["providers"][PROVIDER])
        path.write_text(json.dumps(document), encoding="utf-8")
        scene.before[str(path)] = path.read_bytes()
        scene.cures.append(lambda: (path.write_bytes(whole), scene.before.update({str(path): whole})))

    return inject


def updated(changes: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    """Return what makes these changes to a provider."""
    return lambda provider: provider.update(changes)


def more(*arguments: str) -> Callable[[Scene], None]:
    """Add these arguments."""
    return lambda scene: setattr(scene, "more", arguments)


def after(*injects: Callable[[Scene], object]) -> Callable[[Scene], None]:
    """Inject all of these."""

    def inject(scene: Scene) -> None:
        for one in injects:
            one(scene)

    return inject


def never_reached_once(scene: Scene) -> None:
    scene.house.proxy.plan(scene.subject.host, TunnelFault.CUT_BEFORE_TLS)


def forgets_keys(scene: Scene) -> None:
    scene.house.openai_images.honours_keys = False


def planted_runs(scene: Scene) -> None:
    """Make the folder of all runs a link to a private folder."""
    private = scene.bench.home / "private"
    private.mkdir()
    scene.before |= tree(scene.bench.home)
    scene.output.mkdir(parents=True, exist_ok=True)
    (scene.output / "_runs").symlink_to(private)


REFUSED = {
    (400, "invalid_request_error"): (7, "refused"),
    (400, "moderation_blocked"): (7, "content_refused"),
    (400, "content_policy_violation"): (7, "content_refused"),
    (401, "invalid_api_key"): (4, "key_refused"),
    (403, "forbidden"): (7, "not_allowed"),
    (402, "payment_required"): (5, "out_of_credits"),
    (429, "insufficient_quota"): (5, "out_of_credits"),
    (404, "model_not_found"): (7, "model_refused"),
    (413, "too_large"): (7, "refused"),
    (422, "invalid_size"): (7, "refused"),
}
PROVEN = {
    "model_not_found": (7, "model_refused"),
    "insufficient_user_quota": (5, "out_of_credits"),
    "invalid_api_key": (4, "key_refused"),
}


def answer(change: Callable[[Any], bytes]) -> Callable[[Scene], None]:
    """Return the true answer to the next paid request in another form."""

    def inject(scene: Scene) -> None:
        service = scene.house.openai_images
        whole = service._reply

        def reply(wanted: Any) -> Any:
            true = whole(wanted)
            return replace(true, body=change(json.loads(true.body)))

        service._reply = reply  # type: ignore[method-assign]

    return inject


SHAPES: dict[str, Callable[[Any], bytes]] = {
    "under another name": lambda true: json.dumps({"images": true["data"]}).encode(),
    "as a single object": lambda true: json.dumps({"data": true["data"][0]}).encode(),
    "in an envelope": lambda true: json.dumps({"code": 0, "data": true}).encode(),
    "in the second row": lambda true: json.dumps({"data": [{}, *true["data"]]}).encode(),
    "in an event": lambda true: f"event: done\ndata: {json.dumps(true)}\n\ndata: [DONE]\n\n".encode(),
    "after whitespace": lambda true: b"\r\n \xef\xbb\xbf" + json.dumps(true).encode(),
    "as the body": lambda true: base64.b64decode(true["data"][0]["b64_json"]),
    "in a chat": lambda true: json.dumps(
        {"choices": [{"message": {"content": f"![](data:image/png;base64,{true['data'][0]['b64_json']})"}}]}
    ).encode(),
}
LIMIT = error(429, "rate_limit_exceeded")
TWICE = frozenset({"twice"})
UNCLEAR, WITHOUT = replace(LOST_ZM, error="answer_unclear"), replace(LOST_ZM, error="answer_without_picture")
MIXED = End(10, "attempts_unclear")
UNUSABLE = End(13, "picture_unusable", after=2)
ANSWERS: dict[str, Any] = {
    "no data": {"created": 1, "data": []},
    "data that is null": {"data": None},
    "data that is a number": {"data": 7},
    "an empty row": {"data": [{}]},
    "an empty picture": {"data": [{"b64_json": ""}]},
    "a picture that is a number": {"data": [{"b64_json": 7}]},
    "a link that is a list": {"data": [{"url": ["https://pictures.happy.example/1.png"]}]},
    "an error with HTTP 200": {"error": {"message": "overloaded", "code": "server_error"}},
}
CONFIGURATIONS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("an include that is missing", {"headers": {"$include": "gone.json5"}}, "include_refused"),
    ("an include that leads in a circle", {"headers": {"$include": "openclaw.json"}}, "include_refused"),
    ("an include outside its folder", {"headers": {"$include": "../../outside.json5"}}, "include_refused"),
    ("an empty key", {"apiKey": ""}, "provider_incomplete"),
    (
        "an address in a private network without TLS",
        {"baseUrl": "http://192.168.1.5:3000/v1"},
        "base_url_unencrypted",
    ),
    ("an address without a scheme", {"baseUrl": "images.happy.example/v1"}, "base_url_invalid"),
    ("an address with a query", {"baseUrl": "https://images.happy.example/v1?a=b"}, "base_url_invalid"),
)

ROWS = (
    *(
        row(f"{status} {code}", create(*[error(status, code)] * 3), End(exit_code, name, charges=0, then=None))
        for (status, code), (exit_code, name) in REFUSED.items()
    ),
    row("429 to the end", create(*[LIMIT] * 3), End(6, "create_limited", charges=0, after=1)),
    row("429, then a picture", create(LIMIT), WELL),
    row("503 charged, then a picture", create(error(503, "overloaded", charge=True)), WELL),
    row("500 and 502, then a picture", create(error(500, "x", charge=True), error(502, "x", charge=True)), WELL),
    row("408 not charged, then a picture", create(error(408, "timeout", charge=False)), WELL),
    row("503, then 429 to the end", create(error(503, "x", charge=True), LIMIT, LIMIT), MIXED),
    row("503, then a refusal", create(error(503, "x", charge=True), error(400, "moderation_blocked")), MIXED),
    row("429, then a refusal", create(LIMIT, error(400, "bad")), End(7, "refused", charges=0, then=None)),
    row("a cut after a 503", create(error(503, "x", charge=True), Plan(fault=Wire.RESET)), LOST_ZM),
    row("a cut, and consent to send it again",
        after(more("--on-unknown", "retry"), create(Plan(fault=Wire.RESET))), WELL),
    row("never reached, then 429, then a picture", after(never_reached_once, create(LIMIT)), WELL),
    row("a service that does not know idempotency keys, and a cut",
        after(forgets_keys, create(Plan(fault=Wire.CLOSE_WITHOUT_ANSWER))),
        replace(LOST_ZM, after=2)),
    *(
        row(f"an answer with {words}", create(Plan(body=body, charge=True)), WITHOUT)
        for words, body in ANSWERS.items()
    ),
    row("a picture that is no base64", create(Plan(fields={"data": [{"b64_json": "***"}]})), UNUSABLE),
    row("a picture that is HTML in base64", image(picture=HTML), UNUSABLE),
    row("a picture that is cut, in base64", image(picture=truncated(make_picture("png", 64, 48, 1))), UNUSABLE),
    row("a picture of another size than asked", image(size=(100, 30)), WELL),
    row("a picture of another type", image(kind="webp"), WELL),
    row("a picture of 24 MB", image(megabytes=24.0), WELL, limit=60),
    row("an answer that is cut in the middle of its picture",
        after(image(megabytes=2.0), create(Plan(fault=Wire.CUT_LENGTH))), LOST_ZM),
    row("all attempts together would outlast the deadline",
        after(create(*[LIMIT] * 3), more("--retry-base-delay", "30", "--retry-max-delay", "30")),
        End(6, "create_limited", charges=0, then=0, after=1), limit=2),
    row("one attempt outlasts its own limit",
        after(create(Plan(fault=Wire.HANG)), more("--timeout-ms", "800")), LOST_ZM),
    row("the configuration names no key", configuration(lambda one: one.pop("apiKey")),
        End(3, "provider_incomplete", charges=0, then=None)),
    row("the key is a variable that is not set", configuration(lambda one: one.update(apiKey="${NOT_SET}")),
        End(3, "variable_missing", charges=0, then=None)),
    row("the provider's address has no TLS", configuration(lambda one: one.update(baseUrl="http://a.example/v1")),
        End(3, "base_url_invalid", charges=0, then=None)),
    *(
        row(f"the configuration has {title}", configuration(updated(changes)),
            End(3, code, charges=0, then=None))
        for title, changes, code in CONFIGURATIONS
    ),
    row("the address is that of the endpoint",
        configuration(lambda one: one.update(baseUrl=one["baseUrl"] + "/images/generations")), WELL),
    row("the prompt is invisible", more("--prompt", "\u200b\u3164"),
        End(2, "prompt_invisible", charges=0, then=None)),
    *(
        row(f"{status} and the code {code}", create(error(status, code, charge=False)),
            End(exit_code, name, charges=0, then=None))
        for status in (200, 500, 503)
        for code, (exit_code, name) in PROVEN.items()
    ),
    row("403, the organization is not verified",
        create(Plan(status=403, body={"error": {"message": "Your organization must be verified"}})),
        End(7, "not_allowed", charges=0, then=None)),
    row("404, no such address", create(Plan(status=404, body={"error": {"message": "Invalid URL (POST /v1)"}})),
        End(7, "address_wrong", charges=0, then=None)),
    *(row(f"the image {words}", answer(change), WELL) for words, change in SHAPES.items()),
    row("a link into a private network", create(Plan(fields={"data": [{"url": "https://10.0.0.8/1.png"}]})),
        End(13, "link_refused", then=None)),
    row("the folder of the runs is a planted link", planted_runs,
        End(2, "folder_unsafe", charges=0, then=None)),
)  # fmt: skip
