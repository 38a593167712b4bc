"""HTTP client of the kettle: two endpoints, of which only `create` costs money."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shared.http.session import AuthHeader, Session
from shared.http.urls import host_of, origin_of
from teapot import wire

if TYPE_CHECKING:
    from shared.paid_request import Accepted
    from shared.queue_poller import QueueTask
    from shared.security.keys import Secret
    from teapot.request import ImageRequest

SECONDS, HEADERS = 30.0, {"Content-Type": "application/json"}  # of one call


class Client:
    """One account at the service; `downloads` fetches image links, without the key."""

    def __init__(self, base_url: str, secret: Secret, *, user_agent: str) -> None:
        self._base_url = base_url
        auth = AuthHeader("Authorization", secret, scheme="Bearer")
        self._api = Session(user_agent=user_agent, hosts={host_of(base_url)}, auth=auth)
        self.downloads = Session(user_agent=user_agent, hosts=None, own_origin=origin_of(base_url))

    def create(self, request: ImageRequest) -> Accepted:
        """Create a paid task: one request, never repeated in here."""
        url, body = self._base_url + wire.CREATE_PATH, json.dumps(wire.create_body(request)).encode()
        answer = self._api.post_once("POST", url, headers=HEADERS, body=body, seconds=SECONDS)
        return wire.created(answer.status, answer.json())

    def query(self, task_id: str, seconds: float) -> QueueTask:
        """Query a task once; free."""
        url = self._base_url + wire.QUERY_PATH + task_id
        answer = self._api.read("GET", url, headers=HEADERS, body=None, seconds=min(seconds, SECONDS))
        return wire.task(answer.status, answer.json())
