"""Certificates and key logs that the environment names work, or are refused by the variable's name."""

from __future__ import annotations

import os
import shutil
import ssl
from typing import TYPE_CHECKING

import certifi
import pytest

from shared.errors import ConfigurationError, NotSentError
from shared.http.environment import CA_VARIABLES, ca_bundle, check_key_log, openssl_reason
from shared.http.session import Session
from shared.i18n.catalog import Catalog
from tests.providers.certificates import CertificateFault
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from pathlib import Path

EMPTY_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def make_session() -> None:
    Session(user_agent="a-test", hosts={"kexiangai.com"}).close()


@pytest.mark.parametrize("variable", CA_VARIABLES)
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("empty", "no certificate or crl found"),
        ("words", "no certificate or crl found"),
        ("broken", None),
        ("folder", "no_certificate"),
        ("device", "not_regular_file"),
        ("unreadable", "Permission denied"),
    ],
)
def test_a_certificate_file_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, kind: str, reason: str | None
) -> None:
    path = tmp_path / "ca.pem"
    contents = {"empty": "", "words": "not a certificate\n", "broken": EMPTY_CERTIFICATE, "unreadable": ""}
    if kind == "folder":
        path.mkdir()
    elif kind == "device":
        path = path.__class__(os.devnull)
    else:
        path.write_text(contents[kind])
    if kind == "unreadable":  # root reads whatever its mode is

        def load(*_arguments: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(ConfigurationError) as caught:
        make_session()
    assert (caught.value.code, caught.value.exit_code) == ("certificates_unusable", 3)
    assert (caught.value.facts["variable"], caught.value.facts["path"]) == (variable, str(path))
    assert reason is None or caught.value.facts["reason"] == reason
    told = Catalog("en").format("certificates_unusable", **caught.value.facts)
    assert variable in told
    assert variable in Catalog("zh").format("certificates_unusable.hint", **caught.value.facts)


def test_a_folder_as_openssl_keeps_it_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copyfile(certifi.where(), tmp_path / "4bfab552.0")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert ca_bundle() == str(tmp_path)


@pytest.mark.parametrize("place", ["no/such/dir/k", ""])
def test_a_key_log_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / place))
    with pytest.raises(ConfigurationError) as caught:
        make_session()
    assert (caught.value.code, caught.value.exit_code) == ("key_log_unusable", 3)
    assert caught.value.facts["variable"] == "SSLKEYLOGFILE"
    assert caught.value.facts["reason"] in ("No such file or directory", "Is a directory")


def test_a_key_log_that_can_be_written_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    make_session()
    monkeypatch.setenv("SSLKEYLOGFILE", "")
    check_key_log()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1)"), None),
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (UnicodeEncodeError("ascii", "é", 0, 1, "no"), "no"),
        (ValueError("secret words"), "ValueError"),
    ],
)
def test_the_reason_is_openssls_or_the_systems(error: Exception, words: str | None) -> None:
    assert words is None or openssl_reason(error) == words
    assert "secret" not in openssl_reason(error)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (CertificateFault.EXPIRED, "certificate has expired"),
        (CertificateFault.SELF_SIGNED, "self-signed certificate"),
        (CertificateFault.UNKNOWN_ISSUER, "unable to get local issuer certificate"),
    ],
)
def test_a_servers_own_certificate_is_refused_in_openssls_words(
    monkeypatch: pytest.MonkeyPatch, fault: CertificateFault, words: str
) -> None:
    with StandInHouse(handlers={}) as house:
        for name, value in house.environment().items():
            monkeypatch.setenv(name, value)
        host = "kexiangai.com"
        house.server.serve_certificate(host, fault)
        session = Session(user_agent="a-test", hosts={host})
        with pytest.raises(NotSentError) as caught:
            session.post_once("POST", f"https://{host}/", headers={}, body=b"x", seconds=20)
        session.close()
    assert (caught.value.exit_code, caught.value.facts["reason"]) == (11, "reason_certificate")
    told = Catalog("en").format("unreachable", **caught.value.facts)
    assert words in told.replace("self signed", "self-signed")
