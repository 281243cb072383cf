"""REST of everything that talks to models."""
