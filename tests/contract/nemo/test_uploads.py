"""Uploads: streamed from the disk, checked by their content first, refused by name before anything is sent."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.contract.nemo.room import GENERATE, LAUNCHER, SAY
from tests.contract.zm.test_bad_input import MEASURED
from tests.providers import nemo
from tests.providers.nemo import refused
from tests.providers.nemo_media import make_media
from tests.providers.nemo_rules import LARGEST, TYPES
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.nemo.room import Room


def large(room: Room, name: str, size: int) -> Path:
    """Put a sparse clip of this size into the working folder."""
    path = room.file(name)
    with path.open("r+b") as file:
        file.truncate(size)
    return path


@pytest.fixture
def open_room(room: Room) -> Room:
    """Return a room with a session."""
    room.do("connect")
    return room


def test_200_megabytes_are_uploaded_in_less_than_128(open_room: Room) -> None:
    path = large(open_room, "film.mp4", LARGEST)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *open_room.bench.argv(LAUNCHER, "upload", path, "--json")],
        env=open_room.bench.environment,
        cwd=open_room.bench.work,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (row,) = json.loads(done.stdout)["uploads"]
    (sent,) = open_room.service.uploads
    assert (sent.size, sent.start, row["file_type"]) == (LARGEST, make_media("mp4", 1)[:64], "video")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    assert sent.sha256 == digest.hexdigest()
    assert float(done.stderr.split()[0]) < 128 * 1024  # kB on Linux


def test_one_byte_more_is_refused_before_a_connection(room: Room) -> None:
    document = room.do("upload", large(room, "film.mp4", LARGEST + 1), code=2, error="attachment_too_large")
    assert "200" in document["error"]["message"]
    assert room.house.contacted == set()


def test_every_kind_that_the_service_takes(open_room: Room) -> None:
    paths = [open_room.file(f"a.{kind}", number) for number, kind in enumerate(TYPES)]
    document = open_room.do("upload", *paths)
    assert [row["filename"] for row in document["uploads"]] == [path.name for path in paths]
    assert [one.content for one in open_room.service.uploads] == [path.read_bytes() for path in paths]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.txt", b"just words", "attachment_type"),
        ("a.png", b"<html>no picture</html>", "attachment_type"),
        ("a.mp4", b"MZ\x90\x00" + bytes(60), "attachment_type"),
        ("a.png", b"", "attachment_type"),
        ("gone.png", None, "reference_unreadable"),
        (".", None, "attachment_refused"),
    ],
)  # fmt: skip
def test_what_cannot_be_uploaded_is_refused_before_a_connection(
    room: Room, name: str, content: bytes | None, error: str
) -> None:
    if content is not None:
        (room.bench.work / name).write_bytes(content)
    document = room.do("upload", name, code=2, error=error)
    assert (document["status"], room.house.contacted) == ("not_started", set())
    assert room.bench.entries() == []


def test_the_name_is_corrected_where_the_content_is_of_another_kind(open_room: Room) -> None:
    path = open_room.bench.work / "photo.png"
    path.write_bytes(make_media("jpg", 1))
    open_room.do("upload", path)
    (sent,) = open_room.service.uploads
    assert sent.name.endswith((".jpg", ".jpeg"))


def test_a_first_upload_opens_a_session_and_the_wish_goes_on_in_it(room: Room) -> None:
    session = room.do("upload", room.file("a.png"))["session_id"]
    document = room.run(*SAY, "a clip of this")
    assert (document["session_id"], len(room.service.sessions), room.charged()) == (session, 1, [5])


def test_names_of_all_kinds(open_room: Room) -> None:
    names = ['风筝 "1".png', "a;b=c.png", "ünïcode.png"]
    for name in names:
        open_room.file(name)
    open_room.do("upload", *names)
    assert len({one.name for one in open_room.service.uploads}) == len(names)


@pytest.mark.parametrize("link", ["http://example.com/a.png", "https://10.0.0.1/a.png", "https://localhost/a.png"])
def test_a_link_that_the_service_should_not_follow(room: Room, link: str) -> None:
    document = room.do("upload", link, code=2, error="url_refused")
    assert (document["status"], room.house.contacted) == ("not_started", set())


def test_a_broken_upload_is_sent_again(open_room: Room) -> None:
    open_room.service.plans.upload.extend([Plan(fault=Fault.CLOSE_WITHOUT_ANSWER, charge=False), Plan(status=503)])
    assert len(open_room.do("upload", open_room.file("a.png"))["uploads"]) == 1
    assert open_room.requests(nemo.UPLOAD_PATH) == 3


@pytest.mark.parametrize(("code", "error"), [(4001, "file_type_refused"), (4002, "file_size_refused")])
def test_what_the_service_refuses(room: Room, code: int, error: str) -> None:
    room.service.plans.upload.append(refused(code, "the service's own words"))
    document = room.run(*GENERATE, "a clip", "--attach", room.file("a.png"), code=7, error=error)
    assert (room.requests(nemo.UPLOAD_PATH), room.charged(), document["charged"]) == (1, [], "no")
