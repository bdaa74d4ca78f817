"""dlt, which knows warehouses that Hubbub does not speak to itself."""
