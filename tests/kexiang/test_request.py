"""What may be asked of image2; everything else is refused with its flag before anything happens."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from kexiang.request import DEFAULT_MODEL, SIZES, ImageRequest, image_request

from shared.errors import BadInput

URL = "https://a.example/1.png?sig=1"


def ask(**changes: Any) -> ImageRequest:
    flags = {"mode": "text2img", "prompt": "a kite", "size": "3:4", "urls": (), "model": DEFAULT_MODEL, **changes}
    return image_request(**flags)


def refused(**changes: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        ask(**changes)
    assert caught.value.exit_code == 2
    return caught.value


def test_a_request_is_what_was_asked_and_stays_so() -> None:
    request = ask(mode="img2img", urls=(URL,), size="auto", model="GPT-Image-3", prompt=" exactly\n")
    assert request == ImageRequest("img2img", " exactly\n", "auto", (URL,), "GPT-Image-3")
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.size = "1:1"  # type: ignore[misc]


def test_the_fourteen_sizes() -> None:
    assert " ".join(SIZES) == "auto 1:1 3:2 2:3 16:9 9:16 4:3 3:4 21:9 9:21 1:3 3:1 2:1 1:2"
    assert [ask(size=size).size for size in SIZES] == list(SIZES)


@pytest.mark.parametrize("size", ["", "3x4", "3:4 ", "4K", "5:4", "AUTO", "３:４", "3:4\n"])
def test_another_size_is_refused(size: str) -> None:
    error = refused(size=size)
    assert (error.code, error.facts["flag"]) == ("not_one_of", "--size")
    assert error.facts["expected"] == ", ".join(SIZES)


@pytest.mark.parametrize("mode", ["", "txt2img", "TEXT2IMG", "text2img "])
def test_another_mode_is_refused(mode: str) -> None:
    error = refused(mode=mode)
    assert (error.code, error.facts["flag"], error.facts["got"]) == ("not_one_of", "--mode", f'"{mode}"')


@pytest.mark.parametrize(("flag", "name"), [("--mode", "mode"), ("--size", "size")])
def test_what_is_missing_is_named_with_its_values(flag: str, name: str) -> None:
    error = refused(**{name: None})
    assert (error.code, error.facts["flag"]) == ("option_missing", flag)
    assert error.facts["expected"]


@pytest.mark.parametrize("count", [1, 8])
def test_one_to_eight_references(count: int) -> None:
    assert ask(mode="img2img", urls=(URL,) * count).urls == (URL,) * count


@pytest.mark.parametrize("count", [0, 9, 100])
def test_no_more_and_no_fewer(count: int) -> None:
    error = refused(mode="img2img", urls=(URL,) * count)
    assert (error.code, error.facts) == ("urls_count", {"flag": "--url", "most": 8, "got": count})


def test_references_go_with_img2img_only() -> None:
    error = refused(urls=(URL,))
    assert (error.code, error.facts) == ("url_without_img2img", {"flag": "--url"})


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not_https"),
        ("http://a.example/1.png", "not_https"),
        ("file:///etc/passwd", "not_https"),
        ("/etc/passwd", "not_https"),
        ("https://10.0.0.1/1.png", "private_address"),
        ("https://localhost/1.png", "private_address"),
        ("https://user:word@a.example/", "credentials"),
        ("https://a.example/a b", "control_character"),
        ("https://a.example/\n", "control_character"),
        ("https://a.example/" + "x" * 8192, "too_long"),
    ],
)
def test_every_reference_is_a_public_https_address(url: str, reason: str) -> None:
    error = refused(mode="img2img", urls=(URL, url))
    assert (error.code, error.facts["flag"], error.facts["reason"]) == ("url_refused", "--url", f"url_{reason}")
    assert len(error.facts["got"]) <= 100


@pytest.mark.parametrize("model", ["", " ", "\n", "GPT\x1b", "x" * 101])
def test_a_model_is_a_short_name(model: str) -> None:
    error = refused(model=model)
    assert (error.code, error.facts["flag"]) == ("model_name_invalid", "--model-name")
    assert ask(model="x" * 100).model == "x" * 100
