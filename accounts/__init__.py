"""People, roles, teams, and everything that proves who somebody is."""
