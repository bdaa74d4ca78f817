"""MySQL as a destination: a real MariaDB."""

from tests.publishing.warehouse_contract import WarehouseContract


class TestContract(WarehouseContract):
    """What every destination has to do."""
