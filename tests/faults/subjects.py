"""The skills under fault: how each is called, where it spends, looks and fetches, what its service gave out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from shared.http_answer import Answer
from tests.providers import ima, kexiang, openai_images
from tests.providers.openai_images import ImagePlan
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse
    from tests.providers.reply import Reply

PROMPT = "a red kite"
BY_LINK = ImagePlan(as_url=True)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One skill; a `place` is the host and the beginning of the path of a kind of request."""

    slug: str
    command: tuple[str, ...]
    host: str
    spends: tuple[str, str]
    looks: tuple[str, str] | None
    fetches: tuple[str, str]
    key_start: str = ""
    key_hosts: frozenset[str] = field(default_factory=frozenset)

    def give_key(self, bench: Bench, house: StandInHouse, key: str) -> None:
        """Let the service know this key, and the launchers find it."""
        raise NotImplementedError

    def plan_create(self, house: StandInHouse, *plans: Plan) -> None:
        """Queue departures for the next paid requests."""
        raise NotImplementedError

    def plan_look(self, house: StandInHouse, *plans: Plan) -> None:
        """Queue departures for the next looks at a task."""
        raise NotImplementedError

    def plan_picture(self, house: StandInHouse, *plans: Plan) -> None:
        """Queue departures for the next downloads, which there will be."""
        raise NotImplementedError

    def plan_links(self, house: StandInHouse, *links: str) -> None:
        """Let the next task give these links out instead of its own."""
        raise NotImplementedError

    def refuse(self, house: StandInHouse, words: str) -> None:
        """Let the service refuse the next paid request, for good and in these words."""
        self.plan_create(house, Plan(status=400, body={"message": words}))

    def true_links(self, house: StandInHouse) -> None:
        """Let the tasks that there are give out links of the service's own again."""

    def forget_plans(self, house: StandInHouse) -> None:
        """Let the service be itself from now on."""
        raise NotImplementedError

    def with_id(self, task_id: Any) -> Plan:
        """Plan an answer to a create that gives this out as the task's id."""
        raise NotImplementedError

    def id_in(self, reply: Reply) -> str | None:
        """Return the id that an answer to a paid request gives out, if it does."""
        raise NotImplementedError


class Image2(Subject):
    """image2, at kexiangai.com."""

    def give_key(self, bench: Bench, house: StandInHouse, key: str) -> None:
        house.kexiang.key = bench.environment["X_API_KEY"] = key

    def plan_create(self, house: StandInHouse, *plans: Plan) -> None:
        house.kexiang.plan_create(*plans)

    def plan_look(self, house: StandInHouse, *plans: Plan) -> None:
        house.kexiang.plan_query(*plans)

    def plan_picture(self, house: StandInHouse, *plans: Plan) -> None:
        house.kexiang.plan_picture(*plans)

    def plan_links(self, house: StandInHouse, *links: str) -> None:
        house.kexiang.plan_task(kexiang.TaskPlan(links=links))

    def true_links(self, house: StandInHouse) -> None:
        for task_id, task in house.kexiang.tasks.items():
            house.kexiang.tasks[task_id] = replace(task, plan=replace(task.plan, links=None))

    def forget_plans(self, house: StandInHouse) -> None:
        house.kexiang._plans = type(house.kexiang._plans)()

    def with_id(self, task_id: Any) -> Plan:
        return Plan(fields={"id": task_id})

    def id_in(self, reply: Reply) -> str | None:
        return _text(_document(reply).get("id")) if reply.status == 200 else None


