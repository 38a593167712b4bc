"""One PostgreSQL server for all tests of a process, and an empty database for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.journal import postgres_schema
from tests.fleet.server import PostgresServer, database
from tests.fleet.stage import FleetStage
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as running:
        yield running


@pytest.fixture
def empty(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the address of a database that is not set up."""
    monkeypatch.setenv("PGPASSFILE", str(server.pgpass))
    with database(server) as conninfo:
        yield conninfo


@pytest.fixture
def journal_database(empty: str) -> str:
    """Return the address of a database that contains the journal's tables."""
    with postgres_schema.connect(empty) as connection:
        postgres_schema.migrate(connection, postgres_schema.COMPONENT, postgres_schema.journal_steps())
    return empty


@pytest.fixture
def house() -> Iterator[StandInHouse]:
    with StandInHouse() as standing:
        yield standing


@pytest.fixture
def bare(tmp_path: Path, house: StandInHouse, server: PostgresServer, empty: str) -> FleetStage:
    """Return a machine whose database nobody has set up."""
    return FleetStage(tmp_path, house, server, empty)


@pytest.fixture
def stage(bare: FleetStage) -> FleetStage:
    """Return a machine of a fleet that is set up."""
    bare.ask("migrate")
    return bare
