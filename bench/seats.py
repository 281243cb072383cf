"""Make the people and sessions of a load run: `python -m bench.seats PAIRS [--mode
claimed|assistant|compare] [--slots N]`.

Run with the environment of the server under test. Prints a JSON list with, for each session, its id
and an access token for its customer and its agent; with `compare` the sessions are conversations of
an agent with the default model, which stands in them N times. Every agent is alone in a team: the
stream of inbox updates that colleagues get of each other's sessions is not what this measures.
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


def make_conversations(
    agents: int, *, slots: int, lifetime: float = 7200.0
) -> list[dict[str, str]]:
    """Give so many agents a conversation each, with the default model standing in it ``slots``
    times."""
    from accounts.models import Role, User
    from accounts.tokens import issue_access
    from accounts.viewer import Viewer
    from llm.actions.defaults import ensure_default_model
    from llm.turns import open_conversation

    model = ensure_default_model()
    assert model is not None
    seats = []
    for _ in range(agents):
        agent = User.objects.create_user(f"asker-{secrets.token_hex(6)}", role=Role.AGENT)
        opened = open_conversation(viewer=Viewer.of(agent), model_ids=[model.pk] * slots)
        talk = opened.conversation
        token = issue_access(agent, ttl=lifetime)
        seats.append({"session_id": str(talk.pk), "customer_token": "", "agent_token": token})
    return seats


def main() -> None:
    """Print the seats as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=int)
    parser.add_argument("--mode", choices=("claimed", "assistant", "compare"), default="claimed")
    parser.add_argument("--slots", type=int, default=1)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    django.setup()
    if options.mode == "compare":
        made = make_conversations(options.pairs, slots=options.slots)
    else:
        made = make(options.pairs, claimed=options.mode == "claimed")
    print(json.dumps(made))


if __name__ == "__main__":
    main()
