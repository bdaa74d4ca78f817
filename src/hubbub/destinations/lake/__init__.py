"""A lake: tables as Parquet or Delta, in folders by workspace and day, on a disk or in a bucket."""
