"""Limits of models: places, circuit breakers, budgets, and what tokens cost."""
