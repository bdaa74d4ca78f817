"""MySQL and MariaDB as warehouses."""
