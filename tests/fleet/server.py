"""A PostgreSQL server of a test's own: in a throwaway folder, on loopback, with a password."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

USER, PASSWORD = "fleet", "dummy-password-of-the-test"
SECONDS = 60  # for any single command of PostgreSQL
SETTINGS = (
    "listen_addresses=127.0.0.1",
    "shared_buffers=32MB",
    "max_connections=60",
    "log_min_messages=fatal",
)


class PostgresServer:
    """A cluster that exists while its block runs; `port` stays the same over restarts.

    Without `durable`, files are not flushed: a killed server loses nothing, only a power cut would.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self.bin = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="fleet-pg-"))
        self.data = self.folder / "data"
        self.port = _free_port()
        self._settings = SETTINGS if durable else (*SETTINGS, "fsync=off")
        self._databases = 0

    def __enter__(self) -> Self:
        try:
            self.password_file = self.folder / "password"
            self.password_file.write_text(PASSWORD)
            os.chown(self.folder, *_owner())
            os.chown(self.password_file, *_owner())
            self._command("initdb", "--auth=scram-sha-256", f"--username={USER}", f"--pwfile={self.password_file}",
                          "--encoding=UTF8", "--no-locale", "--no-sync", str(self.data))  # fmt: skip
            self.start()
        except BaseException:
            self.__exit__()
            raise
        self.pgpass = self.folder / "pgpass"
        self.pgpass.write_text(f"127.0.0.1:{self.port}:*:{USER}:{PASSWORD}\n")
        self.pgpass.chmod(0o600)
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(subprocess.CalledProcessError, subprocess.TimeoutExpired):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = " ".join(f"-c {setting}" for setting in (*self._settings, f"port={self.port}"))
        options += f" -c unix_socket_directories={self.folder}"
        self._command("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; `immediate` is a crash: no checkpoint, and every session is cut."""
        self._command("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    def restart(self) -> None:
        """Crash the server and start it again."""
        self.stop()
        self.start()

    def new_database(self) -> str:
        """Make an empty database; return how it is reached, without the password."""
        self._databases += 1
        name = f"fleet_{os.getpid()}_{self._databases}"
        with psycopg.connect(self.conninfo("postgres"), password=PASSWORD, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.conninfo(name)

    def drop(self, conninfo: str) -> None:
        """Drop a database, with its connections."""
        name = conninfo.rpartition("/")[2]
        with psycopg.connect(self.conninfo("postgres"), password=PASSWORD, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def conninfo(self, name: str) -> str:
        """Return the address of a database of this server."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def _command(self, name: str, *arguments: str) -> None:
        """Run a program of PostgreSQL's, which refuses to be root, as another user then."""
        uid, gid = _owner()
        done = subprocess.run(
            [str(self.bin / name), *arguments],
            user=uid,
            group=gid,
            extra_groups=() if os.geteuid() == 0 else None,
            cwd=self.folder,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            log = self.folder / "log"
            raise RuntimeError(f"{name}: {done.stderr.decode()}{log.read_text() if log.exists() else ''}")


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs: those on the PATH, else the newest of Debian's."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    folders += [Path("/opt/homebrew/opt/postgresql/bin"), Path("/usr/local/pgsql/bin")]
    for folder in folders:
        if (folder / "initdb").is_file():
            return folder
    raise RuntimeError("there is no PostgreSQL on this machine: install the package postgresql")


def _owner() -> tuple[int, int]:
    """Return the user of the server's processes: this user, or nobody if this user is root."""
    if os.geteuid():
        return os.geteuid(), os.getegid()
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def database(server: PostgresServer) -> Iterator[str]:
    """Yield the address of an empty database, which is dropped afterwards."""
    conninfo = server.new_database()
    try:
        yield conninfo
    finally:
        server.drop(conninfo)
