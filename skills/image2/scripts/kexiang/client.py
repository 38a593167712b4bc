"""HTTP client of kexiangai.com: two endpoints, of which only `create` costs money."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kexiang import wire
from shared.errors import ReadError, SkillError
from shared.http.session import AuthHeader, Session
from shared.http.urls import host_of

if TYPE_CHECKING:
    from types import TracebackType

    from kexiang.request import ImageRequest
    from shared.http.response import HttpResponse
    from shared.paid_request import Accepted
    from shared.security.keys import Secret

CREATE_SECONDS = 60.0  # for one create, from the first byte sent to the last one read
QUERY_SECONDS = 20.0  # for one poll of a task
JSON_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class Client:
    """One account at the service; `downloads` downloads images, without the key."""

    def __init__(self, base_url: str, secret: Secret, *, user_agent: str) -> None:
        self._base_url = base_url
        auth = AuthHeader(wire.KEY_HEADER, secret)
        self._api = Session(user_agent=user_agent, hosts={host_of(base_url)}, auth=auth)
        self.downloads = Session(user_agent=user_agent, hosts=None)

    def create(self, request: ImageRequest) -> Accepted:
        """Create a paid task: one request, never repeated in here.

        Raises:
            RequestRejected: the service did not accept it.
            NotSentError: no byte left, as the connection proves; may be sent again.
            OutcomeUnknown: it may have been accepted.
        """
        answer = self._api.post_once(
            "POST",
            self._base_url + wire.CREATE_PATH,
            headers=JSON_HEADERS,
            body=json.dumps(wire.create_body(request), ensure_ascii=False).encode(),
            seconds=CREATE_SECONDS,
        )
        try:
            return wire.created(
                answer.status, _document(answer), retry_after=answer.retry_after, is_page=answer.is_page
            )
        except SkillError as error:
            error.request_id = answer.request_id
            raise

    def query(self, task_id: str, seconds: float) -> wire.Task:
        """Query a task once; free.

        Raises:
            AuthenticationError, InvalidRequest: the key is not accepted, or not allowed to do this.
            ReadError: no usable answer; may be repeated.
        """
        answer = self._api.read(
            "GET",
            self._base_url + wire.QUERY_PATH + task_id,
            headers=JSON_HEADERS,
            body=None,
            seconds=min(seconds, QUERY_SECONDS),
        )
        return wire.task(answer.status, _document(answer), answer.retry_after, is_page=answer.is_page)

    def check_key(self) -> None:
        """Query a task that cannot exist: the answer "unknown task" shows that the key is accepted. Free.

        Raises:
            AuthenticationError: the key is not accepted.
            ReadError: the service did not answer.
        """
        try:
            self.query("0", QUERY_SECONDS)
        except ReadError as failure:
            if failure.code != "task_unknown_at_service":
                raise

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()
        self.downloads.close()


def _document(answer: HttpResponse) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
