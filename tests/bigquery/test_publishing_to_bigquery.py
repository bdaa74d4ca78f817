"""BigQuery as a destination: Google's client against a stand-in for the service."""

from tests.publishing.warehouse_contract import KilledBetweenTables


class TestContract(KilledBetweenTables):
    """What every destination has to do."""
