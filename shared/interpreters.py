"""Find another interpreter that can run a launcher: the skills' own environment, or one that uv provides."""

# Standard library only, and Python 3.7 syntax: this is what an old or bare Python reads.

import os
import shlex
import stat
import sys
from typing import Dict, List, Optional, Tuple

SECOND_START = "IMAGE_SKILLS_SECOND_START"
"""Set for every process that the first one starts, so that none of them starts another."""
PROBE = "probe"
"""The value of SECOND_START at which a launcher does nothing but print the path of its interpreter."""
MAX_LINKS = 40  # on the way to one file; more is a loop
UNTRUSTED_VARIABLES = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "UV_CONFIG_FILE",
    "UV_ENV_FILE",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_WORKING_DIR",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_NO_SYNC",
    "UV_ISOLATED",
    "UV_SYSTEM_PYTHON",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
)
"""Variables that no probe gets: they choose an interpreter, a project, a settings file or code to import."""


KEY_ENDINGS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


def home_folder() -> str:
    """Return the home folder: HOME, or the system's record where that is unset or empty; "" if it is not absolute.

    A relative one would be another folder for each current folder.
    """
    if os.name != "nt" and os.environ.get("HOME") == "":
        import pwd

        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return ""
    else:
        home = os.path.expanduser("~")
    return home if os.path.isabs(home) else ""


def state_folder() -> Optional[str]:
    """Return OpenClaw's state folder, as shared/openclaw/folders.py does; None where no home is known."""
    home = home_folder()
    state = os.environ.get("OPENCLAW_STATE_DIR", "").strip()
    if not state:
        state = os.path.join(_in_home(os.environ.get("OPENCLAW_HOME", "").strip() or "~", home), ".openclaw")
    path = _in_home(state, home)
    return os.path.normpath(path) if os.path.isabs(path) else None


def _in_home(text: str, home: str) -> str:
    """Return a path with a leading `~` in full; a relative path is in the home folder."""
    if text == "~" or text.startswith(("~/", "~\\")):
        text = text[2:]
    return os.path.join(home, text) if text else home


def environment_python(environment: str) -> str:
    """Return the path of a virtual environment's interpreter."""
    return os.path.join(environment, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))


def environment_folder() -> str:
    """Return the folder of the skills' own environment; "" where there is neither a state folder nor a home."""
    state = state_folder()
    return os.path.join(state, "image-skills", "venv") if state else ""


def other_interpreter(launcher: str, failures: Dict[str, str], *, old: bool) -> Optional[str]:
    """Return an interpreter with what the launcher needs, or None, and add failed candidates to `failures`.

    The skills' own environment comes before uv. With `old`, this Python is too old to be the base of uv's.
    """
    launcher = os.path.realpath(launcher)
    environment = environment_folder()
    own = environment_python(environment)
    if environment and os.access(own, os.X_OK):
        if is_own_environment(environment):
            if _probe([own, "-I", launcher])[0]:
                return own
        else:
            failures["environment_not_ours"] = environment
    uv = find_uv()
    if uv is None:
        return None
    argv = [uv, "run", "--quiet", "--no-project", "--no-env-file"] + _configuration()
    argv += ["--python", ">=3.10" if old else sys.executable, "--script", launcher]
    python, words = _probe(argv)
    if python is None:
        failures["uv_failed"] = words
    return python


