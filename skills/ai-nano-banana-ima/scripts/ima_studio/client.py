"""HTTP client of IMA's endpoints, of which only `create` costs money."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ima_studio import wire
from shared.errors import ReadError, SkillError
from shared.http.session import AuthHeader, Session
from shared.http.urls import InvalidUrl, check_public_url
from shared.i18n.messages import MessageRef
from shared.polling import retry_read

if TYPE_CHECKING:
    from types import TracebackType

    from ima_studio.pricing import Offer
    from ima_studio.products import Product
    from ima_studio.request import TaskType
    from ima_studio.task_status import Task
    from shared.http.response import HttpResponse
    from shared.polling import Deadline
    from shared.security.keys import Secret

API, UPLOADS = f"https://{wire.HOST}", f"https://{wire.UPLOAD_HOST}"
"""Fixed: no option and no variable moves them, because the key goes there."""
LIST_SECONDS, CREATE_SECONDS, DETAIL_SECONDS = 20.0, 60.0, 20.0  # for one request, first byte to last
TOKEN_SECONDS, PUT_SECONDS = 20.0, 120.0
LIST_TRIES = 4
NONCE_LENGTH = 21  # hex characters


class Client:
    """One account at the service; `downloads` downloads images and uploads files, without the key."""

    def __init__(self, secret: Secret, *, user_agent: str, language: str) -> None:
        self._secret = secret
        self._headers = wire.headers(language)
        auth = AuthHeader("Authorization", secret, scheme="Bearer")
        self._api = Session(user_agent=user_agent, hosts={wire.HOST}, auth=auth)
        self._uploads = Session(user_agent=user_agent, hosts={wire.UPLOAD_HOST})
        self.downloads = Session(user_agent=user_agent, hosts=None)

    def products(self, task_type: TaskType, seconds: float) -> list[Product]:
        """Return the products for a task type; free.

        Raises:
            AuthenticationError: the key is not accepted.
            ReadError: no usable answer; may be repeated.
        """
        url = f"{API}{wire.LIST_PATH}?{urlencode(wire.list_query(task_type))}"
        tree = self._read("GET", url, None, min(seconds, LIST_SECONDS))
        if not isinstance(tree, list):
            raise ReadError("read_failed", status=200)

        from ima_studio.products import read_products  # noqa: PLC0415  - the first request need not wait for it

        return read_products(tree)

    def create(self, task_type: TaskType, prompt: str, offer: Offer, links: tuple[str, ...]) -> wire.Created:
        """Create a paid task: one request, never repeated in here.

        Raises:
            RequestRejected: the service did not accept it.
            NotSentError: no byte left, as the connection proves; may be sent again.
            OutcomeUnknown: it may have been accepted.
        """
        answer = self._api.post_once(
            "POST",
            API + wire.CREATE_PATH,
            headers=self._headers,
            body=_encoded(wire.create_body(task_type, prompt, offer, links)),
            seconds=CREATE_SECONDS,  # a cut answer is lost, so it may take more than the rest of --timeout
        )
        try:
            return wire.created(
                answer.status, _document(answer), offer, answer.retry_after, is_page=answer.is_page
            )
        except SkillError as error:
            error.request_id = answer.request_id
            raise

    def detail(self, task_id: str, seconds: float) -> Task:
        """Query a task once; free.

        Raises:
            AuthenticationError: the key is not accepted.
            ReadError: no usable answer; may be repeated.
        """
        from ima_studio.task_status import read_task  # noqa: PLC0415

        body = _encoded({"task_id": task_id})
        return read_task(self._read("POST", API + wire.DETAIL_PATH, body, min(seconds, DETAIL_SECONDS)))

    def upload(self, content: bytes, media_type: str, seconds: float) -> str:
        """Upload an image and return its public URL at the service.

        The key goes into the form that requests the upload URL, never to that URL.

        Raises:
            AuthenticationError: the key is not accepted.
            ReadError: it failed; the same bytes may be sent again.
        """
        nonce = secrets.token_hex(NONCE_LENGTH)[:NONCE_LENGTH]
        form = wire.upload_form(self._secret.reveal(), media_type, int(time.time()), nonce)
        answer = self._uploads.read(
            "POST",
            UPLOADS + wire.TOKEN_PATH,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(form).encode(),
            seconds=min(seconds, TOKEN_SECONDS),
        )
        put, public = wire.upload_links(_data(answer))
        try:
            check_public_url(public)
        except InvalidUrl as error:
            raise ReadError("link_refused", reason=MessageRef(f"url_{error.reason}")) from error
        stored = self.downloads.put(
            put, content, headers={"Content-Type": media_type}, seconds=min(seconds, PUT_SECONDS)
        )
        if not 200 <= stored.status < 300:  # noqa: PLR2004  - success
            status = stored.status
            raise ReadError("read_failed", http_status=status, status=status, retry_after=stored.retry_after)
        return public

    def _read(self, method: str, url: str, body: bytes | None, seconds: float) -> Any:
        return _data(self._api.read(method, url, headers=self._headers, body=body, seconds=seconds))

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in (self._api, self._uploads, self.downloads):
            session.close()


def read_list(client: Client, task_type: TaskType, deadline: Deadline) -> list[Product]:
    """Read the product list, with a few retries; free.

    Raises:
        SkillError: the list cannot be read.
    """
    return retry_read(lambda seconds: client.products(task_type, seconds), deadline, tries=LIST_TRIES)


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _data(answer: HttpResponse) -> Any:
    try:
        return wire.read_data(answer.status, _document(answer), answer.retry_after, is_page=answer.is_page)
    except SkillError as error:
        error.request_id = answer.request_id
        raise


def _document(answer: HttpResponse) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
