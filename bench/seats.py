"""Make the people and sessions of a load run: `python -m bench.seats PAIRS [--mode
claimed|assistant]`.

Run with the environment of the server under test. Prints a JSON list with, for each session, its id
and an access token for its customer and its agent. Every agent is alone in a team: the stream of
inbox updates that colleagues get of each other's sessions is not what this measures.
"""

import argparse
import json
import os
import secrets

import django


def make(pairs: int, *, claimed: bool, lifetime: float = 7200.0) -> list[dict[str, str]]:
    """Seat `pairs` pairs; with `claimed` the agent has the floor, else the assistant keeps it."""
    from accounts.models import Role, Team, User
    from accounts.tokens import issue_access
    from accounts.viewer import Viewer
    from sessions_app import actions

    seats = []
    for _ in range(pairs):
        name = secrets.token_hex(6)
        team = Team.objects.create(name=f"Bench {name}", slug=f"bench-{name}")
        customer = User.objects.create_user(f"customer-{name}", display_name="Cleo Customer")
        agent = User.objects.create_user(
            f"agent-{name}", display_name="Amir Agent", role=Role.AGENT
        )
        team.members.add(agent)
        session = actions.open_session(viewer=Viewer.of(customer), team_id=team.pk)
        if claimed:
            actions.claim(viewer=Viewer.of(agent), session_id=session.id)
        seats.append(
            {
                "session_id": str(session.id),
                "customer_token": issue_access(customer, ttl=lifetime),
                "agent_token": issue_access(agent, ttl=lifetime),
            }
        )
    return seats


def main() -> None:
    """Print the seats as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=int)
    parser.add_argument("--mode", choices=("claimed", "assistant"), default="claimed")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    django.setup()
    print(json.dumps(make(options.pairs, claimed=options.mode == "claimed")))


if __name__ == "__main__":
    main()