def _probe(argv: List[str]) -> Tuple[Optional[str], str]:
    """Start a launcher in the root folder, where only root puts files; return its interpreter, or the reason.

    The interpreter must print its own path: any other output, or none, is a failure.
    """
    import subprocess  # noqa: PLC0415  - slow, and needed here only

    withheld = [name for name in os.environ if name in UNTRUSTED_VARIABLES or _holds_key(name)]
    environment = {name: value for name, value in os.environ.items() if name not in withheld}
    environment[SECOND_START] = PROBE
    try:
        done = subprocess.run(
            argv,
            env=environment,
            cwd=os.path.abspath(os.sep),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        return None, error.strerror or type(error).__name__
    python = os.fsdecode(done.stdout)
    if done.returncode == 0 and os.path.isabs(python) and os.access(python, os.X_OK):
        return python, ""
    return None, _first_words(done.stderr)


def _holds_key(name: str) -> bool:
    """Return whether a variable has the name of a key; neither uv nor a package that it builds needs one."""
    return name.endswith(KEY_ENDINGS) and not name.startswith(("UV_", "PIP_"))


def _first_words(stderr: bytes) -> str:
    """Return the first line of an error as one printable line of bounded length."""
    lines = [" ".join(line.split()) for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return "".join(letter if letter.isprintable() else "?" for letter in (lines or [""])[0])[:300]


def find_uv() -> Optional[str]:
    """Return the path of uv; the current folder and relative entries of PATH are not searched."""
    name = "uv.exe" if os.name == "nt" else "uv"
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = os.path.join(folder, name)
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _configuration() -> List[str]:
    """Return uv's option for its settings: the user's own file by its absolute path, else none at all.

    A file is never searched for in a folder and its parents, which is what uv does without such an option.
    """
    if os.name == "nt":
        folder = os.environ.get("APPDATA", "")
    else:
        folder = os.environ.get("XDG_CONFIG_HOME", "") or os.path.join(home_folder(), ".config")
    for path in (os.environ.get("UV_CONFIG_FILE", ""), os.path.join(folder, "uv", "uv.toml")):
        if os.path.isabs(path) and os.path.isfile(path) and is_ours(path):
            return ["--config-file", path]
    return ["--no-config"]


def can_install() -> bool:
    """Return whether this user can make or change the skills' own environment."""
    folder = environment_folder()
    while not os.path.lexists(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)


PLACES_OF_PIP = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_DRY_RUN")
"""Variables of pip that would put packages somewhere else than into the environment, or nowhere."""


def install_line(requirements: List[str]) -> str:
    """Return the command that makes the skills' own environment and fills it.

    `-I` keeps the current folder and PYTHONPATH out of both steps. What is left of a broken environment is
    cleared, never what a link leads to. PLACES_OF_PIP are emptied where they are set; a mirror that the user
    named stays.
    """
    environment = environment_folder()
    broken = os.path.isfile(os.path.join(environment, "pyvenv.cfg")) and not os.path.islink(environment)
    make = [sys.executable or "python3", "-I", "-m", "venv"] + ["--clear"] * broken + [environment]
    fill = [environment_python(environment), "-I", "-m", "pip", "install", "--quiet"] + requirements
    emptied = "".join(name + "= " for name in PLACES_OF_PIP if os.environ.get(name) and os.name != "nt")
    return _quoted(make) + " && " + emptied + _quoted(fill)


def _quoted(argv: List[str]) -> str:
    if os.name == "nt":
        import subprocess  # noqa: PLC0415

        return subprocess.list2cmdline(argv)
    return " ".join(shlex.quote(word) for word in argv)


def is_own_environment(environment: str) -> bool:
    """Return whether only this user and root can have written to a virtual environment."""
    python = environment_python(environment)
    settings = os.path.join(environment, "pyvenv.cfg")
    places = [environment, os.path.dirname(python)] + [settings] * os.path.lexists(settings)
    for folder, folders, _ in os.walk(os.path.join(environment, "Lib" if os.name == "nt" else "lib")):
        places.append(folder)
        if os.path.basename(folder) == "site-packages":
            places += [os.path.join(folder, name) for name in folders]
            del folders[:]
    same = os.path.realpath(python) == os.path.realpath(sys.executable)  # what runs already is trusted already
    return all(is_ours(place) for place in places) and (same or is_ours(python))


def is_ours(path: str, links: int = MAX_LINKS) -> bool:
    """Return whether only this user and root control a path, up to the root folder.

    Every part must belong to one of the two. A folder or file that others can write to is refused, except a folder
    with the sticky bit, or with a group that is the user's own. Windows has no such owners, so nothing is refused
    there.
    """
    if not hasattr(os, "geteuid"):
        return True
    path = os.path.abspath(path)
    parent = os.path.dirname(path)
    try:
        status = os.lstat(path)
    except OSError:
        return False
    if status.st_uid not in (os.geteuid(), 0) or (parent != path and not is_ours(parent, links)):
        return False
    if stat.S_ISLNK(status.st_mode):
        target = os.path.join(os.path.realpath(parent), os.readlink(path))
        return links > 0 and is_ours(target, links - 1)
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    shared = status.st_mode & stat.S_IWGRP and status.st_gid != status.st_uid
    return bool(sticky) or not (status.st_mode & stat.S_IWOTH or shared)
