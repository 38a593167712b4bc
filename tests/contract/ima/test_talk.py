"""What the user and the agent are told, what is remembered, and what is written down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.contract.ima.studio import CHANGE, KITE, LAUNCHER, WORDS
from tests.launcher import wait
from tests.providers import ima
from tests.providers.ima import refused
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio

PRO = ("--model-id", "gemini-3-pro-image")


def test_the_words_for_the_user_in_chinese(studio: Studio) -> None:
    ended = studio.bench.run(*WORDS, "--prompt", "一只红色的风筝", "--size", "8K")
    document = studio.checked(ended)
    messages = document["messages"]
    assert messages["start"].splitlines() == [
        "🎨 开始生成图片，请稍候…",
        "• 模型：Nano Banana2",
        "• 预计耗时：20–40 秒",
        "• 消耗积分：13",
        "• 注意：不支持 8K，已改用最大尺寸 4K。",
    ]
    assert messages["notice"] == "注意：不支持 8K，已改用最大尺寸 4K。"
    first, model, seconds, points, notice, link = messages["success"].splitlines()
    assert (first, model, points) == ("✅ 图片生成成功！", "• 模型：Nano Banana2", "• 消耗积分：13")
    assert notice == "• 注意：不支持 8K，已改用最大尺寸 4K。"
    assert seconds.startswith("• 耗时：预计 20–40 秒，实际 ")
    assert link == f"🔗 原始链接：{document['url']}"
    assert "[请转告用户] 🎨 开始生成图片" in ended.talk
    assert (document["requested"]["size"], document["applied"]["size"]) == ("8K", "4K")
    assert "8K" in document["applied"]["notice"]
    languages = {request.headers["x_app_language"] for request in studio.house.recorder.requests_to("/open")}
    assert languages == {"zh"}


def test_no_start_is_told_before_the_create_was_accepted(studio: Studio) -> None:
    studio.house.ima.plan_create(refused(4008, "no points"))
    ended = studio.bench.run(*KITE)
    document = studio.checked(ended, 5, "points_missing")
    assert "start" not in document["messages"]
    assert "🎨" not in ended.talk
    lines = studio.bench.run(*KITE).talk.splitlines()
    start = next(number for number, line in enumerate(lines) if "🎨" in line)
    assert any("task-000001" in line for line in lines[:start])


@pytest.mark.parametrize(
    ("flags", "advice"),
    [
        (("--extra-params", '{"n":2}'), "one image instead of 2"),
        (("--size", "2K"), "a smaller size than 2K"),
        (("--size", "512"), None),
    ],
)
def test_the_advice_can_be_followed_and_says_that_nothing_was_charged(
    studio: Studio, flags: tuple[str, ...], advice: str | None
) -> None:
    studio.house.ima.plan_create(refused(4008, "no points"))
    failure = studio.run(*KITE, *flags, code=5, error="points_missing")["messages"]["failure"]
    assert failure.splitlines()[-2] == "• Cost: nothing was charged"
    assert (advice or "Top up at") in failure
    assert "smaller size" not in failure or advice


def test_a_file_that_becomes_public_is_in_the_messages_before_it_is_sent(studio: Studio) -> None:
    photo = studio.bench.work / "me.png"
    photo.write_bytes(make_picture("png", 160, 90, 1))
    planned = studio.run(*CHANGE, "--input-images", photo, "--dry-run")
    assert "me.png will be uploaded to IMA" in planned["messages"]["notice"]
    assert planned["applied"]["aspect_ratio"] == "16:9"
    made = studio.run(*CHANGE, "--input-images", photo)
    assert "me.png will be uploaded to IMA" in made["messages"]["start"]
    assert studio.bodies()[0]["parameters"]["aspect_ratio"] == "16:9"


@pytest.mark.parametrize(("sides", "ratio"), [((90, 160), "9:16"), ((100, 100), "1:1"), ((120, 90), "4:3")])
def test_the_photos_own_ratio_is_the_default(studio: Studio, sides: tuple[int, int], ratio: str) -> None:
    photo = studio.bench.work / "me.png"
    photo.write_bytes(make_picture("png", *sides, 1))
    document = studio.run(*CHANGE, "--input-images", photo, "--dry-run")
    assert document["applied"]["aspect_ratio"] == ratio
    named = ("--extra-params", '{"aspect_ratio":"3:4"}')
    assert studio.run(*CHANGE, "--input-images", photo, *named, "--dry-run")["applied"]["aspect_ratio"] == "3:4"


def test_a_photo_of_another_ratio_leaves_the_default(studio: Studio) -> None:
    photo = studio.bench.work / "me.png"
    photo.write_bytes(make_picture("png", 100, 40, 1))
    plain = studio.run(*CHANGE, "--input-images", "https://example.com/a.jpg", "--dry-run")
    document = studio.run(*CHANGE, "--input-images", photo, "--dry-run")
    assert document["applied"]["aspect_ratio"] == plain["applied"]["aspect_ratio"]


def test_a_larger_size_at_the_same_price_is_said(studio: Studio) -> None:
    document = studio.run(*KITE, *PRO, "--size", "1K", "--dry-run")
    assert "2K costs the same as 1K" in document["messages"]["notice"]
    assert "notice" not in studio.run(*KITE, *PRO, "--size", "4K", "--dry-run")["messages"]


def test_the_ids_and_the_time_are_told_before_the_first_look_even_quietly(studio: Studio) -> None:
    ended = studio.bench.run(*KITE, "--quiet", "--language", "en-US")
    document = studio.checked(ended)
    told = ended.talk.splitlines()
    assert document["task_id"] in told[0]
    assert document["local_id"] in told[0]
    assert told[1] == "Expected: about 20-40 s."
    assert len(told) == 2


def test_a_result_for_people_names_file_link_time_and_points(studio: Studio) -> None:
    ended = studio.bench.run(*[argument for argument in KITE if argument != "--json"])
    said = ended.stdout.decode()
    assert ended.code == 0
    assert str(studio.bench.work / "generated-images") in said
    assert "https://cdn.ima.example/pictures/task-000001/0.png?sign=" in said
    assert "6 points" in said
    assert not any(line.startswith("MEDIA:") for line in (said + ended.talk).splitlines())


def test_a_model_that_was_named_is_remembered_named_with_its_points_and_forgotten(studio: Studio) -> None:
    user = ("--user-id", "ou_1")
    studio.run(*KITE, *PRO, *user, "--no-wait")
    ended = studio.bench.run(*KITE, *user, "--variant", "2", "--no-wait")
    document = studio.checked(ended)
    assert (document["model_id"], studio.charged()) == ("gemini-3-pro-image", [10, 10])
    assert "Nano Banana Pro, 10 points; the default, Nano Banana2, costs 6" in ended.talk
    other = studio.run(*KITE, "--user-id", "ou_2", "--no-wait")
    assert other["model_id"] == "gemini-3.1-flash-image"
    gone = studio.run(LAUNCHER, "--forget-preference", *user, "--json", env={"IMA_API_KEY": ""})
    assert gone["forgotten"] == ["text_to_image"]
    plan = studio.run(*KITE, *user, "--variant", "3", "--dry-run")
    assert plan["model_id"] == "gemini-3.1-flash-image"


def test_two_at_once_both_leave_their_preference(studio: Studio) -> None:
    users = [f"u{number}" for number in range(4)]
    more = (*PRO, "--no-wait")
    for process in [studio.bench.start(*KITE, *more, "--user-id", user, "--variant", user) for user in users]:
        studio.checked(wait(process))
    path = studio.bench.home / ".openclaw" / "memory" / "ima_prefs.json"
    assert sorted(json.loads(path.read_bytes())) == [f"user_{user}" for user in users]


def test_files_follow_the_state_folder_and_the_log_holds_no_prompt(studio: Studio) -> None:
    state = studio.bench.folder / "state"
    prompt = "a secret garden behind the northern wall"
    moved = {"OPENCLAW_STATE_DIR": str(state)}
    studio.run(*WORDS, "--prompt", prompt, *PRO, "--user-id", "u1", env=moved)
    assert (state / "memory" / "ima_prefs.json").is_file()
    (log,) = (state / "logs" / "ima_skills").glob("*.log")
    text = log.read_text(encoding="utf-8")
    assert "task-000001" in text
    assert "garden" not in text
    assert "sign=" not in text
    assert not (studio.bench.home / ".openclaw").exists()


def test_a_preference_that_cannot_be_saved_costs_no_picture(studio: Studio) -> None:
    memory = studio.bench.home / ".openclaw" / "memory"
    memory.parent.mkdir()
    memory.write_text("no folder", encoding="utf-8")
    ended = studio.bench.run(*KITE, *PRO, "--user-id", "u1")
    assert studio.checked(ended)["status"] == "succeeded"
    assert "could not be remembered" in ended.talk


def test_the_doctor_asks_what_is_free_and_says_what_cannot_be_asked(studio: Studio) -> None:
    ended = studio.bench.run("doctor.py", "--json")
    assert ended.code == 0, ended.talk
    (service,) = [check for check in ended.document["checks"] if check["check"] == "service"]
    assert service["verdict"] == "ok"
    assert "balance" in service["message"]
    assert [request.path for request in studio.house.recorder.requests] == [ima.LIST_PATH]
    refused = studio.bench.run("doctor.py", "--json", env={"IMA_API_KEY": "ima_wrong"})
    assert (refused.code, refused.document["error"]["code"]) == (4, "ima_key_refused")
    assert studio.charged() == []


def test_the_tasks_are_listed_and_summed_in_points(studio: Studio) -> None:
    studio.run(*KITE, "--no-wait")
    ended = studio.bench.run("tasks.py", "cost", "--json")
    (row,) = ended.document["costs"]
    assert (row["skill"], row["amount"], row["unit"]) == ("ai-nano-banana-ima", 6.0, "points")
