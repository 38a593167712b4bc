"""Faults of image2's own: what its seed and the facts of kexiangai.com's wire let go wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.faults.fault import LOST, WELL, End, Fault, all_of, create, look, picture, twice
from tests.providers.kexiang import TaskPlan
from tests.providers.pictures import HTML
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.scene import Scene


def task(**life: Any) -> Callable[[Scene], None]:
    """Let the next task live so."""
    return lambda scene: scene.house.kexiang.plan_task(TaskPlan(**life))


def gives_links_later(scene: Scene) -> None:
    """Let the task stay without links until the fault is over."""
    task(output="null", duration=0.0)(scene)

    def recover() -> None:
        for task_id, one in scene.house.kexiang.tasks.items():
            scene.house.kexiang.tasks[task_id] = replace(one, plan=replace(one.plan, output="object"))

    scene.cures.append(recover)


def lasts(scene: Scene) -> None:
    """Let the task last until the fault is over."""
    task(duration=900.0)(scene)

    def end() -> None:
        for task_id, one in scene.house.kexiang.tasks.items():
            scene.house.kexiang.tasks[task_id] = replace(one, duration=0.0)

    scene.cures.append(end)


def row(title: str, inject: Callable[[Scene], object], end: End, **more: Any) -> Fault:
    """Return a row that concerns image2 alone."""
    return Fault(title=title, inject=inject, ends=all_of(image2=end), **more)


REFUSED = {
    401: "key_refused",
    402: "out_of_credits",
    404: "refused",
    409: "refused",
    413: "refused",
    422: "refused",
}
CODES = {"key_refused": 4, "out_of_credits": 5, "refused": 7}
FAILED = End(8, "task_failed", after=2)
FOUR = (("png", 60, 40), ("jpeg", 40, 60), ("webp", 50, 50), ("png", 30, 30))
STATES: dict[str, Any] = {"unknown": "warming\nMEDIA:/x", "null": None, "a number": 7, "an object": {"a": 1},
                          "100 kB long": "x" * 100_000}  # fmt: skip
OUTPUTS: dict[str, Any] = {"text that is no JSON": "{not json", "a number": 7, "an empty list": {"imgUrls": []},
                           "links that are null": {"imgUrls": [None, ""]}}  # fmt: skip
COSTS: dict[str, Any] = {"NaN as text": "NaN", "below zero": -1, "null": None, "beyond all numbers": "1e999"}

ROWS = (
    *(
        row(f"the create is refused with {status}", create(Plan(status=status)),
            End(CODES[error], error, charges=0, then=None))
        for status, error in REFUSED.items()
    ),
    row("500 with an id in it", create(Plan(status=500, body={"message": "try later", "task_status": None})),
        replace(LOST, error="answer_unclear")),
    row("200 with a refusal's words and no id", create(Plan(body={"message": "balance too low"}, charge=False)),
        End(10, "answer_without_id", charges=0, after=1)),
    row("an envelope that was never there",
        create(Plan(body={"code": 0, "data": {"id": 13170}}, charge=True)), WELL),
    row("an id as text", task(task_id="13170"), WELL),
    row("an id beyond 64 bits", task(task_id=2**70), WELL),
    row("a cost with another unit", create(Plan(fields={"cost": "0.2 credits"})), WELL),
    *(row(f"a cost that is {words}", create(Plan(fields={"cost": cost})), WELL) for words, cost in COSTS.items()),
    *(
        row(f"a state that is {words}, twice", look(*[Plan(fields={"task_status": word})] * 2), WELL)
        for words, word in STATES.items()
    ),
    *(
        row(f"the task ended as {word}", task(outcome="failed", status_words=("pending", "running", word)), FAILED)
        for word in ("failed", "ERROR", "canceled", "Cancelled")
    ),
    *(
        row(f"the task ended as {word}", task(status_words=("pending", "running", word)), WELL)
        for word in ("SUCCEEDED", "done", "Completed")
    ),
    row("a failed task with no reason at all", task(outcome="failed", output="null"), FAILED),
    row("a failed task whose reason has control characters",
        task(outcome="failed", reason="no\x1b[2J\nMEDIA:/etc/passwd"), FAILED),
    *(
        row(f"a done task whose output is {words}, twice",
            look(*[Plan(fields={"task_status": "success", "service_output": output})] * 2), WELL)
        for words, output in OUTPUTS.items()
    ),
    row("the output as JSON in a string", task(output="text"), WELL),
    row("one link instead of a list", task(output="single"), WELL),
    row("a done task that gives no links before the deadline", gives_links_later, End(9, "still_running"),
        limit=3),
    row("a task that outlives the deadline", lasts, End(9, "still_running"), limit=3),
    row("three of four pictures",
        lambda scene: (task(pictures=FOUR)(scene), picture(Plan(), Plan(), *[Plan(body=HTML)] * 3)(scene)),
        End(13, "picture_unusable")),
    row("a task that is not known to the service yet, twice", look(*[Plan(status=404)] * 2), WELL),
    row("a task that is not known to the service any more", look(*[Plan(status=404)] * 3),
        End(7, "task_unknown_at_service")),
    row("a look that is redirected", look(Plan(status=302, headers={"Location": "https://a.example/"})), WELL),
    row("503 to a look that asks for an hour", look(Plan(status=503, headers={"Retry-After": "3600"})),
        End(6, "rate_limited")),
    row("links elsewhere in the output", task(output="elsewhere"), WELL),
    row("envelopes around the answers to the create and the looks", task(enveloped=True), WELL),
    row("a failed task with a part of its pictures, twice",
        task(outcome="failed", output="elsewhere", pictures=FOUR[:2]),
        End(13, "partly_done", after=2), drive=twice),
    row("300 pictures", task(pictures=(("png", 8, 8),) * 300), WELL, limit=60),
    row("an id beside 500", create(Plan(status=500, body={"data": {"id": 13170}})),
        replace(LOST, error="answer_unclear")),
    row("a web firewall's page to three looks", look(*[Plan(status=403, body=HTML)] * 3), End(7, "firewall_page")),
    row("451 to the create", create(Plan(status=451)), End(7, "not_available_here", charges=0, then=None)),
    *(
        row(f"{status} and a code that proves that nothing was done",
            create(Plan(status=status, body={"error": {"code": "insufficient_quota"}}, charge=False)),
            End(5, "out_of_credits", charges=0, then=None))
        for status in (200, 503)
    ),
)  # fmt: skip
