"""The skills under fault: how each is called, where it spends, looks and fetches, what its service issued."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from shared.http.response import HttpResponse
from tests.providers import ima, kexiang, nemo, openai_images
from tests.providers.openai_images import ImagePlan
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse
    from tests.providers.reply import Reply
    from tests.providers.request import Request

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
    keeps: str = ""
    """The folder below the home, besides OpenClaw's own, where the skill keeps what it was given."""
    unknown_before: str = "outcome_unknown_before"
    """The error code of the same command after one whose outcome is unknown."""
    looks_back: bool = False
    """Whether the same command finds out what became of a lost answer, because looking costs nothing."""

    def give_key(self, bench: Bench, house: StandInHouse, key: str) -> None:
        """Let the service know this key, and the launchers find it."""
        raise NotImplementedError

    def plan_create(self, house: StandInHouse, *plans: Plan) -> None:
        """Queue departures for the next paid requests."""
        raise NotImplementedError

    def plan_look(self, house: StandInHouse, *plans: Plan) -> None:
        """Queue departures for the next polls of a task."""
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
        """Let the tasks that there are issue links of the service's own again."""

    def forget_plans(self, house: StandInHouse) -> None:
        """Let the service be itself from now on."""
        raise NotImplementedError

    def with_id(self, task_id: Any) -> Plan:
        """Plan an answer to a create that gives this out as the task's id."""
        raise NotImplementedError

    def id_in(self, request: Request, reply: Reply) -> str | None:
        """Return the id in an answer to a paid request, if there is one."""
        raise NotImplementedError

    def given_secrets(self, house: StandInHouse) -> dict[str, str]:  # noqa: ARG002
        """Return the secrets that the service itself issued, which the skill may keep and send back."""
        return {}

    def connect_anew(self, house: StandInHouse) -> int:  # noqa: ARG002
        """Let the paid request need a connection of its own; return how many come before it."""
        return 0


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

    def id_in(self, request: Request, reply: Reply) -> str | None:  # noqa: ARG002
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

    def connect_anew(self, house: StandInHouse) -> int:
        house.ima.plan_products(Plan(headers={"Connection": "close"}))
        return 1

    def id_in(self, request: Request, reply: Reply) -> str | None:  # noqa: ARG002
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

    def id_in(self, request: Request, reply: Reply) -> str | None:  # noqa: ARG002
        return None


class Nemo(Subject):
    """generator-image, at NemoVideo's agent; the session, issued at no cost, is all the id that there is."""

    def give_key(self, bench: Bench, house: StandInHouse, key: str) -> None:
        house.nemo.accounts[key] = replace(house.nemo.accounts.pop(house.nemo.key), token=key)
        house.nemo.key = bench.environment["NEMO_TOKEN"] = key

    def plan_create(self, house: StandInHouse, *plans: Plan) -> None:
        house.nemo.plan_message(*plans)

    def plan_look(self, house: StandInHouse, *plans: Plan) -> None:
        house.nemo.plans.state.extend([Plan(), *plans])  # the first poll comes before the message

    def plan_picture(self, house: StandInHouse, *plans: Plan) -> None:
        house.nemo.media.plans.extend(plans)

    def plan_links(self, house: StandInHouse, *links: str) -> None:
        setattr(house.nemo.media, "link", lambda _path: links[0])  # noqa: B010  - it hides the method

    def true_links(self, house: StandInHouse) -> None:
        del house.nemo.media.link

    def forget_plans(self, house: StandInHouse) -> None:
        house.nemo.plans = type(house.nemo.plans)()
        house.nemo.media.plans.clear()

    def id_in(self, request: Request, reply: Reply) -> str | None:
        accepted = reply.pieces is not None or _document(reply).get("code") == 0
        return _text(json.loads(request.body)["session_id"]) if accepted else None

    def given_secrets(self, house: StandInHouse) -> dict[str, str]:
        anonymous = [one for one in house.nemo.accounts.values() if one.client]
        return {f"token of {one.user_id}": one.token for one in anonymous}

    def connect_anew(self, house: StandInHouse) -> int:
        house.nemo.plans.credit.append(Plan(headers={"Connection": "close"}))
        return 1


def _document(reply: Reply) -> dict[str, Any]:
    if "Content-Encoding" in reply.headers:  # a lie: nobody can read it
        return {}
    try:
        document = HttpResponse(reply.status, reply.headers, reply.body).json()
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
NEMO = Nemo(
    slug="generator-image",
    command=("generator_image.py", "generate", "--poll-interval", "0.5", "--json", PROMPT),
    host=nemo.HOST,
    spends=(nemo.HOST, nemo.MESSAGE_PATH),
    looks=(nemo.HOST, nemo.STATE_PATH),
    fetches=(nemo.CDN_HOST, "/"),
    key_hosts=frozenset({nemo.HOST}),
    keeps=".config/nemovideo",
    unknown_before="message_undecided",
    looks_back=True,
)
SUBJECTS = (IMAGE2, IMA, ZM, NEMO)
