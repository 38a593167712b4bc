"""A dry run shows the quoted points, the files that become public, and a create that is bound to that price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.ima.studio import CHANGE, KITE

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio


def test_the_price_is_quoted_and_the_create_is_bound_to_it(studio: Studio) -> None:
    document = studio.run(*KITE, "--dry-run")
    preview = document["preview"]
    assert (preview["pays"], preview["cost"]["amount"], preview["cost"]["source"]) == (True, 6, "quoted")
    assert preview["size"] == "1K"
    assert document["next"]["argv"][-2:] == ["--max-points", "6"]
    assert (document["next"]["cost"], document["next"]["needs_consent"]) == ("yes", True)
    assert (studio.bodies(), studio.charged()) == ([], [])
    studio.checked(studio.bench.shell(document["next"]))
    assert studio.charged() == [6]
    assert studio.run(*KITE, "--dry-run")["preview"]["pays"] is False


def test_files_that_become_public_are_named(studio: Studio) -> None:
    path = str(studio.picture("photo.png"))
    document = studio.run(*CHANGE, "--input-images", path, "https://example.com/a.png", "--dry-run")
    assert document["preview"]["public_files"] == [path]
    words = [word for word in (*CHANGE, "--input-images", path, "--dry-run") if word != "--json"]
    assert f"become reachable through a public link: {path}." in studio.bench.run(*words).stdout.decode()
