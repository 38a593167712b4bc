"""Every message exists in both languages, every message in use exists, and each gets its facts."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import launch
from shared.cli.doctor import CheckStatus
from shared.disk_reason import CAUSES
from shared.http import classify
from shared.http.proxy import ProxyReason
from shared.http.refusals import Ban
from shared.http.urls import UrlReason
from shared.i18n.catalog import LANGUAGES, Catalog, choose_language, harmless, sanitize_line, short_repr
from shared.i18n.messages import SHARED_MESSAGES, CommandText, MessageRef, Translation
from shared.images.other_formats import Format
from shared.images.validate import InvalidReason as PictureReason
from shared.journal.budget import PERIODS, UNITS
from shared.journal.entry import State
from shared.output.chat_copy import NoCopyReason
from shared.security import keys
from shared.security.keys import Secret
from tests.shared.message_sites import Said as Site
from tests.shared.message_sites import Speech, speeches

if TYPE_CHECKING:
    from collections.abc import Iterator

SPEECHES = speeches()
ALL = {message: text for speech in reversed(SPEECHES) for message, text in speech.texts.items()}
NAMES = frozenset({"Pillow", "Python", "kB", "s", "token", "tokens", "x"})  # words that Chinese leaves as they are
HAN = re.compile("[\u3400-\u9fff]")
ASCII_PUNCTUATION = re.compile("[\u3400-\u9fff][,;:!?()]|[,;:!?()][\u3400-\u9fff]|[\u3400-\u9fff][.](?![a-z])")
ENDS = {".": "。", "?": "？", "!": "！", ":": "："}

FAMILIES = {
    "url_*": get_args(UrlReason),
    "proxy_*": get_args(ProxyReason),
    "reason_*": ("timeout", "cut", "proxy_auth", "local", *(word for _, word in classify._WORDS)),
    "picture_*": get_args(PictureReason),
    "picture_is_*": get_args(Format),
    "not_allowed_*": get_args(Ban),
    "cost_*": ("charged", "quoted", "estimated"),
    "copy_*": tuple(set(get_args(NoCopyReason)) - {"needs_pillow"}),
    "budget_*": ("run", *PERIODS),
    "unit_*": UNITS,
    "key_source_*": ("empty", "unresolved"),
    "state_*": get_args(State),
    "preview_*": ("return", "attach", "stop"),
    "verdict_*": get_args(CheckStatus),
    "service_status_*": ("pending", "queued", "running", "processing", "success"),
    "disk_*": CAUSES.values(),
    "*_remedy": ("disk_other", *(f"disk_{cause}" for cause in CAUSES.values())),
}
"""The possible values of an f-string's `*` in shared code."""


def of_all() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("speech", SPEECHES, ids=[speech.name for speech in SPEECHES])


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def fits(said: Site, message: str) -> bool:
    """Return whether this message is used there; of a family, only its members are."""
    if said.message in FAMILIES:
        return message in {said.message.replace("*", member) for member in FAMILIES[said.message]}
    return said.matches(message)


def known_to(speech: Speech) -> dict[str, Translation]:
    """Return the messages that a package may use: shared code may use those of any skill."""
    return ALL if speech.name == "shared" else {**SHARED_MESSAGES, **speech.texts}


# ---- both languages


@of_all()
def test_both_languages_take_the_same_facts(speech: Speech) -> None:
    assert {m for m, text in speech.texts.items() if placeholders(text.en) != placeholders(text.zh)} == set()


@of_all()
def test_no_fact_is_formatted_or_taken_apart(speech: Speech) -> None:
    for text in speech.texts.values():
        for template in text:
            for _, name, spec, conversion in Formatter().parse(template):
                assert (not spec, not conversion, (name or "x").isidentifier()) == (True, True, True), template


def in_words(template: str) -> str:
    """Return a template with a Chinese word in place of every fact."""
    return "".join(
        literal + ("甲" if name is not None else "") for literal, name, _, _ in Formatter().parse(template)
    )


