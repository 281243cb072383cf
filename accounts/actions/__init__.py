"""What can be done with people and their credentials: one verb per function, no HTTP."""

from accounts.actions.api_keys import (
    make_api_key,
    revoke_api_key,
    use_api_key,
    viewer_from_api_key,
)
from accounts.actions.devices import (
    Ended,
    LoggedIn,
    end_device,
    end_devices,
    end_if_live,
    log_out,
    refresh,
    start_device,
)
from accounts.actions.login import log_in, prove_password
from accounts.actions.people import (
    change_password,
    disable,
    edit_person,
    make_visitor,
    register,
    update_profile,
)
from accounts.actions.sweeping import sweep
from accounts.actions.tickets import issue_ticket, redeem_ticket

__all__ = [
    "Ended",
    "LoggedIn",
    "change_password",
    "disable",
    "edit_person",
    "end_device",
    "end_devices",
    "end_if_live",
    "issue_ticket",
    "log_in",
    "log_out",
    "make_api_key",
    "make_visitor",
    "prove_password",
    "redeem_ticket",
    "refresh",
    "register",
    "revoke_api_key",
    "start_device",
    "sweep",
    "update_profile",
    "use_api_key",
    "viewer_from_api_key",
]
