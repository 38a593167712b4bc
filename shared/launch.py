"""Start a skill's command from its launcher: check Python and dependencies, or print what to do."""

# Standard library only, and Python 3.7 syntax: this is what an old or bare Python reads.

import sys

from shared.search_path import leave_out_current_folder

leave_out_current_folder(sys.path[:2])  # now, or a json.py of the current folder would be imported below

import importlib  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import signal  # noqa: E402
import time  # noqa: E402
from typing import Any, Dict, List, Optional  # noqa: E402

from shared.interpreters import (  # noqa: E402
    PROBE,
    SECOND_START,
    can_install,
    environment_folder,
    install_line,
    other_interpreter,
)

OLDEST_PYTHON = (3, 10)
DEPENDENCIES = {
    "click": "click>=8.1.8",
    "dotenv": "python-dotenv>=1.0.1",
    "requests": "requests>=2.32.4",
    "urllib3": "urllib3>=2.7",
}
"""The dependencies of every skill: module name and requirement."""


def launch(launcher: str, command: str, dependencies: Optional[Dict[str, str]] = None) -> int:
    """Run `command` ("package.module:function") and return its exit code.

    The function gets the arguments and the launcher's path. When Python or a dependency is too old or missing,
    the launcher is started again, once: by the skills' own environment, else by uv. `dependencies` maps the
    module names that a skill needs to their requirements.
    """
    for number in STOPPING:
        signal.signal(number, _stop)
    try:
        return _launch(launcher, command, DEPENDENCIES if dependencies is None else dependencies)
    except _Stopped as stopped:
        return _explain_stop(launcher, stopped.number)
    finally:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)  # the rest of this process takes milliseconds


STOPPING = (signal.SIGINT, signal.SIGTERM)


class _Stopped(BaseException):
    """A signal arrived before the command could handle it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, _frame: object) -> None:
    for signum in STOPPING:
        signal.signal(signum, signal.SIG_IGN)
    raise _Stopped(number)


def _launch(launcher: str, command: str, needed: Dict[str, str]) -> int:
    missing = [needed[name] for name in sorted(needed) if not _is_there(name, needed[name])]
    old = sys.version_info < OLDEST_PYTHON
    mark = os.environ.pop(SECOND_START, None)  # between our own processes
    if mark == PROBE:
        return _answer_probe(bool(old or missing))
    if old or missing:
        failures: Dict[str, str] = {}
        if mark is None:
            python = other_interpreter(launcher, failures, old=old)
            if python:
                return _start_again([python, "-I", os.path.abspath(launcher)])
        return _explain(launcher, missing, needed, failures, old=old)
    module, function = command.split(":")
    return int(getattr(importlib.import_module(module), function)(sys.argv[1:], launcher))


def _is_there(module: str, requirement: str) -> bool:
    """Return whether a module is installed in the required version or a newer one.

    The version is read off the name of the metadata folder: importlib.metadata would cost a tenth of the start.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin:
        return False
    project, _, needed = requirement.partition(">=")
    site = os.path.dirname(os.path.dirname(spec.origin))
    pattern = re.compile(project.replace("-", "[-_.]") + r"-(\d+(?:\.\d+)*).*\.(?:dist|egg)-info", re.IGNORECASE)
    matches = [pattern.match(name) for name in os.listdir(site)] if os.path.isdir(site) else []
    versions = [_numbers(match.group(1)) for match in matches if match]
    return not versions or max(versions) >= _numbers(needed)


def _numbers(version: str) -> List[int]:
    return [int(part) for part in version.split(".")]


def _answer_probe(lacking: bool) -> int:
    """Print this interpreter's path, for the process that asks whether it can run the launcher."""
    if not lacking:
        sys.stdout.buffer.write(os.fsencode(sys.executable))
        sys.stdout.flush()
    return 3 if lacking else 0


