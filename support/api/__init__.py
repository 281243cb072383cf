"""REST endpoints of the support product."""
