"""MySQL as a destination: a real MariaDB."""

from tests.publishing.warehouse_contract import KilledBetweenTables


class TestContract(KilledBetweenTables):
    """What every destination has to do."""