def flaws(text: Translation) -> Iterator[str]:
    """Yield the flaws of the Chinese text."""
    if not text.en.strip() or not text.zh.strip():
        yield "empty"
    if text.en.count("\n") != text.zh.count("\n"):
        yield "other lines"
    words = set(re.findall("[A-Za-z]+", in_words(text.zh).replace("甲", " ")))
    if not HAN.search(text.zh) and not words <= NAMES:
        yield "left in English"
    if ASCII_PUNCTUATION.search(in_words(text.zh)):
        yield "half-width punctuation"
    if "  " in text.zh and "  " not in text.en:
        yield "two spaces"
    end, chinese_end = text.en.rstrip(' )"')[-1:], text.zh.rstrip(" ）”")[-1:]
    if (end in ENDS) != (chinese_end in ENDS.values()):
        yield "ends another way"


@of_all()
def test_the_chinese_is_chinese(speech: Speech) -> None:
    found = {message: list(flaws(text)) for message, text in speech.texts.items()}
    assert {message: flawed for message, flawed in found.items() if flawed} == {}


def test_the_launchers_own_sentences_are_in_both_languages() -> None:
    for texts in launch._TEXTS.values():
        assert set(texts) == set(LANGUAGES)
        for en, zh in zip(texts["en"], texts["zh"], strict=True):
            assert placeholders(en) == placeholders(zh)
            assert list(flaws(Translation(en, zh))) == []


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        (Translation("It is {size}.", "It is {size}."), "left in English"),
        (Translation("It is {size}.", "大小为 {size}"), "ends another way"),
        (Translation("It is {size}", "大小为 {size}。"), "ends another way"),
        (Translation("It is {size}.", "大小为 {size}."), "half-width punctuation"),
        (Translation("Yes, {size}.", "是, {size}。"), "half-width punctuation"),
        (Translation("{path}: gone.", "{path}: 没有了。"), "half-width punctuation"),
        (Translation("Gone ({path}).", "没有了({path})。"), "half-width punctuation"),
        (Translation("Gone.", ""), "empty"),
        (Translation("Gone.", "没有\n了。"), "other lines"),
    ],
)
def test_each_flaw_is_found(text: Translation, flaw: str) -> None:
    assert flaw in list(flaws(text))


# ---- what the code says


@of_all()
def test_every_place_that_says_something_can_be_read(speech: Speech) -> None:
    assert speech.said
    assert speech.unread == []


@of_all()
def test_every_sentence_that_is_said_exists(speech: Speech) -> None:
    known = known_to(speech)
    assert [said for said in speech.said if not any(fits(said, message) for message in known)] == []


@of_all()
def test_every_sentence_that_exists_is_said(speech: Speech) -> None:
    """Hints belong to errors; shared messages may be used by any skill."""
    sayers = SPEECHES if speech.name == "shared" else [SPEECHES[0], speech]
    said = [one for sayer in sayers for one in sayer.said]
    unsaid = {
        message
        for message in speech.texts
        if not any(fits(one, message) for one in said if not message.endswith(".hint"))
        and not any(fits(one, message.removesuffix(".hint")) for one in said if one.is_error)
    }
    assert unsaid == set()


@of_all()
def test_every_sentence_gets_its_facts(speech: Speech) -> None:
    known = known_to(speech)
    lacking = []
    for said in speech.said:
        if said.facts is None:  # given by **name: not to be read here
            continue
        for message, text in known.items():
            if fits(said, message) or (said.is_error and fits(said, message.removesuffix(".hint"))):
                missing = placeholders(text.en) - said.facts
                if missing:
                    lacking.append((said.place, message, missing))
    assert lacking == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_member_of_a_family_exists(family: str) -> None:
    assert {family.replace("*", member) for member in FAMILIES[family]} - set(SHARED_MESSAGES) == set()
    assert any(said.message == family for speech in SPEECHES for said in speech.said), "nobody says it any more"


def test_no_family_is_forgotten_here() -> None:
    said = {said.message for said in SPEECHES[0].said if "*" in said.message}
    assert said - set(FAMILIES) <= {"*.hint", "unit_*", "check_*"}, "whose members others choose"


