"""Input images, several at a time; what is refused before a connection is in tests/faults/vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.ima.studio import CHANGE, KITE
from tests.providers import ima
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


def test_a_parameter_that_the_model_does_not_know_is_refused_with_those_that_it_knows(studio: Studio) -> None:
    document = studio.run(*KITE, "--extra-params", '{"seed":3}', code=2, error="extra_params_unknown")
    assert "aspect_ratio, n" in document["error"]["message"]
    small = ("--model-id", "gemini-3-pro-image", "--size", "512")
    document = studio.run(*KITE, *small, code=2, error="value_not_offered")
    assert "1K (10), 2K (10), 4K (18)" in document["error"]["message"]
    assert studio.bodies() == []
