"""What the support product does: widgets, visitors, and the demo."""

from support.actions.seed import seed_demo
from support.actions.visitors import Claim, Visit, end_visit, start_visit
from support.actions.widgets import create_widget, rotate_secret, update_widget

__all__ = [
    "Claim",
    "Visit",
    "create_widget",
    "end_visit",
    "rotate_secret",
    "seed_demo",
    "start_visit",
    "update_widget",
]