def test_a_skill_does_not_replace_a_shared_sentence_by_accident() -> None:
    for speech in SPEECHES[1:]:
        replaced = {
            message
            for message in speech.texts
            if message in SHARED_MESSAGES and speech.texts[message] == SHARED_MESSAGES[message]
        }
        assert replaced == set(), speech.name


# ---- the catalog

SKILL = {"greeting": Translation("hello {name}", "你好，{name}"), "no_words": Translation("nothing", "无")}


def test_a_sentence_is_said_in_the_language_of_the_catalogue() -> None:
    assert Catalog("en", SKILL).format("greeting", name="Ann") == "hello Ann"
    assert Catalog("zh", SKILL).format("greeting", name="安") == "你好，安"


def test_a_skills_sentence_comes_before_a_shared_one() -> None:
    assert Catalog("en").format("no_words") == "no reason given"
    assert Catalog("en", SKILL).format("no_words") == "nothing"


def test_a_fact_may_be_a_sentence_itself() -> None:
    assert Catalog("en", SKILL).format("greeting", name=MessageRef("no_words")) == "hello nothing"
    assert Catalog("zh", SKILL).format("greeting", name=MessageRef("no_words")) == "你好，无"
    assert Catalog("en", SKILL).format("greeting", name="no_words") == "hello no_words"


def test_braces_in_a_fact_are_only_text() -> None:
    assert Catalog("en", SKILL).format("greeting", name="{name} {0} {") == "hello {name} {0} {"


def test_a_fact_loses_its_keys_and_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_in_play", {})
    Secret("dummy-key-of-many-letters")
    link = "https://img.example/one.png?sig=dummy-key-of-many-letters"
    say = Catalog("en", SKILL).format
    assert say("greeting", name=link) == "hello https://img.example/one.png"
    assert (
        say("greeting", name=CommandText(f"fetch '{link}'"))
        == "hello fetch 'https://img.example/one.png?sig=****ters'"
    )
    assert say("greeting", name=Secret("dummy-key-of-many-letters")) == "hello ****ters"


def test_an_unknown_sentence_and_a_missing_fact_are_bugs() -> None:
    catalog = Catalog("en", SKILL)
    assert (catalog.has("greeting"), catalog.has("parting")) == (True, False)
    with pytest.raises(KeyError):
        catalog.format("parting")
    with pytest.raises(KeyError):
        catalog.format("greeting")


def test_more_facts_than_the_sentence_needs_do_no_harm() -> None:
    assert Catalog("en", SKILL).format("greeting", name="Ann", message="x", colour="red") == "hello Ann"


# ---- which language


