"""Commands of the support product."""
