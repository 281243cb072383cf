"""REST of models."""
