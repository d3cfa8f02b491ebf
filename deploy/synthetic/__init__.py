"""A year of a department that does not exist: facts made by the services' own deciders, with no server and no person behind them."""
