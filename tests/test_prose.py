"""Messages, --help texts and documents are plain English and natural Chinese."""

from __future__ import annotations

import importlib
import re
from string import Formatter
from typing import TYPE_CHECKING

import click
import pytest

from shared import launch
from shared.i18n.messages import Translation
from tests.shared.message_sites import ROOT, speeches

if TYPE_CHECKING:
    from collections.abc import Iterator

HABITS = {
    r"\banew\b": "again, new",
    r"\bgo(es|ing)? on\b": "resumes, continues",
    r"\bby (it|them)sel(f|ves)\b": "automatically",
    r"(?<!there )\b(is|are) no (?!longer\b|more\b|such\b|other\b)": "is not a, invalid",
    r"\bstand-ins?\b": "simulated service",
    r"\bstands? (in|on|under|beside|there)\b": "is",
    r"\bnobody (can|knows)\b": "unknown",
    r"\b(tells|told)\b": "reports, returns",
    r"\blook(s|ed|ing)? at\b": "check, poll, query",
    r"\b(a|each|one|next) look\b": "poll",
    r"\bwhole (pictures?|images?)\b": "complete image",
    r"\bcame of\b": "the outcome",
    r"\bthe user's word\b": "the user's consent",
    r"\bholds (a|an|no|the|only|it|them|nothing)\b": "contains",
    r"\bfor want of\b": "because there is no",
    r"\b(was|were|is|are) asked for\b": "requested",
    r"\b(wishes|wish)\b": "request",
}
"""What reads as translated from another language, and what to write instead."""

NAMES = frozenset(
    """
    aac again AI ai-nano-banana-ima Alpha API api.example.com apiKey ASCII aspect_ratio attribute_id auto avi
    AVIF Banana base64 baseUrl bash BMP budget CA en English env env.vars error.help_url error.next export false
    file fleet generate generator-image GIF gif gpt-image-2 happy HEIC high HOME host HTTP http https ID id
    Idempotency-Key IMA ima_ image image2 image_to_image imastudio.com img2img include Infinity IP JPEG jpg JSON
    JSON5 K kexiangai.com Linux m4a macOS MB media MiB million_tokens MIT-0 mkv mock_command models.providers
    mov mp3 mp4 NAME name NaN Nano NemoVideo nemovideo.com OpenAI OpenClaw password PDF PEM PGPASSFILE Photoshop
    Pillow PNG png port PostgreSQL postgresql prompt provider pt-BR Python python3 request.allowPrivateNetwork
    result_json retry run_dir say send_to_feishu service skills.entries.ai-nano-banana-ima.apiKey
    skills.entries.image2.apiKey SOCKS source state stderr stdout Studio SVG task_key task_name tasks TEXT
    text2img text_to_image this-week TIFF TLS today token true user UTF-8 uv wav webm WebP webp Windows
    x-api-key XL XML zh zh-CN zm-img2-generation-direct
    """.split()  # noqa: SIM905  - words are easier to read than a list of quotes
)
"""Names, units and values that a Chinese sentence keeps."""
CODE = re.compile(
    r"```.*?```|`[^`]*`|\]\([^)]*\)|\{\{.*\}\}|\$\{\w+\}|(?:https?|s3|postgresql)://[^\s（）；，。]+|socks5h?://"
    r"|ssh -L \S+ \S*|/?\.?[\w.]*/[\w./-]+|--[\w-]+(?:[ =][a-z]+(?!\w))?|\btasks\.py(?: [a-z-]+)*"
    r"|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|(?:\w+\.)+(?:py|md|json|sh|db)\b|\.env\b|%2?[A-F0-9]+|\b\d+[mhd]\b|\b\d+x\d+\b"
    r"|\b\d{4}-[\dT:+-]+",
    re.DOTALL,
)
"""Commands, paths, flags, variables and other text that is not prose."""
HALF_WIDTH = re.compile("[\u3400-\u9fff][,;:!?()]|[,;:!?()][\u3400-\u9fff]|[\u3400-\u9fff][.](?![a-z])")
HAN = re.compile("[\u3400-\u9fff]")

DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in (
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/contract.md",
        "docs/money.md",
        "docs/architecture.md",
        "docs/clients.md",
        "skills/*/SECURITY.md",
        "skills/*/references/*.md",
    )
    for path in ROOT.glob(pattern)
)
CLI_MODULES = {
    "image2": ("kexiang.cli",),
    "ai-nano-banana-ima": ("ima_studio.cli",),
    "generator-image": ("nemovideo.cli.app",),
    "zm-img2-generation-direct": (
        "openai_images.cli.app",
        "openai_images.batch.cli",
        "openai_images.queue.cli",
        "openai_images.verify.cli",
    ),
}


def habits(text: str) -> list[str]:
    """Return each habit in an English text, with what to write instead."""
    prose = CODE.sub(" ", text)
    return [
        f"{match[0]!r}: write {better}"
        for habit, better in HABITS.items()
        for match in re.finditer(habit, prose, re.IGNORECASE)
    ]


def without_placeholders(template: str) -> str:
    return "".join(
        literal + (" " if name is not None else "") for literal, name, *_ in Formatter().parse(template)
    )


def flaws(text: str) -> list[str]:
    """Return each English word and each half-width mark in a Chinese text."""
    prose = CODE.sub(" ", text)
    words = re.findall(r"[A-Za-z][\w.-]*[\w]|[A-Za-z]", prose)
    return [word for word in words if word not in NAMES] + HALF_WIDTH.findall(prose)


def messages() -> Iterator[tuple[str, Translation]]:
    for speech in speeches():
        for message, translation in speech.texts.items():
            yield f"{speech.name}: {message}", translation
    for code, texts in launch._TEXTS.items():
        for en, zh in zip(texts["en"], texts["zh"], strict=True):
            yield f"launch: {code}", Translation(en, zh)


def helps(command: click.Command) -> Iterator[tuple[str, str]]:
    """Yield every help text of a command, its options and its subcommands."""
    yield str(command.name), command.help or ""
    for option in command.params:
        yield f"{command.name} {option.name}", str(getattr(option, "help", None) or "")
    for subcommand in getattr(command, "commands", {}).values():
        yield from helps(subcommand)


def test_messages_are_plain_english() -> None:
    assert {name: found for name, text in messages() if (found := habits(without_placeholders(text.en)))} == {}


def test_messages_are_chinese_except_names() -> None:
    chinese = ((name, text.zh) for name, text in messages() if HAN.search(text.zh))
    assert {name: found for name, zh in chinese if (found := flaws(without_placeholders(zh)))} == {}


@pytest.mark.parametrize("slug", CLI_MODULES)
def test_help_texts_are_plain_english(slug: str) -> None:
    modules = [importlib.import_module(name) for name in CLI_MODULES[slug]]
    commands = [found for module in modules for found in vars(module).values() if isinstance(found, click.Command)]
    assert commands
    texts = [text for command in commands for text in helps(command)]
    assert {name: found for name, text in texts if (found := habits(text))} == {}
    assert [name for name, text in texts if text and not text.rstrip().endswith(".")] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_documents_are_plain_english(document: str) -> None:
    assert habits((ROOT / document).read_text("utf-8")) == []


def test_the_chinese_readme_is_chinese_except_names() -> None:
    assert flaws((ROOT / "README.zh-CN.md").read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "The file is made anew.",
        "The task goes on.",
        "It is sent again by itself.",
        "It is no file.",
        "A look at the task failed.",
        "It holds no words.",
        "Without the user's word, nothing is paid.",
    ],
)
def test_each_habit_is_found(text: str) -> None:
    assert habits(text) != []


@pytest.mark.parametrize("text", ["已等待 5 s，继续", "状态：running", "是,对", "没有了."])
def test_each_flaw_is_found(text: str) -> None:
    assert flaws(text) != []


@pytest.mark.parametrize("text", ["The key is no longer valid.", "`tasks.py show` goes well; the file is new."])
def test_plain_english_passes(text: str) -> None:
    assert habits(text) == []
