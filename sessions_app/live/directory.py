"""The sockets of this process, found by whose they are."""

from collections import Counter
from collections.abc import Collection, Iterator, KeysView

from sessions_app.live.channel import Socket


class Directory:
    """Who is connected here.  Rights are those at the door: whose change is cut and comes back."""

    def __init__(self) -> None:
        self.staff: set[Socket] = set()
        self.admins: set[Socket] = set()
        self._all: set[Socket] = set()
        self._users: dict[int, set[Socket]] = {}
        self._teams: dict[int, set[Socket]] = {}
        self._addresses: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Socket]:
        return iter(list(self._all))

    def __contains__(self, socket: Socket) -> bool:
        return socket in self._all

    def add(self, socket: Socket) -> None:
        """Take in a socket."""
        viewer = socket.viewer
        self._all.add(socket)
        self._addresses[socket.address] += 1
        self._users.setdefault(viewer.user_id, set()).add(socket)
        if viewer.is_staff:
            self.staff.add(socket)
            for team_id in viewer.team_ids:
                self._teams.setdefault(team_id, set()).add(socket)
        if viewer.is_admin:
            self.admins.add(socket)

    def remove(self, socket: Socket) -> None:
        """Forget a socket that was added."""
        viewer = socket.viewer
        for sockets in (self._all, self.staff, self.admins):
            sockets.discard(socket)
        self._addresses[socket.address] -= 1
        if not self._addresses[socket.address]:
            del self._addresses[socket.address]
        _drop(self._users, viewer.user_id, socket)
        for team_id in viewer.team_ids:
            _drop(self._teams, team_id, socket)

    def of_user(self, user_id: int) -> Collection[Socket]:
        """Return the sockets of one person."""
        return self._users.get(user_id, ())

    def of_team(self, team_id: int | None) -> Collection[Socket]:
        """Return the sockets of a team's staff; nobody is in no team."""
        return () if team_id is None else self._teams.get(team_id, ())

    def at(self, address: str) -> int:
        """Return how many sockets come from a network address."""
        return self._addresses[address]

    def users(self) -> KeysView[int]:
        """Return who has a socket."""
        return self._users.keys()

    def is_present(self, user_id: int) -> bool:
        """Say whether a user has a socket here that counts as being there."""
        return any(not socket.quiet for socket in self.of_user(user_id))


def _drop(sets: dict[int, set[Socket]], key: int, socket: Socket) -> None:
    sockets = sets.get(key)
    if sockets is not None:
        sockets.discard(socket)
        if not sockets:
            del sets[key]
