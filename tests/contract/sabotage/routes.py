"""Lets every name lead where ROUTE says: "<address>:<port>" is a pretended address with that port of loopback
behind it, "nowhere" no address at all. So a launcher without a proxy reaches only the simulated services."""  # noqa: D205, D209

from __future__ import annotations

import os
import socket
from typing import Any

_address, _, _port = os.environ["ROUTE"].rpartition(":")
_getaddrinfo = socket.getaddrinfo
LOOPBACK = "127.0.0.1"


def _resolve(host: Any, port: Any, *more: Any, **named: Any) -> Any:
    if host == LOOPBACK:
        return _getaddrinfo(host, port, *more, **named)
    if not _address:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (_address, port))]


class _Routed(socket.socket):
    _pretended: Any = None

    def connect(self, address: Any) -> None:
        if address[0] == _address:
            self._pretended, address = address, (LOOPBACK, int(_port))
        super().connect(address)

    def getpeername(self) -> Any:
        return self._pretended or super().getpeername()


setattr(socket, "getaddrinfo", _resolve)  # noqa: B010
setattr(socket, "socket", _Routed)  # noqa: B010
