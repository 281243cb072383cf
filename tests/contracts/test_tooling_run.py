"""`make run` as a new user meets it: one process, started, tried, ended and started again."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from deploy.services import free_port

ROOT = Path(__file__).resolve().parents[2]
READY = "Stop with ctrl-C."


def environment(data: Path, **more: str) -> dict[str, str]:
    """Nothing configured but where the data is."""
    unset = {"DATABASE_URL", "REDIS_URL", "LOG_LEVEL", "LOG_FORMAT", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return {**kept, "DATA_DIR": str(data), **more}


class Product:
    """The running process, and what it said up to the moment it was ready."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.site = f"http://localhost:{port}"
        self.said = ""
        assert process.stdout is not None
        for line in process.stdout:
            self.said += line
            if line.strip() == READY:
                return
        raise AssertionError(f"It ended before it was ready:\n{self.said}")

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.site + path, timeout=10) as answer:
            return answer.read().decode()

    def post(self, path: str, body: dict, token: str = "") -> dict:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        data = orjson.dumps(body)
        request = urllib.request.Request(
            f"{self.site}/api/v1{path}",
            data,
            headers if token else {**headers, "Authorization": ""},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return orjson.loads(answer.read())

    def log_in(self) -> str:
        password = re.search(r"ada@example.com\s+(\S+)", self.said)
        assert password
        login = {"username": "ada@example.com", "password": password[1]}
        return self.post("/auth/login", login)["access_token"]

    def rest(self) -> str:
        """What it said after it was ready."""
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)


@contextmanager
def running(data: Path, **more: str) -> Iterator[Product]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run"],
        cwd=ROOT,
        env=environment(data, PORT=str(port), **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Product(process, port)
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_while_it_starts_ends_it_without_a_trace(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run"],
        cwd=ROOT,
        env=environment(tmp_path, PORT=str(free_port())),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Whoever runs the tests in the background has it ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout is not None
        assert "Preparing" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[0]
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in said


def start_that_fails(data: Path, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "run"],
        cwd=ROOT,
        env=environment(data, **more),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    return (done.stdout + done.stderr).strip()


def test_the_first_start_is_ready_to_use_and_the_second_keeps_the_data(tmp_path):
    with running(tmp_path) as product:
        assert "widget.js" in product.get("/")
        for page in ("/console/", "/admin/login/", "/api/docs", "/readyz"):
            assert product.get(page)
        token = product.log_in()
        session = product.post("/chat/sessions", {"title": "Kept"}, token)
        assert "already" in start_that_fails(tmp_path, PORT=str(free_port()))
        assert product.end() == 0
    with running(tmp_path) as product:
        assert "Putting in the demo" not in product.said
        token = product.log_in()
        with urllib.request.urlopen(
            urllib.request.Request(
                f"{product.site}/api/v1/chat/sessions/{session['id']}",
                headers={"Authorization": f"Bearer {token}"},
            )
        ) as answer:
            assert orjson.loads(answer.read())["title"] == "Kept"
        product.process.kill()
        product.process.wait()
    with running(tmp_path) as product:
        assert product.get("/readyz") == "ready"
        assert product.end(signal.SIGINT) == 0


def test_sockets_close_with_the_documented_codes(tmp_path):
    with running(tmp_path) as product:
        address = product.site.replace("http", "ws") + "/api/v1/ws?token=" + product.log_in()
        with connect(address) as large, connect(address) as other:
            assert close_code(large, "x" * 10_000_000) == 4413
            other.send(orjson.dumps({"type": "ping", "content": "ping"}).decode())
            while orjson.loads(other.recv(timeout=10))["type"] != "pong":
                pass
            product.process.send_signal(signal.SIGTERM)
            assert close_code(other) == 1012
        assert product.process.wait(15) == 0
        left = product.rest()
        assert "token=" not in product.said + left


def close_code(socket, last_words: str = "") -> int | None:
    try:
        if last_words:
            socket.send(last_words)
        while True:
            socket.recv(timeout=10)
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else None


def test_a_busy_port_is_one_plain_line(tmp_path, unused_tcp_port):
    import socket

    with socket.create_server(("127.0.0.1", unused_tcp_port)):
        said = start_that_fails(tmp_path, PORT=str(unused_tcp_port))
    assert len(said.splitlines()) == 1
    assert str(unused_tcp_port) in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("PORT", "eighty"),
        ("COOKIE_SAMESITE", "Perhaps"),
        ("JWT_ACCESS_TTL", "soon"),
        ("FIELD_ENCRYPTION_KEYS", "short"),
        ("JWT_PRIVATE_KEY", "no key"),
        ("LOG_LEVEL", "loud"),
        ("DATA_DIR", "/proc/nothing"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all.sqlite3"),
        ("DATABASE_URL", "postgres://"),
        ("PORT", "70000"),
        ("JWT_REFRESH_TTL", "99999999999999999h"),
        ("REDIS_URL", "http://redis:6379"),
        ("CHROMA_URL", "chroma:8000"),
        ("LLM_API_URL", "api.example.com/v1"),
        ("ALLOWED_HOSTS", "https://chat.example.com"),
        ("CORS_ALLOWED_ORIGINS", "shop.example.com"),
        ("CSRF_TRUSTED_ORIGINS", "chat.example.com"),
        ("TRUSTED_PROXIES", "proxy"),
        ("MEDIA_URL", "media"),
        ("COOKIE_SAMESITE", "None"),
        ("STORAGE_URL", "s3://bucket"),
        ("STORAGE_URL", "file:///proc/nothing"),
        ("DATA_DIR", "/sys"),
        ("DATABASE_URL", "postgres://chat:chat@127.0.0.1:1/chat"),
        ("REDIS_URL", "redis://127.0.0.1:1/0"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(tmp_path, name, value):
    said = start_that_fails(tmp_path, **{name: value})
    assert len(said.splitlines()) == 1
    assert name in said


@pytest.mark.parametrize(
    "missing", ["SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "JWT_PRIVATE_KEY", "ALLOWED_HOSTS"]
)
def test_production_does_not_start_without_its_secrets(tmp_path, missing):
    from deploy.keys import fresh

    settings = {**fresh(), "ALLOWED_HOSTS": "chat.example.com", "DJANGO_ENV": "production"}
    settings[missing] = ""
    said = start_that_fails(tmp_path, **settings)
    assert len(said.splitlines()) == 1
    assert missing in said
