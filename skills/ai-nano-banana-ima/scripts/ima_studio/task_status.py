"""The status of a task, parsed from IMA's detail answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from shared.errors import ReadError
from shared.i18n.catalog import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["running", "succeeded", "failed"]
_WORDS = ("pending", "processing", "success", "failed")
_READY, _FAILED, _DELETED = 1, 2, 3


@dataclass(frozen=True)
class Media:
    """One image of a task; "linkless" means done according to the service, but without a link yet."""

    state: Literal["running", "linkless", "succeeded", "failed"]
    link: str = ""
    cover: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Task:
    """The status of a task: `word` is the service's own, `known` whether it is documented."""

    state: State
    word: str
    medias: tuple[Media, ...] = ()
    known: bool = True
    count: int = 1
    """How many images the task was created for."""

    @property
    def ended(self) -> bool:
        """True if the service will not change the task any more."""
        return self.state != "running"

    @property
    def only_links_missing(self) -> bool:
        """True if no image is still being made, and one that is done has no link."""
        states = {media.state for media in self.medias}
        return "linkless" in states and "running" not in states

    @property
    def is_complete(self) -> bool:
        """False if only links are missing, or an image is not listed yet."""
        return not (self.only_links_missing or (self.ended and len(self.medias) < self.count))

    @property
    def final_state(self) -> State:
        """The state of such a task once it was waited for in vain."""
        return "failed" if any(media.state == "failed" for media in self.medias) else "succeeded"

    @property
    def ready(self) -> tuple[Media, ...]:
        """The images that can be downloaded."""
        return tuple(media for media in self.medias if media.state == "succeeded")

    @property
    def links(self) -> tuple[str, ...]:
        """The links of the images that can be downloaded."""
        return tuple(media.link for media in self.ready)

    @property
    def reason(self) -> str:
        """The reason of the first failed image, empty if the service states none."""
        return next((media.reason for media in self.medias if media.state == "failed"), "")


def read_task(data: Any) -> Task:
    """Parse the `data` of a detail; the task has ended when every image has. `medias` may be empty at first.

    The documents let a task fail with its first failed image; the others are paid for, so we wait for them.

    Raises:
        ReadError: it is not a task.
    """
    if not isinstance(data, dict):
        raise ReadError("read_failed", status=200)
    listed = data.get("medias")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    words = [sanitize_line(row.get("status") or "pending", 40) for row in rows]
    medias = tuple(map(_media, rows))
    states = {media.state for media in medias}
    state: State = "failed" if "failed" in states else "succeeded"
    if not medias or states & {"running", "linkless"}:
        state = "running"
    word = next((word for word in words if word not in ("success", "failed")), words[0] if words else "pending")
    return Task(state, word, medias, known=all(word in _WORDS for word in words))


def _media(row: Mapping[str, Any]) -> Media:
    """Parse one image: resource_status 1 with "processing" and without a link was observed; it is not done."""
    resource, status = row.get("resource_status"), row.get("status")
    link, cover = (value if isinstance(value, str) else "" for value in (row.get("url"), row.get("cover_url")))
    if resource in (_FAILED, _DELETED) or status == "failed":
        return Media("failed", reason=sanitize_line(row.get("error_msg") or row.get("remark") or ""))
    if resource != _READY:
        return Media("running")
    if link:
        return Media("succeeded", link, cover)
    return Media("running" if status in ("pending", "processing") else "linkless")
