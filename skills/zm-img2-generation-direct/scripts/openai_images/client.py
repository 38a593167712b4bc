"""The endpoints of an OpenAI-style images API; the only module that talks to it, and `create` all that costs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from openai_images import wire
from openai_images.response.extraction import find_images
from openai_images.response.framing import read_content
from openai_images.response.refusal import (
    FORBIDDEN,
    SERVER_ERROR,
    UNAUTHORIZED,
    refusal,
    refuses_field,
    service_error,
)
from shared.errors import InvalidRequest, OutcomeUnknown, ReadError
from shared.http.session import AuthHeader, Session
from shared.http.urls import host_of, is_loopback, origin_of

if TYPE_CHECKING:
    from types import TracebackType
    from typing import BinaryIO

    from openai_images.config.provider import Provider
    from openai_images.prepared_request import Package
    from openai_images.response.framing import Content
    from openai_images.response.refusal import ServiceError
    from shared.http.response import HttpResponse

LARGEST_ANSWER = 96 << 20  # bytes; a picture of 64 MB in base64, and some room
MODELS_SECONDS = 20.0
BLOCK = 1 << 18  # bytes
SHORTEST_BLANKED = 12  # characters; what is shorter may stand in the base64 of a picture by chance


class Client:
    """One account at one provider; `downloads` fetches picture links, without the key."""

    def __init__(self, provider: Provider, *, user_agent: str) -> None:
        self._base_url = provider.base_url
        self._headers = dict(provider.headers)
        secrets_of = (*provider.secret.spellings(), *self._headers.values())
        self._secrets = [one.encode() for one in secrets_of if len(one) >= SHORTEST_BLANKED]
        auth = AuthHeader("Authorization", provider.secret, scheme="Bearer")
        self._api = Session(user_agent=user_agent, hosts={host_of(provider.base_url)}, auth=auth)
        self.downloads = Session(user_agent=user_agent, hosts=None, own_origin=origin_of(provider.base_url))

    def create(self, package: Package, idempotency_key: str, seconds: float, spool: BinaryIO) -> wire.Delivered:
        """Make a picture: one paid request, never repeated in here; its answer is left in `spool`.

        Raises:
            RequestRejected: the service did not accept it.
            NotSentError: proven by the connection; may be sent again.
            OutcomeUnknown: it may have been accepted; `http_status` tells when there was an answer.
            DiskError: the answer could not be spooled.
        """
        answer = self._spend(package, idempotency_key, seconds, spool)
        spool.flush()
        content = read_content(spool)
        images = find_images(spool, content)
        success = 200 <= answer.status < 300  # noqa: PLR2004
        redirect = 300 <= answer.status < 400  # noqa: PLR2004
        if (
            any(image.sure and not image.draft for image in images) and not redirect
        ):  # whatever else it says, this was made and paid
            return wire.delivered(content, images, answer.request_id)
        error = service_error(content.document, is_page=content.is_page, prompt=package.prompt)
        refused = refusal(answer.status, error, answer.retry_after) or self._address_refusal(
            answer, content, error
        )
        if refused and not content.is_cut:
            _empty(spool)
            refused.request_id = answer.request_id
            if (
                package.rename_field
                and refused.code == "refused"
                and refuses_field(answer.status, content.document)
            ):
                raise InvalidRequest("field_refused", http_status=answer.status, words=error.words)
            raise refused
        is_broken_off = any(image.draft for image in images) and content.tells_error
        if success and images and not is_broken_off:
            return wire.delivered(content, images, answer.request_id)
        raise OutcomeUnknown(
            "answer_without_picture" if success else "answer_unclear",
            http_status=answer.status,
            status=answer.status,
            words=error.words,
            path=spool.name,
            provider_code=error.code,
            request_id=answer.request_id,
            retry_after=answer.retry_after,
        )

    def _address_refusal(
        self, answer: HttpResponse, content: Content, error: ServiceError
    ) -> InvalidRequest | None:
        """Return a refusal when the address is proven to be no API's: it shows a web page for its models as well.

        A web page alone proves nothing: a gateway may show one after the service behind it made the image.
        """
        if not content.is_page or answer.status >= SERVER_ERROR:
            return None
        with contextlib.suppress(ReadError):
            models = self._models()
            if models.status < SERVER_ERROR and models.body.lstrip().startswith(b"<"):
                return InvalidRequest(
                    "address_wrong", http_status=answer.status, status=answer.status, words=error.words
                )
        return None

    def _spend(self, package: Package, idempotency_key: str, seconds: float, spool: BinaryIO) -> HttpResponse:
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
            return self._api.post_once(
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

    def absolute(self, link: str) -> str:
        """Return the address of an image: a relative link, or one to the provider's own host, by the base URL.

        Relays write links as if they knew neither TLS in front of them nor the name by which they are called. A
        link that cannot be read is returned as it is.
        """
        try:
            url = urljoin(f"{self._base_url}/", link)
            link_host, base_host = host_of(url), host_of(self._base_url)
            link_parts, base_parts = urlsplit(url), urlsplit(self._base_url)
        except ValueError:  # InvalidUrl is one
            return link
        same_host = link_host == base_host or (is_loopback(link_host) and is_loopback(base_host))
        without_tls = (link_parts.scheme, base_parts.scheme) == ("http", "https")
        same_port = link_parts.port in ((None, 80, base_parts.port) if without_tls else (base_parts.port,))
        if same_host and same_port and (without_tls or link_parts.scheme == base_parts.scheme):
            return link_parts._replace(scheme=base_parts.scheme, netloc=base_parts.netloc).geturl()
        return url

    def check_key(self) -> bool:
        """Ask for the list of models, which costs nothing; False when the service keeps no such list.

        Raises:
            AuthenticationError: the key is not accepted.
            ReadError: the service does not answer.
        """
        answer = self._models()
        try:
            document = answer.json()
        except ValueError:  # a web page, as many servers show at an address that is not the API's
            document = None
        refused = refusal(answer.status, service_error(document))
        if refused and answer.status in (UNAUTHORIZED, FORBIDDEN):
            raise refused
        if answer.status >= SERVER_ERROR:
            raise ReadError("read_failed", http_status=answer.status, status=answer.status, remedy="again")
        return answer.status == wire.OK and wire.lists_models(document)

    def _models(self) -> HttpResponse:
        return self._api.read(
            "GET", self._base_url + wire.MODELS_PATH, headers=self._headers, body=None, seconds=MODELS_SECONDS
        )

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
