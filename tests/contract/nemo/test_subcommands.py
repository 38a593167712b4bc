"""Every subcommand when everything goes well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.contract.nemo.room import EXPORT, GENERATE, KITE, LAUNCHER, OWN_KEYS, SAY, on_disk
from tests.providers import nemo
from tests.providers.nemo import MessagePlan

if TYPE_CHECKING:
    from tests.contract.nemo.room import Room


def test_generate_makes_a_picture_in_a_session_of_its_own(room: Room) -> None:
    ended = room.bench.run(*KITE)
    document = room.checked(ended)
    (row,) = document["images"]
    assert on_disk(row).startswith(b"\x89PNG")
    assert (row["media_type"], row["width"], row["height"]) == ("image/png", 256, 144)
    assert document.keys() >= OWN_KEYS
    assert (document["text"], document["changed"], document["videos"]) == ("Your picture is ready.", True, [])
    assert (document["session_id"], document["task_id"]) == ("session-0001", "session-0001")
    assert (document["provider"], document["model"], document["mode"]) == ("nemovideo", "nemo_agent", "generate")
    assert (document["charged"], document["possible_charges"], document["attempts"]) == ("yes", 1, 1)
    assert document["cost"] == {"amount": 5, "unit": "credits", "source": "charged"}
    assert (room.messages(), room.charged()) == (["a red kite"], [5])
    before = ended.talk.partition("ready")[0]
    assert document["local_id"] in ended.talk
    assert "token" not in before.lower()


def test_generate_twice_returns_what_was_made(room: Room) -> None:
    first, second = room.run(*KITE), room.run(*KITE)
    assert (second["reused"], second["local_id"], room.charged()) == (True, first["local_id"], [5])
    assert on_disk(second["images"][0]) == on_disk(first["images"][0])


def test_generate_from_attachments_and_export(room: Room) -> None:
    picture, sound = room.file("desk.jpg"), room.file("rain.mp3")
    link = "https://example.com/wall.png"
    attached = ("--attach", picture, "--attach", sound, "--attach", link)
    document = room.run(*GENERATE, "a clip of this, with music", *attached, "--export", "--format", "mov")
    assert [one.content for one in room.service.uploads] == [picture.read_bytes(), sound.read_bytes()]
    assert room.service.links == [link]
    kinds = [row["media_type"] for row in document["videos"]]
    assert kinds == ["video/mp4", "video/quicktime"]
    assert all(on_disk(row) for row in document["videos"])
    assert document["timeline"].startswith("Timeline (2 tracks):")
    assert room.charged() == [5]


def test_say_goes_on_in_the_newest_session_and_twice_is_two_messages(room: Room) -> None:
    first = room.run(*GENERATE, "a clip with music")
    louder = [room.run(*SAY, "make it louder") for _ in range(2)]
    assert [one["session_id"] for one in louder] == [first["session_id"]] * 2
    assert [(one["mode"], one["changed"], one["reused"]) for one in louder] == [("say", True, False)] * 2
    assert "55%" in louder[1]["timeline"]
    assert (room.messages()[1:], room.charged()) == (["make it louder"] * 2, [5, 5, 5])
    assert louder[1]["videos"] == []  # nothing is saved again


def test_say_in_an_older_session(room: Room) -> None:
    old = room.run(*GENERATE, "one")["session_id"]
    room.run(*GENERATE, "two")
    assert room.run(*SAY, "and a title", "--session", old)["session_id"] == old


def test_connect_gets_ready_and_keeps_the_technical_details_to_itself(stranger: Room) -> None:
    ended = stranger.bench.run(LAUNCHER, "connect", "--language", "zh")
    assert ended.code == 0, ended.talk
    assert stranger.service.sessions["session-0001"].language == "zh"
    document = stranger.do("connect")
    assert (document["session_id"], document["charged"]) == ("session-0002", "no")
    assert "task=task-0002" in document["link"]
    assert "session=session-0002" in document["link"]
    (account,) = [one for one in stranger.service.accounts.values() if one.client]
    assert (stranger.settings / "client_id").read_text().strip() == account.client
    for path in stranger.settings.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    stranger.nothing_leaked(ended.stdout + ended.stderr)
    assert stranger.requests(nemo.TOKEN_PATH) == 1


def test_upload_credits_state_and_sessions(room: Room) -> None:
    assert room.do("credits")["credits"] == {"available": 1000, "frozen": 0, "total": 1000}
    room.run(*GENERATE, "a clip with music and a title")
    document = room.do("upload", room.file("a.png"), "https://example.com/b.mp4")
    assert [(row["filename"], row["file_type"]) for row in document["uploads"]] == [
        ("a.png", "image"),
        ("b.mp4", "video"),
    ]
    told = room.do("state", "--draft-file", "draft.json")
    assert told["timeline"].startswith("Timeline (3 tracks): 1. ")
    assert told["ready_for_export"] is True
    assert (len(told["generated_media"]), len(told["video_infos"])) == (1, 2)
    assert json.loads((room.bench.work / "draft.json").read_text()) in room.service.sessions["session-0001"].drafts
    (row,) = room.do("sessions")["sessions"]
    assert row["session_id"] == "session-0001"
    assert room.charged() == [5]


def test_an_unknown_draft_is_exported_whole(room: Room) -> None:
    room.run(*GENERATE, "a clip with music and a title")
    room.service.sessions["session-0001"].extra = {"effects": [{"k": None, "v": 1.5}], "z": "标题"}
    document = room.run(*EXPORT)
    (row,) = document["videos"]
    assert (row["media_type"], on_disk(row)[4:8]) == ("video/mp4", b"ftyp")
    assert (row["render_id"], document["charged"]) == (document["render_id"], "no")
    assert document["requested"] == {"format": "mp4", "quality": "high"}
    sent = room.service.renders.by_id[document["render_id"]].document
    assert sent["output"] == {"format": "mp4", "quality": "high"}
    assert room.charged() == [5]


def test_cancel_export_stops_the_render_that_somebody_waits_for(room: Room) -> None:
    room.run(*GENERATE, "a clip")
    room.service.plan_render(nemo.RenderPlan(end="never"))
    document = room.run(*EXPORT, "--no-wait")
    assert document["status"] == "submitted"
    room.do("cancel-export", document["render_id"])
    assert room.service.renders.by_id[document["render_id"]].cancelled
    room.run(*EXPORT, "--resume", document["render_id"], code=8, error="render_cancelled")


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("please export it", "export"), ("导出视频", "export"), ("send me the video", "export"),
        ("how many credits are left?", "credits"), ("我的余额", "credits"),
        ("show tracks", "state"), ("现在是什么状态", "state"),
        ("upload this file", "upload"), ("上传这张图", "upload"),
        ("add lo-fi music", "message"), ("画一只猫", "message"),
    ],
)  # fmt: skip
def test_route_names_the_action(room: Room, words: str, action: str) -> None:
    assert room.do("route", words)["action"] == action
    assert room.house.contacted == set()


def test_a_person_hears_words_and_no_ids_of_the_service(stranger: Room) -> None:
    stranger.service.plan_message(MessagePlan(text="你的图片好了。", effects=("picture",)))
    ended = stranger.bench.run(LAUNCHER, "generate", "画一只红色的风筝", "--poll-interval", "0.5")
    assert ended.code == 0, ended.talk
    said = ended.stdout.decode()
    assert "你的图片好了。" in said
    assert str(stranger.bench.work / "generated-images") in said
    assert not any(line.startswith("MEDIA:") for line in (said + ended.talk).splitlines())
    stranger.nothing_leaked(ended.stdout + ended.stderr)


def test_a_draft_replaces_nothing_but_an_earlier_draft(room: Room) -> None:
    room.run(*GENERATE, "a clip with music")
    before = len(room.house.recorder.requests)
    draft, mine = room.bench.work / "draft.json", room.bench.work / "mine.json"
    for content in ("words", "[]", '{"t": 1}', '{"schema_version": 1}', '{"models": {}}'):
        mine.write_text(content)
        message = room.do("state", "--draft-file", mine, code=2, error="draft_file_taken")["error"]["message"]
        assert "not an earlier draft" in message
        assert mine.read_text() == content
    mine.unlink()
    mine.symlink_to(draft)
    room.do("state", "--draft-file", mine, code=2, error="result_file_link")
    room.do("state", "--draft-file", room.bench.work / "gone" / "x", code=2, error="result_file_invalid")
    assert len(room.house.recorder.requests) == before
    draft.touch()
    for _ in range(2):  # an empty file, then the draft itself
        room.do("state", "--draft-file", draft)
        assert json.loads(draft.read_text()) in room.service.sessions["session-0001"].drafts


def test_a_message_that_did_something_else_is_not_called_done(room: Room) -> None:
    room.run(*GENERATE, "a clip")
    room.service.plan_message(MessagePlan(effects=("title",), text="Music added!"))
    document = room.run(*SAY, "add calm music")
    assert document["changes"] == [{"kind": "text", "change": "added", "segments_before": 0, "segments_after": 1}]
    assert (document["wishes"], document["missing"]) == ([{"kind": "audio", "change": "added"}],) * 2
    assert document["warnings"] == ["audio track: requested, but none was added."]
    assert (document["changed"], document["answer"]) == (True, "complete")
    room.service.plan_message(MessagePlan(effects=("music",)))
    done = room.run(*SAY, "add calm music")
    assert (done["missing"], done["warnings"], done["changes"][0]["kind"]) == ([], [], "audio")


def test_nothing_is_exported_when_nothing_of_the_wish_came(room: Room) -> None:
    room.service.plan_message(MessagePlan(effects=("title",)))
    document = room.run(*GENERATE, "add calm music", "--export", code=13, error="wish_not_exported")
    assert (document["next"], document["charged"], document["missing"][0]["kind"]) == (None, "yes", "audio")
    again = room.run(*GENERATE, "add calm music", "--export", code=13, error="wish_not_exported")
    assert (again["reused"], again["missing"]) == (True, document["missing"])
    room.service.plan_message(MessagePlan(effects=("nothing",)))
    room.run(*SAY, "warmer light", "--export", code=13, error="wish_not_exported")
    assert (room.service.renders.by_id, len(room.charged())) == ({}, 2)


def test_a_part_of_the_wish_is_exported_with_a_warning(room: Room) -> None:
    room.service.plan_message(MessagePlan(effects=("clip",)))
    document = room.run(*GENERATE, "generate a clip and add music", "--export")
    assert [wish["kind"] for wish in document["missing"]] == ["audio"]
    assert len(room.service.renders.by_id) == 1


def test_a_broken_answer_is_a_field(room: Room) -> None:
    room.service.plan_message(MessagePlan(cut=1))
    assert room.run(*GENERATE, "a red kite")["answer"] == "broken"
    assert room.run(*GENERATE, "a red kite")["answer"] == "broken"


def test_route_in_a_running_session_answers_say_and_names_it(room: Room) -> None:
    assert room.do("route", "add lo-fi music")["next"]["argv"][2:] == ["generate", "add lo-fi music"]
    session = room.do("connect")["session_id"]
    document = room.do("route", "add lo-fi music")
    assert (document["action"], document["session_id"]) == ("say", session)
    assert document["next"]["argv"][2:] == ["say", "add lo-fi music", "--session", session]
    assert room.do("route", "export it")["next"]["argv"][2:] == ["export", "--session", session]
    unclear = room.do("route", "hmm, well")
    assert (unclear["action"], unclear["next"]) == ("unknown", None)


def test_the_newest_session_never_changes_silently(room: Room) -> None:
    first = room.run(*GENERATE, "one")["session_id"]
    ended = room.bench.run(*GENERATE, "two")
    second = room.checked(ended)
    assert second["newest_session"] == {"before": first, "now": second["session_id"]}
    assert f"the newest session is now {second['session_id']}" in ended.talk
    room.run(*EXPORT, "--session", first)  # an export leaves it
    used = room.bench.run(LAUNCHER, "state", "--json")
    assert room.checked(used)["session_id"] == second["session_id"]
    assert f"Session: {second['session_id']} (the newest one)" in used.talk
    assert "newest_session" not in used.document
    assert room.run(*SAY, "more", "--session", first)["newest_session"]["now"] == first


def test_upload_says_which_message_carries_the_file(room: Room) -> None:
    session = room.run(*GENERATE, "one")["session_id"]
    document = room.do("upload", room.file("a.png"))
    assert document["next_message"] == {"command": "say", "session_id": session, "carries": True}
    assert document["uploads"][0]["in_session"] is True
    warned = room.run(*GENERATE, "two")
    assert (warned["carries"], len(warned["warnings"]), "a.png" in warned["warnings"][0]) == ([], 1, True)
    assert room.run(*SAY, "make it a poster", "--session", session)["carries"] == ["a.png"]
    assert room.run(*SAY, "warmer", "--session", session)["carries"] == []