def _start_again(argv: List[str]) -> int:
    os.environ[SECOND_START] = "1"
    argv = argv + sys.argv[1:]
    if os.name == "nt":  # exec would detach from the console there
        import subprocess  # noqa: PLC0415  - slow, and needed here only

        return subprocess.call(argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(argv[0], argv)
    return 1


def _explain_stop(launcher: str, number: int) -> int:
    """Print that nothing was started; return 128 plus the signal's number.

    The arguments are not repeated: one of them may be a key.
    """
    message, hint = _TEXTS["interrupted_early"]["zh" if _speaks_chinese() else "en"]
    sys.stderr.write(message + "\n" + hint + "\n")
    if "--json" in sys.argv or "--output-json" in sys.argv:
        print(json.dumps(_document(launcher, "interrupted_early", message, hint, None, retryable=True)))
    return 128 + number


def _explain(
    launcher: str, missing: List[str], needed: Dict[str, str], failures: Dict[str, str], *, old: bool
) -> int:
    """Print what is missing, what failed to install it, and the one command that helps; return exit code 3."""
    facts = {
        "found": "%d.%d" % sys.version_info[:2],
        "needed": "%d.%d" % OLDEST_PYTHON,
        "missing": ", ".join(missing),
    }
    language = "zh" if _speaks_chinese() else "en"
    space = " " if language == "en" else ""
    code = "python_too_old" if old else "dependency_missing"
    message, hint = (text.format(**facts) for text in _TEXTS[code][language])
    if not old and not failures.keys() & BLOCKING and not can_install():
        failures["environment_not_writable" if environment_folder() else "no_home"] = environment_folder()
    blocked = failures.keys() & BLOCKING
    for failure, detail in failures.items():
        what, remedy = (text.format(detail=detail) for text in _TEXTS[failure][language])
        message = message + space + what
        if not blocked or failure in blocked:
            hint = remedy if blocked else remedy + space + hint
    line = None if old or blocked else install_line([needed[name] for name in sorted(needed)])
    sys.stderr.write("\n".join([message, hint] + ([line] if line else [])) + "\n")
    if "--json" in sys.argv or "--output-json" in sys.argv:
        shell = ["cmd", "/c"] if os.name == "nt" else ["sh", "-c"]
        free = {"cost": "none", "needs_consent": False}
        following = dict(free, argv=shell + [line], shell=line) if line else None
        print(json.dumps(_document(launcher, code, message, hint, following)))
    return 3


BLOCKING = frozenset(("environment_not_ours", "environment_not_writable", "no_home"))
"""Failures after which the install line would not help: it would fill the same place."""
_TEXTS = {
    "python_too_old": {
        "en": (
            "Python {needed} or newer is needed; this is Python {found}.",
            "Install a newer Python, or uv, then run the same command again.",
        ),
        "zh": ("需要 Python {needed} 或更高版本，当前是 {found}。", "请安装新版 Python 或 uv，再运行同一条命令。"),
    },
    "interrupted_early": {
        "en": ("Stopped before anything was sent; nothing was charged.", "Run the same command again."),
        "zh": ("在发送之前已停止，未扣费。", "请再次运行同一条命令。"),
    },
    "dependency_missing": {
        "en": (
            "These Python packages are missing or too old: {missing}.",
            "Run the command below once; every image skill uses what it installs.",
        ),
        "zh": (
            "缺少以下 Python 包，或版本过旧：{missing}。",
            "运行一次下面的命令即可，所有图片技能共用它安装的环境。",
        ),
    },
    "environment_not_ours": {
        "en": (
            "The environment {detail} is not used because another user could have written to it.",
            "Remove it, or set OPENCLAW_STATE_DIR to a folder that only you can write to, then try again.",
        ),
        "zh": (
            "不使用环境 {detail}：其他用户可能改动过其中的文件。",
            "请删除该环境，或将 OPENCLAW_STATE_DIR 设为只有您能写入的文件夹，然后再运行同一条命令。",
        ),
    },
    "environment_not_writable": {
        "en": (
            "They cannot be installed in {detail} because this user cannot write there.",
            "Set OPENCLAW_STATE_DIR to a folder that you can write to, then run the same command again.",
        ),
        "zh": (
            "当前用户无法写入 {detail}，因此不能在那里安装。",
            "请将 OPENCLAW_STATE_DIR 设为您可写入的文件夹，然后再运行同一条命令。",
        ),
    },
    "no_home": {
        "en": (
            "They cannot be installed because there is no home folder: HOME is unset or not an absolute path.",
            "Set HOME or OPENCLAW_STATE_DIR to an absolute path, then run the same command again.",
        ),
        "zh": (
            "由于找不到主目录（HOME 未设置或不是绝对路径），无法安装。",
            "请将 HOME 或 OPENCLAW_STATE_DIR 设为绝对路径，然后再运行同一条命令。",
        ),
    },
    "uv_failed": {
        "en": (
            "uv could not install the missing packages: {detail}",
            "Check the network, or set UV_DEFAULT_INDEX to a mirror, then run the same command again.",
        ),
        "zh": (
            "uv 未能安装缺失的包：{detail}",
            "请检查网络，或用 UV_DEFAULT_INDEX 指定镜像源，然后再运行同一条命令。",
        ),
    },
}


def _speaks_chinese() -> bool:
    words = " ".join(sys.argv)
    locale = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "--lang=zh" in sys.argv or "--lang zh" in words or locale.lower().startswith("zh")


def _document(
    launcher: str,
    code: str,
    message: str,
    hint: str,
    following: Optional[Dict[str, Any]],
    *,
    retryable: bool = False,
) -> Dict[str, object]:
    """Return the result document (result.schema.json) of a start that failed before the command ran."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    document: Dict[str, object] = dict.fromkeys(
        ("skill_version", "provider", "model", "mode", "task_id", "local_id", "journal"), None
    )
    document.update(
        schema_version=1,
        ok=False,
        status="not_started",
        skill=os.path.basename(os.path.dirname(os.path.dirname(os.path.abspath(launcher)))),
        reused=False,
        images=[],
        media=[],
        input_images=[],
        requested={},
        applied={},
        cost={"amount": None, "unit": None, "source": "unknown"},
        charged="no",
        possible_charges=0,
        attempts=0,
        started_at=now,
        finished_at=now,
        elapsed_seconds=0,
        next=following,
    )
    document["error"] = {
        "code": code,
        "message": message,
        "hint": hint,
        "next": following,
        "retryable": retryable,
        "charged": "no",
        "provider_code": None,
        "http_status": None,
        "request_id": None,
        "help_url": None,
    }
    return document
