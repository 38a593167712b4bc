"""The requests of generator-image: validated before anything else happens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shared.errors import BadInput
from shared.http.urls import InvalidUrl, check_public_url
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from nemovideo.attachments import Attachment

Mode = Literal["generate", "say"]
MODEL = "nemo_agent"
RENDERS = ("mp4", "mov", "avi", "webm", "mkv", "gif")
STILLS = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
DEFAULT_FORMAT, DEFAULT_QUALITY = "mp4", "high"
MAX_ATTACHMENTS = 20
RENDER_START = "render_"  # the skill chooses the id of every render
QUALITY = re.compile(r"[0-9a-z][0-9a-z_-]{0,19}")
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
IDENTIFIER = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z_.~:@-]{0,127}")
"""Ids of sessions and renders; they become parts of URL paths."""


@dataclass(frozen=True)
class ExportRequest:
    """A file to export from a session; an instance is always valid."""

    form: str = DEFAULT_FORMAT
    quality: str = DEFAULT_QUALITY

    @property
    def is_still(self) -> bool:
        """True if images are requested, which need no render."""
        return self.form in STILLS


@dataclass(frozen=True)
class MessageRequest:
    """One message to the agent; `session` is None for a new session."""

    mode: Mode
    text: str
    attachments: tuple[Attachment | str, ...] = ()
    session: str | None = None
    export: ExportRequest | None = None

    def references(self) -> list[str]:
        """Return the identity of each attachment: a file's SHA-256, the text of a URL."""
        return [item if isinstance(item, str) else item.sha256 for item in self.attachments]


def export_request(form: str | None, quality: str | None) -> ExportRequest:
    """Return the export that the flags describe.

    Raises:
        BadInput: names the flag, the expected value and the actual one.
    """
    wanted = (form or DEFAULT_FORMAT).lower()
    wanted = {"jpeg": "jpg"}.get(wanted, wanted)
    if wanted not in (*RENDERS, *STILLS):
        raise BadInput(
            "not_one_of", flag="--format", expected=", ".join((*RENDERS, *STILLS)), got=short_repr(form)
        )
    if quality is not None and not QUALITY.fullmatch(quality):
        raise BadInput("quality_invalid", flag="--quality", got=short_repr(quality))
    return ExportRequest(wanted, quality or DEFAULT_QUALITY)


def identifier(flag: str, text: str) -> str:
    """Return a checked id of the service that may be a part of a URL.

    Raises:
        BadInput: `resume_invalid`.
    """
    if not IDENTIFIER.fullmatch(text):
        raise BadInput("resume_invalid", flag=flag, got=short_repr(text))
    return text


def is_address(source: str) -> bool:
    """Return whether an attachment is a URL rather than a file."""
    return "://" in source


def checked_address(flag: str, url: str) -> str:
    """Return the checked public https URL of an attachment.

    Raises:
        BadInput: `url_refused`.
    """
    try:
        return check_public_url(url)
    except InvalidUrl as error:
        raise BadInput(
            "url_refused", flag=flag, got=short_repr(url), reason=MessageRef(f"url_{error.reason}")
        ) from error
