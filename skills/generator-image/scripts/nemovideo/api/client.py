"""HTTP client of NemoVideo's endpoints, of which only `send` costs money."""

from __future__ import annotations

import contextlib
import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nemovideo.api import wire
from nemovideo.api.refusals import WEB_PAGE, refusal
from nemovideo.api.render_status import Render, read_render
from nemovideo.api.session_state import State, is_deep, read_state
from nemovideo.attachments import Form
from shared.errors import OutcomeUnknown, ResponseLost, SkillError, UnusableResult
from shared.http.response import HttpResponse, retry_after_seconds
from shared.http.session import AuthHeader, Session
from shared.http.urls import host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import BinaryIO

    from nemovideo.attachments import Attachment
    from nemovideo.request import ExportRequest
    from shared.http.stream import Stream
    from shared.security.keys import Secret

READ_SECONDS, UPLOAD_SECONDS, DOWNLOAD_SECONDS = 20.0, 900.0, 900.0  # for one request, first byte to last
BEGIN_SECONDS, SILENT_SECONDS = 60.0, 600.0  # for the answer to a message: its head, and between two bytes
MAX_STATE = 16 << 20  # bytes
MAX_REFUSAL = 1 << 16  # bytes
PAGE_HEAD = 200  # bytes in which a web page shows itself
MAX_FILE = 4 << 30  # bytes of a render
JSON_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class Client:
    """One account at the service; `downloads` fetches links, without the token."""

    def __init__(
        self, base_url: str, secret: Secret | None, *, user_agent: str, attribution: dict[str, str]
    ) -> None:
        self._base_url = base_url
        self._user_agent = user_agent
        self._attribution = attribution
        self._api = self._session(secret)
        self.downloads = Session(user_agent=user_agent, hosts=None)

    def use(self, secret: Secret) -> None:
        """Use this token from now on."""
        self._api.close()
        self._api = self._session(secret)

    def _session(self, secret: Secret | None) -> Session:
        auth = AuthHeader("Authorization", secret, scheme="Bearer") if secret else None
        return Session(user_agent=self._user_agent, hosts={host_of(self._base_url)}, auth=auth)

    def anonymous_token(self, client_id: str, seconds: float) -> wire.Anonymous:
        """Request an anonymous token; the service issues one a week to a client.

        Raises:
            RateLimitError: the client already had it.
            ReadError: no usable answer.
        """
        with contextlib.closing(self._session(None)) as session:
            headers = {**JSON_HEADERS, wire.CLIENT_HEADER: client_id}
            url = self._base_url + wire.TOKEN_PATH
            answer = session.read("POST", url, headers=headers, body=b"", seconds=min(seconds, READ_SECONDS))
        return wire.anonymous(_data(answer))

    def open_session(self, language: str, seconds: float) -> wire.Opened:
        """Open a session; free.

        Raises:
            RequestRejected, ReadError: as every free call of this class.
        """
        return wire.opened(self._post(wire.SESSION_PATH, wire.session_body(language), seconds))

    def send(self, session: str, text: str) -> Stream:
        """Send a message: one paid request, never repeated here; the caller reads its answer.

        The caller sets the stream's limit, because an answer may take longer than its head.

        Raises:
            RequestRejected: the service did not accept it.
            NotSentError: no byte left, as the connection proves; may be sent again.
            OutcomeUnknown: it may have been accepted.
        """
        stream = self._api.stream_once(
            "POST",
            self._base_url + wire.MESSAGE_PATH,
            headers={**self._attribution, "Content-Type": "application/json", "Accept": "text/event-stream"},
            body=_encoded(wire.message_body(session, text)),
            seconds=BEGIN_SECONDS,
            idle_timeout=SILENT_SECONDS,
        )
        if stream.status == 200 and not _is_json(stream.headers):  # noqa: PLR2004
            return stream
        wait = retry_after_seconds(stream.headers.get("retry-after"))
        refused = refusal(stream.status, _small_document(stream), wait, certain=True)
        if refused:
            raise refused
        raise OutcomeUnknown("answer_unclear", http_status=stream.status, status=stream.status)

    def upload(
        self, session: str, attachment: Attachment, on_bytes: Callable[[int], None], seconds: float
    ) -> list[dict[str, Any]]:
        """Upload one file, read from disk as it is sent.

        Raises:
            BadInput: `reference_changed`.
            RequestRejected: its type or size is refused.
            ReadError: it failed; the same bytes may be sent again.
        """
        boundary = f"----{secrets.token_hex(16)}"
        with attachment.open("--attach") as file, Form(attachment, file, boundary, on_bytes) as form:
            answer = self._api.read(
                "POST",
                self._base_url + wire.UPLOAD_PATH + quote(session, safe=""),
                headers={
                    **self._attribution,
                    "Content-Type": f"multipart/form-data; boundary={boundary}",
                    "Accept": "application/json",
                },
                body=form,
                seconds=min(seconds, UPLOAD_SECONDS),
            )
        return wire.uploaded(_data(answer))

    def upload_addresses(self, session: str, urls: list[str], seconds: float) -> list[dict[str, Any]]:
        """Let the service download files from URLs."""
        path = wire.UPLOAD_PATH + quote(session, safe="")
        return wire.uploaded(self._post(path, wire.addresses_body(urls), seconds, UPLOAD_SECONDS))

    def credits(self, seconds: float) -> wire.Balance:
        """Read the balance; free."""
        return wire.balance(self._get(wire.CREDITS_PATH, seconds))

    def state(self, session: str, seconds: float) -> State:
        """Read the state of a session; free."""
        return read_state(self._get(wire.STATE_PATH.format(session=quote(session, safe="")), seconds))

    def begin_render(self, render: str, session: str, draft: Any, request: ExportRequest, seconds: float) -> None:
        """Begin a render under an id that we choose; free.

        Raises:
            RequestRejected: among others `plan_without_export`.
            ReadError: caused by NotSentError, or its answer is lost and the render may have begun.
        """
        self._post(wire.RENDER_PATH, wire.render_body(render, session, draft, request), seconds)

    def render(self, render: str, seconds: float) -> Render:
        """Query a render once."""
        return read_render(self._get(f"{wire.RENDER_PATH}/{quote(render, safe='')}", seconds))

    def cancel_render(self, render: str, seconds: float) -> None:
        """Cancel a render."""
        self._post(f"{wire.RENDER_PATH}/{quote(render, safe='')}/cancel", {}, seconds)

    def download_render(self, render: str, target: BinaryIO, seconds: float) -> None:
        """Download a finished render from the service itself, if its link cannot be read.

        Raises:
            UnusableResult: `link_expired`; there is none.
            RequestRejected: the service refuses, such as an old token.
            ReadError: no whole answer.
        """
        target.seek(0)
        target.truncate()
        answer = self._api.read(
            "GET",
            self._base_url + wire.DOWNLOAD_PATH.format(render=quote(render, safe="")),
            headers=self._attribution,
            body=None,
            seconds=min(seconds, DOWNLOAD_SECONDS),
            sink=target,
            max_bytes=MAX_FILE,
        )
        place = answer.headers.get("location")
        if answer.status in (301, 302, 303, 307, 308) and place:
            target.seek(0)
            target.truncate()
            self.downloads.download(place, target, seconds=seconds, max_bytes=MAX_FILE)
        elif answer.status != 200 or _is_json(answer.headers):  # noqa: PLR2004
            target.seek(0)
            refused = refusal(answer.status, _document(target.read(MAX_REFUSAL)), answer.retry_after)
            raise refused or UnusableResult("link_expired", http_status=answer.status, status=answer.status)

    def _get(self, path: str, seconds: float) -> dict[str, Any]:
        headers = {**self._attribution, "Accept": "application/json"}
        seconds = min(seconds, READ_SECONDS)
        url = self._base_url + path
        return _data(self._api.read("GET", url, headers=headers, body=None, seconds=seconds, max_bytes=MAX_STATE))

    def _post(
        self, path: str, body: dict[str, Any], seconds: float, max_seconds: float = READ_SECONDS
    ) -> dict[str, Any]:
        headers = {**self._attribution, **JSON_HEADERS}
        url = self._base_url + path
        return _data(
            self._api.read("POST", url, headers=headers, body=_encoded(body), seconds=min(seconds, max_seconds))
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()
        self.downloads.close()


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _data(answer: HttpResponse) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = WEB_PAGE if _is_page(answer.body) else None
    if is_deep(document):
        document = None
    try:
        return wire.data_of(answer.status, document, answer.retry_after)
    except SkillError as error:
        error.request_id = answer.request_id
        raise


def _small_document(stream: Stream) -> Any:
    """Return the JSON that came instead of a stream, None if there is none."""
    content = bytearray()
    try:
        for block in stream.blocks():
            content += block
            if len(content) > MAX_REFUSAL:
                break
        return _document(content)
    except ResponseLost:
        return None
    finally:
        stream.close()


def _document(content: bytes | bytearray) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return WEB_PAGE if _is_page(content) else None


def _is_page(content: bytes | bytearray) -> bool:
    return content[:PAGE_HEAD].lstrip().startswith(b"<")


def _is_json(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
