"""All simulated services together, and the environment in which an unchanged command reaches only them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.providers import ima, kexiang, nemo, openai_images
from tests.providers.ima import ImaService
from tests.providers.kexiang import KexiangService
from tests.providers.ledger import Ledger
from tests.providers.nemo import NemoService
from tests.providers.openai_images import OpenAiImagesService
from tests.providers.server import TlsServer
from tests.providers.sockets import LOOPBACK
from tests.providers.tunnel import TunnelProxy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

    from tests.providers.recorder import Recorder
    from tests.providers.server import Handler

KEXIANG_KEY = "dummy-key-of-the-kexiang-stand-in"
IMA_KEY = "ima_dummy-key-of-the-ima-stand-in"
NEMO_TOKEN = "dummy-token-of-the-nemo-stand-in"
OPENAI_IMAGES_KEY = "dummy-key-of-the-images-stand-in"


class StandInHouse:
    """Every service at its real host name, one TLS server, one proxy, one ledger; a context manager.

    `handlers` adds hosts of the test's own, such as one that a redirect leads to.
    https://127.0.0.1:<server.port> is kexiang too, for tests without the proxy.
    """

    def __init__(self, *, task_seconds: float = 1.0, handlers: Mapping[str, Handler] | None = None) -> None:
        self.ledger = Ledger()
        self.kexiang = KexiangService(self.ledger, key=KEXIANG_KEY, default_duration=task_seconds)
        self.ima = ImaService(self.ledger, key=IMA_KEY, default_duration=task_seconds)
        self.nemo = NemoService(self.ledger, key=NEMO_TOKEN, default_seconds=task_seconds)
        self.openai_images = OpenAiImagesService(self.ledger, key=OPENAI_IMAGES_KEY)
        self.server = TlsServer(
            {
                LOOPBACK: self.kexiang.handle,
                kexiang.HOST: self.kexiang.handle,
                kexiang.PICTURE_HOST: self.kexiang.handle_picture,
                ima.HOST: self.ima.handle,
                ima.UPLOAD_HOST: self.ima.handle_upload,
                ima.BUCKET_HOST: self.ima.handle_bucket,
                ima.PICTURE_HOST: self.ima.handle_picture,
                nemo.HOST: self.nemo.handle,
                nemo.CDN_HOST: self.nemo.handle_media,
                openai_images.HOST: self.openai_images.handle,
                openai_images.PICTURE_HOST: self.openai_images.handle_picture,
                **(handlers or {}),
            }
        )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.server)
            self.proxy = stack.enter_context(TunnelProxy(dict.fromkeys(self.server.handlers, self.server.port)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def recorder(self) -> Recorder:
        """Every request that any of the services got."""
        return self.server.recorder

    @property
    def contacted(self) -> set[str]:
        """The names of all hosts that someone asked the proxy for or sent a request to directly."""
        targets = [target if "://" in target else f"//{target}" for target in self.proxy.connects]
        return {urlsplit(target).hostname or target for target in targets} | {
            request.host for request in self.recorder.requests
        }

    def environment(self, proxy_url: str | None = None) -> dict[str, str]:
        """Return the variables that lead a process here, through another proxy URL if one is given."""
        proxy = proxy_url or self.proxy.url
        names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
        return {
            **dict.fromkeys(names, proxy),
            "NO_PROXY": "",
            "no_proxy": "",
            "REQUESTS_CA_BUNDLE": self.server.ca_path,
        }
