"""Pictures to start from: several files at once, and everything bad is refused before anything is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from shared.references import LARGEST_REFERENCE
from tests.contract.ima.studio import CHANGE, KITE, QUICK, WORDS
from tests.providers import ima
from tests.providers.pictures import make_picture
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio
    from tests.contract.inside import Inside
    from tests.launcher import Ended


def test_one_flag_takes_many_and_may_stand_again(studio: Studio) -> None:
    files = [studio.picture(f"{number}.png", seed=number) for number in range(3)]
    link = "https://example.com/photo.jpg"
    inputs = ("--input-images", files[0], link, files[1], "--size", "1k", "--input-images", files[2])
    document = studio.run(*CHANGE, *inputs)
    assert [row.get("path", row.get("url")) for row in document["input_images"]] == [
        str(files[0]),
        link,
        str(files[1]),
        str(files[2]),
    ]
    (body,) = studio.bodies()
    links = body["parameters"]["input_images"]
    stored = [studio.house.ima.stored.get(one) for one in links]
    assert (links[1], stored[1]) == (link, None)
    assert [stored[0], *stored[2:]] == [path.read_bytes() for path in files]


def test_four_files_are_uploaded_at_the_same_time(studio: Studio) -> None:
    files = [studio.picture(f"{number}.png", seed=number) for number in range(4)]
    studio.house.ima.plan_bucket(*[Plan(delay=2.0)] * 4)
    studio.run(*CHANGE, "--no-wait", "--input-images", *files)
    puts = [request.received_at for request in studio.house.recorder.requests_to("/", host=ima.BUCKET_HOST)]
    assert len(puts) == 4
    assert max(puts) - min(puts) < 2.0, "one after the other, the second would come 2 s after the first"


def test_an_upload_that_fails_is_repeated_and_nothing_is_paid_without_it(studio: Studio) -> None:
    picture = studio.picture("a.jpg", "jpeg")
    studio.house.ima.plan_bucket(Plan(status=403), Plan(status=500))
    studio.run(*CHANGE, "--input-images", picture, "--no-wait")
    assert len(studio.house.recorder.requests_to("/", host=ima.BUCKET_HOST)) == 3
    studio.house.ima.plan_bucket(*[Plan(status=500)] * 3)
    document = studio.run(*CHANGE, "--input-images", picture, "--variant", "2", code=11, error="read_failed")
    assert (document["charged"], studio.charged()) == ("no", [6])


WIDE = (
    b"\x89PNG\r\n\x1a\n"
    + bytes([0, 0, 0, 13])
    + b"IHDR"
    + (60_000).to_bytes(4, "big") * 2
    + bytes([8, 2, 0, 0, 0])
)


@pytest.fixture
def bad_files(studio: Studio) -> list[str]:
    work, whole = studio.bench.work, make_picture("png", 40, 40, 1)
    content = {
        "text.png": b"just words",
        "empty.png": b"",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "cut.png": whole[:300],
        "wide.png": whole[:16] + (60_000).to_bytes(4, "big") * 2 + whole[24:],
        "heavy.png": b"",
    }
    for name, one in content.items():
        (work / name).write_bytes(one)
    os.truncate(work / "heavy.png", LARGEST_REFERENCE + 1)
    os.mkfifo(work / "pipe.png")
    return [*content, "pipe.png", "missing.png", ".", "/dev/zero", ""]


def refused(studio: Studio, ended: Ended) -> str:
    """Return the sentence of a refusal that cost nothing and left nothing."""
    document = studio.checked(ended, 2, ended.document["error"]["code"])
    assert (document["status"], document["charged"], document["attempts"]) == ("not_started", "no", 0)
    assert studio.house.contacted == set()
    assert not studio.bench.journal.exists()
    return str(document["error"]["message"])


def test_bad_files_and_addresses_are_refused_before_anything_is_sent(
    studio: Studio, inside: Inside, bad_files: list[str]
) -> None:
    good = str(studio.picture("good.png"))
    addresses = ("http://example.com/a.png", "https://a:b@example.com/a.png", "https://10.0.0.1/a.png")
    for name in (*bad_files, *addresses):
        message = refused(studio, inside.run(*CHANGE[1:], "--input-images", good, name))
        assert message.startswith("--input-images"), name


@pytest.mark.parametrize(
    "words",
    [
        QUICK,
        (*QUICK, "--task-type", "text_to_video", "--prompt", "x"),
        (*WORDS[1:], "--prompt", ""),
        WORDS[1:],
        (*KITE[1:], "--model-id", "midjourney-v7"),
        (*KITE[1:], "--size", "16K"),
        (*KITE[1:], "--extra-params", "{"),
        (*KITE[1:], "--extra-params", '{"credit":0}'),
        (*KITE[1:], "--user-id", "../../etc/passwd"),
        (*KITE[1:], "--user-id", "{user_id}"),
        (*KITE[1:], "--language", "fr"),
        (*KITE[1:], "--poll-interval", "0.1"),
        (*KITE[1:], "--timeout", "0"),
        (*KITE[1:], "--api-key", "--quiet"),
        (*KITE[1:], "--input-images", "https://example.com/a.png"),
        (*KITE[1:], "stray"),
        (*QUICK, "--resume", "../x"),
        (*QUICK, "--forget-preference"),
    ],
    ids=lambda words: " ".join(words[-2:]),
)
def test_bad_flags_are_refused_before_anything_is_sent(
    studio: Studio, inside: Inside, words: tuple[str, ...]
) -> None:
    assert refused(studio, inside.run(*words))


def test_a_refusal_by_the_launcher_itself(studio: Studio) -> None:
    assert "16K" in refused(studio, studio.bench.run(*KITE, "--size", "16K"))


def test_a_parameter_that_the_model_does_not_know_is_refused_with_those_that_it_knows(studio: Studio) -> None:
    document = studio.run(*KITE, "--extra-params", '{"seed":3}', code=2, error="extra_params_unknown")
    assert "aspect_ratio, n" in document["error"]["message"]
    small = ("--model-id", "gemini-3-pro-image", "--size", "512")
    document = studio.run(*KITE, *small, code=2, error="value_not_offered")
    assert "1K (10), 2K (10), 4K (18)" in document["error"]["message"]
    assert studio.bodies() == []