class Ima(Subject):
    """ai-nano-banana-ima, at IMA's Open API."""

    def give_key(self, bench: Bench, house: StandInHouse, key: str) -> None:
        house.ima.key = bench.environment["IMA_API_KEY"] = key

    def plan_create(self, house: StandInHouse, *plans: Plan) -> None:
        house.ima.plan_create(*plans)

    def plan_look(self, house: StandInHouse, *plans: Plan) -> None:
        house.ima.plan_detail(*plans)

    def plan_picture(self, house: StandInHouse, *plans: Plan) -> None:
        house.ima.plan_picture(*plans)

    def plan_links(self, house: StandInHouse, *links: str) -> None:
        house.ima.plan_task(ima.TaskPlan(links=links))

    def true_links(self, house: StandInHouse) -> None:
        for task_id, task in house.ima.tasks.items():
            house.ima.tasks[task_id] = replace(task, plan=replace(task.plan, links=None))

    def refuse(self, house: StandInHouse, words: str) -> None:
        house.ima.plan_create(ima.refused(1234, words))

    def forget_plans(self, house: StandInHouse) -> None:
        house.ima.plans = type(house.ima.plans)()

    def with_id(self, task_id: Any) -> Plan:
        return Plan(body={"code": 200, "message": "success", "data": {"id": task_id}})

    def id_in(self, reply: Reply) -> str | None:
        document = _document(reply)
        data = document.get("data")
        return _text(data.get("id")) if document.get("code") in (0, 200) and isinstance(data, dict) else None


class Zm(Subject):
    """zm-img2-generation-direct, at an OpenAI-style provider; its service gives no ids out."""

    def give_key(self, bench: Bench, house: StandInHouse, key: str) -> None:
        house.openai_images.key = key
        provider = {"baseUrl": openai_images.BASE_URL, "apiKey": key, "models": []}
        state = bench.home / ".openclaw"
        state.mkdir(exist_ok=True)
        configuration = {"models": {"providers": {openai_images.PROVIDER: provider}}}
        (state / "openclaw.json").write_text(json.dumps(configuration), encoding="utf-8")

    def plan_create(self, house: StandInHouse, *plans: Plan) -> None:
        house.openai_images.plan_create(*plans)

    def plan_picture(self, house: StandInHouse, *plans: Plan) -> None:
        house.openai_images.plan_image(BY_LINK)
        house.openai_images.plan_picture(*plans)

    def plan_links(self, house: StandInHouse, *links: str) -> None:
        house.openai_images.plan_create(Plan(fields={"data": [{"url": links[0]}]}))

    def forget_plans(self, house: StandInHouse) -> None:
        house.openai_images._plans = type(house.openai_images._plans)()

    def id_in(self, reply: Reply) -> str | None:  # noqa: ARG002
        return None


def _document(reply: Reply) -> dict[str, Any]:
    if "Content-Encoding" in reply.headers:  # a lie: nobody can read it
        return {}
    try:
        document = Answer(reply.status, reply.headers, reply.body).json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) and value != "" else None


IMAGE2 = Image2(
    slug="image2",
    command=(
        "create_task.py", "--mode", "text2img", "--size", "3:4", "--poll-interval", "0.5", "--json",
        "--prompt", PROMPT,
    ),
    host=kexiang.HOST,
    spends=(kexiang.HOST, kexiang.CREATE_PATH),
    looks=(kexiang.HOST, kexiang.QUERY_PATH),
    fetches=(kexiang.PICTURE_HOST, "/"),
    key_hosts=frozenset({kexiang.HOST}),
)  # fmt: skip
IMA = Ima(
    slug="ai-nano-banana-ima",
    command=(
        "ima_image_create.py", "--task-type", "text_to_image", "--poll-interval", "0.5", "--json",
        "--prompt", PROMPT,
    ),
    host=ima.HOST,
    spends=(ima.HOST, ima.CREATE_PATH),
    looks=(ima.HOST, ima.DETAIL_PATH),
    fetches=(ima.PICTURE_HOST, "/"),
    key_start="ima_",
    key_hosts=frozenset({ima.HOST, ima.UPLOAD_HOST}),
)  # fmt: skip
ZM = Zm(
    slug="zm-img2-generation-direct",
    command=(
        "run.py", "--retry-base-delay", "0.05", "--retry-max-delay", "0.1", "--retry-jitter", "0", "--json",
        "--prompt", PROMPT,
    ),
    host=openai_images.HOST,
    spends=(openai_images.HOST, openai_images.GENERATIONS),
    looks=None,
    fetches=(openai_images.PICTURE_HOST, "/"),
    key_hosts=frozenset({openai_images.HOST}),
)  # fmt: skip
SUBJECTS = (IMAGE2, IMA, ZM)
