"""REST endpoints of the messaging kernel: they parse, call an action or a query, and answer."""
