"""Pictures to start from: several files at once, and everything bad is refused before anything is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.contract.ima.studio import CHANGE, KITE, LAUNCHER, QUICK
from tests.providers import ima
from tests.providers.pictures import make_picture
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio


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


def test_bad_files_are_refused_before_anything_is_sent(studio: Studio) -> None:
    work = studio.bench.work
    (work / "text.png").write_text("just words", encoding="utf-8")
    (work / "empty.png").touch()
    (work / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    (work / "cut.png").write_bytes(make_picture("png", 40, 40, 1)[:300])
    os.mkfifo(work / "pipe.png")
    good = studio.picture("good.png")
    bad = ("text.png", "empty.png", "drawing.svg", "cut.png", "pipe.png", "missing.png", ".", "/dev/zero")
    for name in (*bad, "http://example.com/a.png", "https://a:b@example.com/a.png", "https://10.0.0.1/a.png"):
        ended = studio.bench.run(*CHANGE, "--input-images", good, name)
        assert (ended.code, ended.document["status"]) == (2, "not_started"), name
        assert ended.document["error"]["message"].startswith("--input-images"), name
    assert studio.house.contacted == set()
    assert not studio.bench.journal.exists()


def test_bad_flags_are_refused_before_anything_is_sent(studio: Studio) -> None:
    skill = LAUNCHER
    bad = [
        (skill, *QUICK),
        (skill, *QUICK, "--task-type", "text_to_video", "--prompt", "x"),
        (*KITE, "--model-id", "midjourney-v7"),
        (*KITE, "--size", "16K"),
        (*KITE, "--extra-params", "{"),
        (*KITE, "--extra-params", '{"credit":0}'),
        (*KITE, "--user-id", "../../etc/passwd"),
        (*KITE, "--language", "fr"),
        (*KITE, "--poll-interval", "0.1"),
        (*KITE, "--api-key", "--quiet"),
        (*KITE, "--input-images", "https://example.com/a.png"),
        (skill, *QUICK, "--resume", "../x"),
        (skill, *QUICK, "--forget-preference"),
    ]
    for argv in bad:
        ended = studio.bench.run(*argv)
        assert (ended.code, ended.document["ok"]) == (2, False), argv
        assert ended.document["error"]["message"], argv
    assert studio.house.contacted == set()


def test_a_parameter_that_the_model_does_not_know_is_refused_with_those_that_it_knows(studio: Studio) -> None:
    document = studio.run(*KITE, "--extra-params", '{"seed":3}', code=2, error="extra_params_unknown")
    assert "aspect_ratio, n" in document["error"]["message"]
    small = ("--model-id", "gemini-3-pro-image", "--size", "512")
    document = studio.run(*KITE, *small, code=2, error="value_not_offered")
    assert "1K (10), 2K (10), 4K (18)" in document["error"]["message"]
    assert studio.bodies() == []
