"""Client of an OpenAI-style images API, and the only module that calls it; only `create` costs money."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
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
    from openai_images.prepared_request import PreparedRequest
    from openai_images.response.framing import Content
    from openai_images.response.refusal import ServiceError
    from shared.http.response import HttpResponse

MAX_RESPONSE_BYTES = 96 << 20  # bytes; an image of 64 MB in base64, and some room
MODELS_SECONDS = 20.0
MASK_BLOCK = 1 << 18  # bytes
MIN_MASKED = 12  # characters; a shorter text may occur in the base64 of an image by chance


class Client:
    """One account at one provider; `downloads` fetches image links without the key."""

    def __init__(self, provider: Provider, *, user_agent: str) -> None:
        self._base_url = provider.base_url
        self._places = {"provider": provider.name, **provider.places}
        self._headers = dict(provider.headers)
        secrets = (*provider.secret.spellings(), *self._headers.values())
        self._secrets = [secret.encode() for secret in secrets if len(secret) >= MIN_MASKED]
        auth = AuthHeader("Authorization", provider.secret, scheme="Bearer")
        self._api = Session(user_agent=user_agent, hosts={host_of(provider.base_url)}, auth=auth)
        self.downloads = Session(user_agent=user_agent, hosts=None, own_origin=origin_of(provider.base_url))

    def create(
        self, prepared: PreparedRequest, idempotency_key: str, seconds: float, spool: BinaryIO
    ) -> wire.Delivered:
        """Create an image with one paid request, never retried here; leave the response in `spool`.

        Raises:
            RequestRejected: the service did not accept it.
            NotSentError: the connection proves that nothing was sent; safe to retry.
            OutcomeUnknown: it may have been accepted; `http_status` is set if there was a response.
            DiskError: the response could not be spooled.
        """
        response = self._post(prepared, idempotency_key, seconds, spool)
        spool.flush()
        content = read_content(spool)
        images = find_images(spool, content)
        success = 200 <= response.status < 300  # noqa: PLR2004
        redirect = 300 <= response.status < 400  # noqa: PLR2004
        if (
            any(image.sure and not image.draft for image in images) and not redirect
        ):  # whatever else the answer says, this image was made and paid
            return wire.to_delivered(content, images, response.request_id)
        error = service_error(content.document, is_page=content.is_page, prompt=prepared.prompt)
        rejection = refusal(response.status, error, response.retry_after) or self._address_refusal(
            response, content, error
        )
        if rejection and not content.is_cut:
            _truncate(spool)
            rejection.request_id = response.request_id
            rejection.facts |= self._places
            if (
                prepared.rename_field
                and rejection.code == "refused"
                and refuses_field(response.status, content.document)
            ):
                raise InvalidRequest("field_refused", http_status=response.status, words=error.words)
            raise rejection
        is_broken_off = any(image.draft for image in images) and content.is_error
        if success and images and not is_broken_off:
            return wire.to_delivered(content, images, response.request_id)
        raise OutcomeUnknown(
            "answer_without_picture" if success else "answer_unclear",
            http_status=response.status,
            status=response.status,
            words=error.words,
            path=spool.name,
            provider_code=error.code,
            request_id=response.request_id,
            retry_after=response.retry_after,
        )

    def _address_refusal(
        self, response: HttpResponse, content: Content, error: ServiceError
    ) -> InvalidRequest | None:
        """Return a rejection if the address is proven not to be an API.

        The proof is a web page for the list of models as well. One web page alone proves nothing: a gateway may
        return one after the service behind it made the image.
        """
        if not content.is_page or response.status >= SERVER_ERROR:
            return None
        with contextlib.suppress(ReadError):
            models = self._models()
            if models.status < SERVER_ERROR and models.body.lstrip().startswith(b"<"):
                facts: dict[str, Any] = {"status": response.status, "words": error.words, **self._places}
                return InvalidRequest("address_wrong", http_status=response.status, **facts)
        return None

    def _post(
        self, prepared: PreparedRequest, idempotency_key: str, seconds: float, spool: BinaryIO
    ) -> HttpResponse:
        """Send the request and spool its response, with every key in it masked."""
        if not isinstance(prepared.body, bytes):
            prepared.body.seek(0)
        _truncate(spool)
        headers = {
            **self._headers,
            "Content-Type": prepared.content_type,
            "Accept": "application/json",
            wire.IDEMPOTENCY_HEADER: idempotency_key,
        }
        try:
            return self._api.post_once(
                "POST",
                self._base_url + prepared.path,
                headers=headers,
                body=prepared.body,
                seconds=seconds,
                sink=spool,
                max_bytes=MAX_RESPONSE_BYTES,
            )
        finally:
            for secret in self._secrets:
                _mask(spool, secret)

    def absolute_url(self, link: str) -> str:
        """Return the absolute URL of an image; links to the provider's own host follow the base URL.

        Relays behind a proxy write links without its TLS or its host name. A link that cannot be parsed is
        returned unchanged.
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
        """Request the list of models, which is free; return False if the service has no such list.

        Raises:
            AuthenticationError: the key is not accepted.
            ReadError: the service does not respond.
        """
        response = self._models()
        try:
            document = response.json()
        except ValueError:  # a web page, as many servers show at an address that is not the API's
            document = None
        rejection = refusal(response.status, service_error(document))
        if rejection and response.status in (UNAUTHORIZED, FORBIDDEN):
            rejection.facts |= self._places
            raise rejection
        if response.status >= SERVER_ERROR:
            raise ReadError("read_failed", http_status=response.status, status=response.status, remedy="again")
        return response.status == wire.OK and wire.lists_models(document)

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


def _truncate(spool: BinaryIO) -> None:
    spool.seek(0)
    spool.truncate()


def _mask(spool: BinaryIO, secret: bytes) -> None:
    """Overwrite every occurrence of a key in a spooled response, so that no file contains it."""
    start = 0
    while True:
        spool.seek(start)
        block = spool.read(MASK_BLOCK)
        at = block.find(secret)
        if at >= 0:
            spool.seek(start + at)
            spool.write(b"*" * len(secret))
        elif len(block) < MASK_BLOCK:
            return
        else:
            start += MASK_BLOCK - len(secret) + 1
