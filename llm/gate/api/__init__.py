"""The gate over REST: what the admin's pages do, by the same actions."""
