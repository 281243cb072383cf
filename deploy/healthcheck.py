"""Exit status 0 when the web process of this container is alive (used by the Dockerfile)."""

import http.client
import os

host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8080")), timeout=4)
try:
    connection.request("GET", "/healthz", headers={"Host": host})
    alive = connection.getresponse().status == 200
except OSError:
    alive = False
raise SystemExit(0 if alive else 1)
