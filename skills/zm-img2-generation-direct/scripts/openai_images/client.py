"""The endpoints of an OpenAI-style images API; the only module that talks to it, and `create` all that costs."""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openai_images import wire
from openai_images.answer import read_document
from shared.errors import OutcomeUnknown, ReadFailed
from shared.files import disk_errors
from shared.http import KeyHeader, Session
from shared.urls import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import BinaryIO

    from openai_images.provider import Provider
    from openai_images.request import ImageRequest
    from shared.http_answer import Answer

LARGEST_ANSWER = 96 << 20  # bytes; a picture of 64 MB in base64, and some room
MODELS_SECONDS = 20.0
BLOCK = 1 << 18  # bytes
SHORTEST_BLANKED = 12  # characters; what is shorter may stand in the base64 of a picture by chance


@dataclass(frozen=True)
class Package:
    """A request ready to be sent, as often as need be."""

    path: str
    content_type: str
    body: bytes | BinaryIO


class Client:
    """One account at one provider; `downloads` fetches picture links, without the key."""

    def __init__(self, provider: Provider, *, user_agent: str) -> None:
        self._base_url = provider.base_url
        self._headers = dict(provider.headers)
        secrets_of = (provider.secret.reveal(), *self._headers.values())
        self._secrets = [one.encode() for one in secrets_of if len(one) >= SHORTEST_BLANKED]
        auth = KeyHeader("Authorization", provider.secret, scheme="Bearer")
        self._api = Session(user_agent=user_agent, hosts={host_of(provider.base_url)}, auth=auth)
        self.downloads = Session(user_agent=user_agent, hosts=None)

    @contextlib.contextmanager
    def packed(self, request: ImageRequest, folder: Path) -> Iterator[Package]:
        """Yield the request as it is sent; the form of an edit lies in an unnamed file of `folder` meanwhile.

        Raises:
            BadInput: `reference_changed`; a reference picture is not the one that was checked any more.
            DiskError: `disk_failed`.
        """
        path = wire.PATHS[request.mode]
        if request.mode == "generation":
            body = json.dumps(wire.generation_body(request), ensure_ascii=False).encode()
            yield Package(path, "application/json", body)
            return
        boundary = f"----{secrets.token_hex(16)}"
        with disk_errors(folder):
            form = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  - closed below, without the disk's errors
        with form:
            with disk_errors(folder):
                for head, content in wire.edit_parts(request):
                    form.write(f"--{boundary}\r\n".encode() + head)
                    if isinstance(content, int):
                        content = request.references[content].content("--input-image")  # noqa: PLW2901
                    form.write(content)
                    form.write(b"\r\n")  # not added to it: a reference may have 20 MB
                form.write(f"--{boundary}--\r\n".encode())
            yield Package(path, f"multipart/form-data; boundary={boundary}", form)

    def create(self, package: Package, idempotency_key: str, seconds: float, spool: BinaryIO) -> wire.Delivered:
        """Make a picture: one paid request, never repeated in here; its answer is left in `spool`.

        Raises:
            Rejected: the service did not accept it.
            NeverReached: proven by the connection; may be sent again.
            OutcomeUnknown: it may have been accepted; `http_status` tells when there was an answer.
            DiskError: the answer could not be spooled.
        """
        answer = self._spend(package, idempotency_key, seconds, spool)
        document = _document(spool)
        if not 200 <= answer.status < 300:  # noqa: PLR2004  - no picture in there
            _empty(spool)
        refusal = wire.refusal(answer.status, document, answer.retry_after)
        if refusal:
            refusal.request_id = answer.request_id
            raise refusal
        if not 200 <= answer.status < 300:  # noqa: PLR2004  - success
            raise OutcomeUnknown(
                "answer_unclear",
                http_status=answer.status,
                status=answer.status,
                words=wire.service_words(document),
                provider_code=wire.service_code(document) or None,
                request_id=answer.request_id,
                retry_after=answer.retry_after,
            )
        return wire.delivered(answer.status, document, answer.request_id)

    def _spend(self, package: Package, idempotency_key: str, seconds: float, spool: BinaryIO) -> Answer:
        """Send the request and spool its answer, without any key that it quotes."""
        if not isinstance(package.body, bytes):
            package.body.seek(0)
        _empty(spool)
        headers = {
            **self._headers,
            "Content-Type": package.content_type,
            "Accept": "application/json",
            wire.IDEMPOTENCY_HEADER: idempotency_key,
        }
        try:
            return self._api.spend(
                "POST",
                self._base_url + package.path,
                headers=headers,
                body=package.body,
                seconds=seconds,
                into=spool,
                largest=LARGEST_ANSWER,
            )
        finally:
            for secret in self._secrets:
                _blank(spool, secret)

    def check_key(self) -> bool:
        """Ask for the list of models, which costs nothing; False when the service keeps no such list.

        Raises:
            KeyRefused: the key is not accepted.
            ReadFailed: the service does not answer.
        """
        answer = self._api.read(
            "GET", self._base_url + wire.MODELS_PATH, headers=self._headers, body=None, seconds=MODELS_SECONDS
        )
        try:
            document = answer.json()
        except ValueError:  # a web page, as many servers show at an address that is not the API's
            document = None
        refusal = wire.refusal(answer.status, document, None)
        if refusal and answer.status in (401, 403):
            raise refusal
        if answer.status >= wire.SERVER_ERROR:
            raise ReadFailed("read_failed", http_status=answer.status, status=answer.status, remedy="again")
        return answer.status == 200 and wire.lists_models(document)  # noqa: PLR2004

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()
        self.downloads.close()


def _empty(spool: BinaryIO) -> None:
    spool.seek(0)
    spool.truncate()


def _blank(spool: BinaryIO, secret: bytes) -> None:
    """Overwrite a key that an answer quotes, so that no file holds it; all else stays where it is."""
    start = 0
    while True:
        spool.seek(start)
        block = spool.read(BLOCK)
        at = block.find(secret)
        if at >= 0:
            spool.seek(start + at)
            spool.write(b"*" * len(secret))
        elif len(block) < BLOCK:
            return
        else:
            start += BLOCK - len(secret) + 1


def _document(spool: BinaryIO) -> Any:
    spool.flush()
    try:
        return read_document(spool)
    except ValueError:
        return None
