"""Server certificates for the services' real names, whole or wrong in one way."""

from __future__ import annotations

import datetime as dt
import ssl
from enum import Enum, auto

import trustme


class CertificateFault(Enum):
    """What is wrong with a host's certificate."""

    EXPIRED = auto()
    SELF_SIGNED = auto()
    WRONG_NAME = auto()
    UNKNOWN_ISSUER = auto()


class Authority:
    """One certificate authority and the server contexts that it signs."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self.pem = self._ca.cert_pem

    def context(self, host: str, fault: CertificateFault | None = None) -> ssl.SSLContext:
        """Make the server's side for a host name or an IP address."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if fault is CertificateFault.SELF_SIGNED:
            stranger = trustme.CA()
            with stranger.private_key_pem.tempfile() as key, stranger.cert_pem.tempfile() as certificate:
                context.load_cert_chain(certificate, key)
        else:
            self._issue(host, fault).configure_cert(context)
        return context

    def _issue(self, host: str, fault: CertificateFault | None) -> trustme.LeafCert:
        if fault is CertificateFault.WRONG_NAME:
            return self._ca.issue_cert("somebody-else.example")
        if fault is CertificateFault.UNKNOWN_ISSUER:
            return trustme.CA().issue_cert(host)
        if fault is CertificateFault.EXPIRED:
            yesterday = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=1)
            return self._ca.issue_cert(host, not_before=yesterday - dt.timedelta(days=1), not_after=yesterday)
        return self._ca.issue_cert(host)
