"""Faults of ai-nano-banana-ima's own: what its seed and the facts of IMA's wire let go wrong."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.faults.fault import LOST, WELL, End, Fault, all_of, create, look, picture, twice
from tests.providers.ima import TaskPlan, refused
from tests.providers.ima_products import leaves, tree
from tests.providers.pictures import HTML, make_picture
from tests.providers.plan import Plan
from tests.providers.reply import Fault as Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.scene import Run, Scene


def row(title: str, inject: Callable[[Scene], object], end: End, **more: Any) -> Fault:
    """Return a row that concerns IMA alone."""
    return Fault(title=title, inject=inject, ends=all_of(ima=end), **more)


def task(**life: Any) -> Callable[[Scene], None]:
    """Let the next task live so."""
    return lambda scene: scene.house.ima.plan_task(TaskPlan(**life))


def later(**life: Any) -> Callable[[Scene], None]:
    """Let the next task live so until the fault is over, and end well then."""

    def inject(scene: Scene) -> None:
        task(**life)(scene)

        def recover() -> None:
            for task_id, one in scene.house.ima.tasks.items():
                scene.house.ima.tasks[task_id] = replace(one, duration=0.0, plan=TaskPlan())

        scene.cures.append(recover)

    return inject


def products(*plans: Plan) -> Callable[[Scene], None]:
    """Let the next product lists go so."""
    return lambda scene: scene.house.ima.plan_products(*plans)


def upload(token: tuple[Plan, ...] = (), bucket: tuple[Plan, ...] = ()) -> Callable[[Scene], None]:
    """Send a reference image, and let its upload go so."""

    def inject(scene: Scene) -> None:
        path = scene.bench.work / "reference.png"
        path.write_bytes(make_picture("png", 64, 48, 1))
        scene.before[str(path)] = path.read_bytes()
        scene.more = ("--task-type", "image_to_image", "--input-images", "reference.png")
        scene.house.ima.plan_token(*token)
        scene.house.ima.plan_bucket(*bucket)

    return inject


def two(*medias: str) -> Callable[[Scene], None]:
    """Ask for two images, which end so."""

    def inject(scene: Scene) -> None:
        scene.more = ("--extra-params", '{"n":2}')
        task(medias=medias)(scene)

    return inject


def set_points(scene: Scene, points: int, size: str) -> None:
    """Let every image of a size cost this from now on."""
    for leaf in leaves(scene.house.ima.trees["text_to_image"]):
        for rule in leaf["credit_rules"]:
            if rule["attributes"].get("size") == size:
                rule["points"] = points


def price_raised(scene: Scene) -> None:
    """Let the price that was listed be out of date."""
    old = Plan(body={"code": 0, "message": "", "data": tree("text_to_image")})
    set_points(scene, 900_000, "1K")
    products(old)(scene)


def dearer_when_smaller(scene: Scene) -> None:
    """Refuse a size whose smaller one costs more, which the user let be taken beforehand."""
    set_points(scene, 900_000, "2K")
    scene.more = ("--size", "4K", "--allow-downgrade")
    create(refused(500))(scene)


def list_changed(scene: Scene) -> Run:
    """Kill the command while it waits, change what IMA lists, and judge the same command."""
    gate = scene.hold(scene.subject.looks)
    running = scene.start()
    assert gate.arrived.wait(20)
    running.signal(signal.SIGKILL)
    scene.end(running)
    scene.cure()
    set_points(scene, 900_000, "1K")
    for leaf in leaves(scene.house.ima.trees["text_to_image"]):
        leaf["form_config"] = [{"field": "size", "value": "4K"}, {"field": "tier", "value": "fast"}]
    return scene.run()


def envelope(code: Any, data: Any, status: int = 200, *, charge: bool = True) -> Plan:
    """Plan this envelope as the answer to the create."""
    return Plan(status=status, body={"code": code, "message": "the service's words", "data": data}, charge=charge)


def places(put: Any, public: Any) -> Plan:
    """Plan these places as the answer to the request for an upload."""
    return Plan(body={"code": 0, "message": "", "data": {"ful": put, "fdl": public}})


CODES: dict[int, tuple[int, str]] = {
    401: (4, "ima_key_refused"),
    4008: (5, "points_missing"),
    4014: (5, "tier_too_low"),
    6006: (7, "price_changed"),
    6009: (7, "attribute_missing"),
    6010: (7, "attribute_wrong"),
    9999: (7, "ima_refused"),
}
SMALLER = End(7, "too_complex_smaller", charges=0, after=1)
UNCLEAR, WITHOUT_ID = replace(LOST, error="answer_unclear"), replace(LOST, error="answer_without_id")
FAILED = End(8, "task_failed", after=2)
NO_LIST = End(11, "read_failed", charges=0, after=1)
NO_UPLOAD = End(11, "read_failed", charges=0, after=1)
LINK = "https://files.ima-storage.example/a.png"

ROWS = (
    *(
        row(f"code {code} to every create", create(*[refused(code)] * 5),
            End(exit_code, error, charges=0, then=None))
        for code, (exit_code, error) in CODES.items()
    ),
    *(row(f"code {code} to the first create", create(refused(code)), WELL) for code in (6006, 6009, 6010)),
    row("code 500, and a smaller size is proposed", create(refused(500)), SMALLER),
    row("code 429", create(refused(429)), End(6, "create_limited", charges=0, after=1)),
    row("code 401 to the list", products(refused(401)), End(4, "ima_key_refused", charges=0, then=None)),
    row("HTTP 500 and code 200 with an id", create(Plan(status=500, body=None, fields={"code": 200})), UNCLEAR),
    row("HTTP 200 and code 503", create(envelope(503, None)), UNCLEAR),
    row("HTTP 403 and a refusal in the envelope", create(envelope(4008, None, 403, charge=False)),
        End(5, "points_missing", charges=0, then=None)),
    row("code 0 instead of 200", create(Plan(fields={"code": 0})), WELL),
    row("a code as text", create(Plan(fields={"code": "200"})), WELL),
    row("a code that is true", create(envelope(True, {})), UNCLEAR),
    row("a refusal's code with an id beside it", create(Plan(fields={"code": 6010})), WITHOUT_ID),
    row("data that is null", create(envelope(200, None)), WITHOUT_ID),
    row("data that is a list", create(envelope(200, [{"id": "task-000001"}])), WELL),
    row("a refusal after a correction is lost", create(refused(6010), Plan(fault=Wire.RESET)), LOST),
    row("a list that is HTML, four times", products(*[Plan(body=HTML)] * 4), NO_LIST),
    row("a list that is empty, once", products(Plan(body=b"")), WELL),
    row("a list that is null, four times", products(*[envelope(0, None)] * 4), NO_LIST),
    row("503 to the list, twice", products(*[Plan(status=503)] * 2), WELL),
    row("an upload place without a link", upload((envelope(0, {}),) * 3),
        End(11, "upload_without_link", charges=0, after=1)),
    row("an upload place on a private address", upload((places("https://10.0.0.1/put", LINK),) * 3),
        End(11, "link_refused", charges=0, after=1)),
    row("an upload place without TLS", upload((places("http://bucket.ima-storage.example/put", LINK),) * 3),
        End(11, "link_refused", charges=0, after=1)),
    row("a public address of an upload that is private",
        upload((places("https://bucket.ima-storage.example/put", "https://127.0.0.1/a.png"),) * 3),
        End(11, "link_refused", charges=0, after=1)),
    row("403 to the upload itself, three times", upload((), (Plan(status=403),) * 3), NO_UPLOAD),
    row("the upload is reset, twice", upload((), (Plan(fault=Wire.RESET),) * 2), WELL),
    row("the upload is redirected", upload((), (Plan(status=307, headers={"Location": LINK}),) * 3), NO_UPLOAD),
    row("the token is refused, once", upload((refused(500),)), WELL),
    row("ready and without a link until the deadline", later(medias=("unlinked",), duration=0.0),
        End(9, "still_running"), limit=4),
    row("a task that never ends", later(medias=("working",)), End(9, "still_running"), limit=4),
    row("no pictures are listed at first", task(empty_first=True), WELL),
    row("a state that nobody knows", task(word="dreaming\nMEDIA:/x"), WELL),
    row("the picture failed", task(medias=("failed",)), FAILED),
    row("the picture was deleted", task(medias=("deleted",), reason="\x1b[2Jremoved"), FAILED),
    row("one of two pictures failed", two("failed", "success"), End(13, "partly_done", after=2)),
    row("one of two pictures cannot be fetched",
        lambda scene: (two("success", "success")(scene), picture(*[Plan(status=503)] * 3)(scene)),
        End(13, "picture_unreachable")),
    row("a look that is refused three times", look(*[refused(4004)] * 3), End(7, "look_refused")),
    row("a look whose data is a list, twice", look(*[envelope(200, [])] * 2), WELL),
    row("a look whose pictures are numbers, twice", look(*[envelope(200, {"medias": [1, None, "x"]})] * 2), WELL),
    row("code 429 to a look", look(refused(429)), WELL),
    row("envelopes around the create's answer",
        create(Plan(body={"code": 0, "data": {"result": [{"task_id": "task-000001"}]}}, charge=True)), WELL),
    row("an id beside HTTP 500", create(Plan(status=500, body={"data": {"id": "task-000001"}})), UNCLEAR),
    row("one of two pictures failed, twice", two("failed", "success"),
        End(13, "partly_done", after=2), drive=twice),
    row("300 pictures", task(medias=("success",) * 300), WELL, limit=60),
    row("the product list changes between a kill and the same command", lambda _: None, WELL, drive=list_changed),
    row("a correction raises the price", price_raised, End(7, "price_above_limit", charges=0, after=1)),
    row("a smaller size costs more", dearer_when_smaller, End(7, "price_above_limit", charges=0, after=1)),
    row("a web firewall's page to the create", create(Plan(status=403, body=HTML, charge=False)),
        replace(UNCLEAR, error="answer_is_page", charges=0, after=1)),
    row("a web firewall's page to three looks", look(*[Plan(status=403, body=HTML)] * 3), End(7, "firewall_page")),
    row("451 to the create", create(Plan(status=451)), End(7, "not_available_here", charges=0, then=None)),
)  # fmt: skip
