"""Changes to models, one verb per function."""

from llm.actions.defaults import DEMO_MODEL, DEMO_NAME, ensure_default_model, remember_refused
from llm.actions.models import create_model, delete_model, update_model
from llm.actions.probing import Probe, discover, probe_model

__all__ = [
    "DEMO_MODEL",
    "DEMO_NAME",
    "Probe",
    "create_model",
    "delete_model",
    "discover",
    "ensure_default_model",
    "probe_model",
    "remember_refused",
    "update_model",
]
