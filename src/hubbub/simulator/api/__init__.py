"""The methods of the Web API, an area a module. A module here with `METHODS` adds to them."""
