"""Renders of the simulated NemoVideo: slow, in both answer shapes, failing or cancelled as planned."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.providers.nemo_media import make_media
from tests.providers.nemo_rules import refuse
from tests.providers.plan import Plan
from tests.providers.reply import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.providers.nemo_sessions import NemoSession

RENDERS = "/api/render/proxy/lambda"
DOWNLOADS = "/api/render/proxy"


@dataclass(frozen=True, kw_only=True)
class RenderPlan:
    """The life of one render: flat answers have their facts at the top level, nested ones in `data`."""

    shape: Literal["flat", "nested"] = "flat"
    seconds: float | None = None
    end: Literal["completed", "failed", "never", "linkless"] = "completed"
    reason: str = "the render failed at the service"
    link: str | None = None
    size: int = 4096
    kind: str | None = None


@dataclass
class Render:
    """One render as the service keeps it."""

    document: dict[str, Any]
    begun: float
    seconds: float
    plan: RenderPlan
    path: str
    cancelled: bool = False


@dataclass
class Renders:
    """The farm; `by_id` are the renders by the ids that clients chose."""

    clock: Callable[[], float]
    default_seconds: float
    by_id: dict[str, Render] = field(default_factory=dict)
    plans: deque[RenderPlan] = field(default_factory=deque)
    posts: deque[Plan] = field(default_factory=deque)
    looks: deque[Plan] = field(default_factory=deque)
    downloads: deque[Plan] = field(default_factory=deque)

    def begin(self, session: NemoSession, document: dict[str, Any]) -> Reply:
        """Accept a render; the draft must be one that the state returned."""
        if document["id"] in self.by_id:
            refuse(f"the render {document['id']} was posted twice")
        if document["draft"] not in session.drafts:
            refuse("draft: not one that the state has given out")
        plan = self.posts.popleft() if self.posts else Plan()
        if not plan.charges:
            return plan.alter(json_reply({}))
        life = self.plans.popleft() if self.plans else RenderPlan()
        kind = life.kind or document["output"]["format"]
        content = make_media(kind, len(self.by_id) + 1, size=life.size)
        render = Render(
            document=document,
            begun=self.clock(),
            seconds=self.default_seconds if life.seconds is None else life.seconds,
            plan=life,
            path=session.media.put(f"{document['id']}.{kind}", kind, content),
        )
        self.by_id[document["id"]] = render
        return plan.alter(self._told(render, session))

    def look(self, render_id: str, session: NemoSession) -> Reply:
        """Return how far a render is."""
        plan = self.looks.popleft() if self.looks else Plan()
        return plan.alter(self._told(self.by_id[render_id], session))

    def cancel(self, render_id: str) -> Reply:
        """Cancel a render that has not ended."""
        render = self.by_id[render_id]
        if self._status(render) in ("completed", "failed"):
            return json_reply({"code": 4090, "message": "the render has ended", "data": None})
        render.cancelled = True
        return json_reply({"code": 0, "data": {"id": render_id, "status": "cancelled"}})

    def download(self, render_id: str, session: NemoSession) -> Reply:
        """Return the file itself, if the request has the token."""
        plan = self.downloads.popleft() if self.downloads else Plan()
        if self._status(self.by_id[render_id]) != "completed":
            return plan.alter(json_reply({"code": 404, "message": "not ready", "data": None}, 404))
        media_type, content = session.media.files[self.by_id[render_id].path]
        return plan.alter(Reply(headers={"Content-Type": media_type}, body=content))

    def _status(self, render: Render) -> str:
        if render.cancelled:
            return "cancelled"
        age = self.clock() - render.begun
        if age < render.seconds or render.plan.end == "never":
            return "pending" if age < render.seconds / 4 else "processing"
        return "failed" if render.plan.end == "failed" else "completed"

    def _told(self, render: Render, session: NemoSession) -> Reply:
        status = self._status(render)
        age = self.clock() - render.begun
        progress = 100 if status == "completed" else min(99, int(100 * age / max(render.seconds, 0.01)))
        link = render.plan.link or session.media.link(render.path)
        ready = status == "completed" and render.plan.end != "linkless"
        told: dict[str, Any] = {"id": render.document["id"], "status": status, "progress": progress}
        if status == "failed":
            told["error"] = render.plan.reason
        if render.plan.shape == "flat":
            return json_reply({**told, "output": {"url": link if ready else None}})
        return json_reply({"code": 0, "data": {**told, **({"outputUrl": link} if ready else {})}})
