"""scripts/setup.sh against fake interpreters: what it makes, repairs, and asks for in one sentence."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A Python as far as set-up asks: its version, whether it can make a venv with pip, and what `pip install` does.
STUB_PYTHON = """#!/bin/sh
echo "python $*" >>"$CALLS"
case "$*" in
    *version_info*) echo {version} ;;
    *ensurepip*) exit {without_ensurepip} ;;
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip install"*) {install} ;;
esac
"""
STUB_UV = """#!/bin/sh
echo "uv $*" >>"$CALLS"
case "$*" in
    venv*) mkdir -p .venv/bin && cp "$BIN/python3" .venv/bin/python ;;
esac
"""
INSTALL_FAILS = "echo 'ERROR: no such distribution' >&2; exit 1"
# The parent of the fake program is the shell that runs set-up.
INSTALL_IS_KILLED = "kill -9 $PPID"


@dataclass
class Machine:
    """A checkout and its PATH: the tools of a bare system and the fake programs that a test adds."""

    home: Path
    calls: list[str] = field(default_factory=list)

    @property
    def checkout(self) -> Path:
        return self.home / "check out"

    @property
    def venv(self) -> Path:
        return self.checkout / ".venv"

    def add(self, name: str, script: str) -> None:
        command = self.home / "bin" / name
        command.unlink(missing_ok=True)  # it may be a link to the system's
        command.write_text(script)
        command.chmod(0o755)

    def add_python(
        self, name: str = "python3", *, version: str = "3.11", ensurepip: bool = True, install: str = ":"
    ) -> None:
        self.add(name, STUB_PYTHON.format(version=version, without_ensurepip=int(not ensurepip), install=install))

    def set_up(self, python: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the script in a foreign folder; `calls` then lists the command lines of the fake programs."""
        log = self.home / "calls"
        log.write_text("")
        environment = {"PATH": str(self.home / "bin"), "BIN": str(self.home / "bin"), "CALLS": str(log)}
        if python is not None:
            environment["PYTHON"] = python
        script = self.checkout / "scripts" / "setup.sh"
        output, errors = self.home / "stdout", self.home / "stderr"  # not pipes: set-up's reporter may outlive it
        with output.open("w") as stdout, errors.open("w") as stderr:
            run = subprocess.run(
                [shutil.which("sh") or "/bin/sh", str(script)],
                cwd=self.home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=20,
                check=False,
            )
        self.calls = log.read_text().splitlines()
        return subprocess.CompletedProcess(run.args, run.returncode, output.read_text(), errors.read_text())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    (machine.checkout / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup.sh", machine.checkout / "scripts" / "setup.sh")
    (tmp_path / "bin").mkdir()
    for tool in ("cat", "cp", "dirname", "mkdir", "rm", "sleep", "touch"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    return machine


def pip_calls(machine: Machine) -> list[str]:
    return [call for call in machine.calls if call.startswith("python -m pip install")]


def test_makes_the_environment_with_venv_and_pip(machine: Machine) -> None:
    machine.add_python()
    run = machine.set_up()
    assert (run.returncode, run.stderr) == (0, "")
    assert "python -m venv .venv" in machine.calls
    assert len(pip_calls(machine)) == 1
    assert pip_calls(machine)[0].endswith("--editable .[dev]")
    assert (machine.venv / ".ready").exists()


def test_a_ready_environment_is_kept_and_brought_up_to_date(machine: Machine) -> None:
    machine.add_python()
    machine.set_up()
    (machine.venv / "kept").touch()
    assert machine.set_up().returncode == 0
    assert "python -m venv .venv" not in machine.calls
    assert len(pip_calls(machine)) == 1
    assert (machine.venv / "kept").exists()
    assert (machine.venv / ".ready").exists()


def leave_folder_without_stamp(machine: Machine) -> None:
    (machine.venv / "bin").mkdir(parents=True)


def kill_while_installing(machine: Machine) -> None:
    machine.add_python(install=INSTALL_IS_KILLED)
    assert machine.set_up().returncode == -9


def fail_to_install(machine: Machine) -> None:
    machine.add_python(install=INSTALL_FAILS)
    run = machine.set_up()
    assert run.returncode == 1
    assert run.stderr == "ERROR: no such distribution\n"


def lose_the_interpreter(machine: Machine) -> None:
    machine.add_python()
    assert machine.set_up().returncode == 0
    (machine.venv / "bin" / "python").unlink()
    (machine.venv / "bin" / "python").symlink_to(machine.home / "gone")


@pytest.mark.parametrize(
    "break_it", [leave_folder_without_stamp, kill_while_installing, fail_to_install, lose_the_interpreter]
)
def test_a_broken_environment_is_made_anew(machine: Machine, break_it: Callable[[Machine], None]) -> None:
    break_it(machine)
    (machine.venv / "rest").touch()
    machine.add_python()
    assert machine.set_up().returncode == 0
    assert not (machine.venv / "rest").exists()
    assert "python -m venv .venv" in machine.calls
    assert (machine.venv / ".ready").exists()


def test_a_failed_update_takes_the_stamp_away(machine: Machine) -> None:
    machine.add_python(install="[ ! -e offline ] || exit 1")
    machine.set_up()
    assert (machine.venv / ".ready").exists()
    (machine.checkout / "offline").touch()
    assert machine.set_up().returncode == 1
    assert not (machine.venv / ".ready").exists()


def test_uv_installs_where_it_is_there(machine: Machine) -> None:
    machine.add_python()
    machine.add("uv", STUB_UV)
    assert machine.set_up().returncode == 0
    assert "python -m venv .venv" in machine.calls
    assert machine.calls[-1] == "uv pip install --quiet --python .venv/bin/python --editable .[dev]"
    assert pip_calls(machine) == []


def test_a_long_installation_reports_progress(machine: Machine) -> None:
    machine.add_python(install="until [ -e ../slept ]; do :; done")
    machine.add("sleep", "#!/bin/sh\n[ ! -e ../slept-once ] || touch ../slept\ntouch ../slept-once\n")
    run = machine.set_up()
    assert (run.returncode, run.stderr) == (0, "")
    assert "set-up: still installing after 10 s" in run.stdout.splitlines()


def test_without_ensurepip_uv_does_both(machine: Machine) -> None:
    machine.add_python(ensurepip=False)
    machine.add("uv", STUB_UV)
    run = machine.set_up()
    assert (run.returncode, run.stderr) == (0, "")
    interpreter = machine.home / "bin" / "python3"
    assert [call for call in machine.calls if call.startswith("uv")] == [
        f"uv venv --quiet --python {interpreter} .venv",
        "uv pip install --quiet --python .venv/bin/python --editable .[dev]",
    ]
    assert (machine.venv / ".ready").exists()


@pytest.mark.parametrize(("name", "package"), [("python3", "python3-venv"), ("python3.12", "python3.12-venv")])
def test_without_ensurepip_and_uv_it_names_one_package(machine: Machine, name: str, package: str) -> None:
    machine.add_python(name, version="3.12", ensurepip=False)
    run = machine.set_up(python=name)
    assert run.returncode == 3
    assert run.stderr == (
        f"set-up: '{name}' cannot make a virtual environment with pip: "
        f"install the package {package} (sudo apt install {package})\n"
    )
    assert not machine.venv.exists()


@pytest.mark.parametrize("version", ["2.7", "3.8", "3.9"])
def test_an_old_python_is_refused(machine: Machine, version: str) -> None:
    machine.add_python(version=version)
    run = machine.set_up()
    assert run.returncode == 3
    assert run.stderr.startswith(f"set-up: 'python3' is Python {version}: Python 3.10 or newer is expected; ")
    assert run.stderr.count("\n") == 1
    assert not machine.venv.exists()


@pytest.mark.parametrize("version", ["3.10", "3.14"])
def test_a_supported_python_is_taken(machine: Machine, version: str) -> None:
    machine.add_python(version=version)
    assert machine.set_up().returncode == 0


def test_a_missing_python_is_named(machine: Machine) -> None:
    run = machine.set_up(python="python3.99")
    assert run.returncode == 3
    assert run.stderr.startswith("set-up: there is no command 'python3.99': Python 3.10 or newer is expected; ")
    assert run.stderr.count("\n") == 1


def test_a_python_that_does_not_start_is_named(machine: Machine) -> None:
    machine.add("python3", "#!/bin/sh\nexit 127\n")
    run = machine.set_up()
    assert run.returncode == 3
    assert run.stderr.startswith("set-up: 'python3' does not start: Python 3.10 or newer is expected; ")
