"""BigQuery as a destination: Google's client against a stand-in for the service."""

from tests.publishing.warehouse_contract import WarehouseContract


class TestContract(WarehouseContract):
    """What every destination has to do."""
