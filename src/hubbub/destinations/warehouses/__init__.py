"""Warehouses that tables are published to: a module each, found by its `SCHEMES`."""