@pytest.mark.parametrize(
    ("option", "words", "locale", "language"),
    [
        ("auto", "a red kite", {}, "en"),
        ("auto", "画一只猫", {}, "zh"),
        ("auto", "画一只 cat", {"LANG": "en_US.UTF-8"}, "zh"),
        ("auto", "猫を描いて", {}, "en"),
        ("auto", "ネコ", {}, "en"),
        ("auto", "画ﾈｺ", {}, "en"),
        ("auto", "고양이", {}, "en"),
        ("auto", "𠮷", {}, "zh"),
        ("auto", "", {}, "en"),
        ("", "画一只猫", {}, "zh"),
        ("auto", "a red kite", {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("auto", "a red kite", {"LANG": "ZH_TW"}, "zh"),
        ("auto", "猫を描いて", {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("auto", "a red kite", {"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ("auto", "a red kite", {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ("auto", "a red kite", {"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"),
        ("en", "画一只猫", {"LANG": "zh_CN.UTF-8"}, "en"),
        ("zh", "a red kite", {"LANG": "en_US.UTF-8"}, "zh"),
        ("fr", "a red kite", {"LANG": "zh_CN.UTF-8"}, "zh"),
    ],
)
def test_the_language_is_as_asked_else_of_the_words_else_of_the_locale(
    monkeypatch: pytest.MonkeyPatch, option: str, words: str, locale: dict[str, str], language: str
) -> None:
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    assert choose_language(option, words) == language


# ---- words from outside


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("16:9", '"16:9"'),
        ("", '""'),
        (7, '"7"'),
        (None, '"None"'),
        ("a\nb\tc\x1b[31m", '"a\\nb\\tc\\x1b[31m"'),
        ("zero\u200bwidth \u202e", '"zero\\u200bwidth \\u202e"'),
        ("caf\udce9", '"caf\\udce9"'),
        ("猫 é 😀", '"猫 é 😀"'),
        ("x" * 80, '"' + "x" * 80 + '"'),
        ("x" * 81, '"' + "x" * 79 + '…"'),
    ],
)
def test_a_value_is_shown_on_one_line_in_quotes(value: object, text: str) -> None:
    assert short_repr(value) == text


@given(st.text())
def test_whatever_is_shown_is_printable_and_short(text: str) -> None:
    line = short_repr(text)
    assert line.isprintable()
    assert len(line) <= 2 + 80 * len("\\U0010ffff")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("no faces", "no faces"),
        ("  two\r\n lines\t\v\x85\u2028 ", "two lines"),
        ("MEDIA:/etc/passwd", "MEDIA\u2236/etc/passwd".replace("MEDIA", "media")),
        ("x\nMedia:/etc/passwd", "x media\u2236/etc/passwd"),
        ("ME\u200bDIA:/etc/passwd", "media\u2236/etc/passwd"),
        ("\x1b[31mred\x07\0\x9b", "[31mred"),
        ("caf\udce9", "caf"),
        ("", ""),
        (" \n ", ""),
        ({"code": 5}, "{'code': 5}"),
        (". " * 249 + "..", ". " * 249 + ".."),
        (". " * 249 + "...", ". " * 249 + ".…"),
        ("." * (1 << 20), "." * 499 + "…"),
        ("/tmp/some_folder-of_words/with_a-name/that_is_quite/long_as-such_names/may_be.json",) * 2,
        ("no: " + "iVBORw0KGgo" * 9 + "\n" + "A" * 76 + "== end", "no: … … end"),
        (" " * (1 << 20) + "late", ""),
    ],
    ids=range(16),
)
def test_a_services_words_are_one_harmless_line(text: object, line: str) -> None:
    assert sanitize_line(text) == line


@given(st.text(), st.integers(2, 50))
def test_whatever_a_service_says_is_printable_short_and_attaches_nothing(text: str, longest: int) -> None:
    line = sanitize_line(text + " media:" + text, longest)
    assert line.isprintable()
    assert len(line) <= longest
    assert "media:" not in line.lower()


# ---- what is printed

BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
BEFORE = ("", " ", "\t", "\u200b", "\ufeff", "\u202e", "\u200d", "\xa0", "\u3000", "`", "- ", "> **")


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("line", ["", *BREAKS])
@pytest.mark.parametrize("word", ["MEDIA:", "media:", "Media :"])
def test_no_printed_line_begins_with_media(line: str, before: str, word: str) -> None:
    text = harmless(f"a path{line}{before}{word}/etc/passwd" if line else f"{before}{word}/etc/passwd")
    for piece in text.splitlines():
        assert not re.match(r"[\W_]*media\s*:", piece, re.IGNORECASE)
    assert set(BREAKS[1:]).isdisjoint(text)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a\x1b]0;t\x07b", "a\\u001b]0;t\\u0007b"),
        ("a\x9b31mb", "a\\u009b31mb"),
        ("a\u202egnp", "a\\u202egnp"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("👩\u200d🚀 中文：图\u3000片", "👩\u200d🚀 中文：图\u3000片"),
        ("social media: yes", "social media: yes"),
        ("\ud800", "\\ud800"),
    ],
)
def test_only_what_harms_is_escaped(text: str, printed: str) -> None:
    assert harmless(text) == printed


@given(st.text(max_size=60))
def test_whatever_is_printed_moves_nothing(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t\u200c\u200d" or char.isspace() for char in harmless(text))
    assert set(BREAKS[1:]).isdisjoint(harmless(text))
    assert harmless(harmless(text)) == harmless(text)
