"""The documents and files that people start from say what the code does."""

import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from deploy import services

ROOT = Path(__file__).resolve().parents[2]


def read(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-uv.txt"]
)
def test_every_requirement_is_pinned_and_hashed(name):
    entries = [entry for entry in re.split(r"\n(?=\S)", read(name)) if "==" in entry]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-uv.txt"]
)
def test_requirements_name_no_package_index(name):
    assert not re.search(r"--(extra-)?index-url|--find-links|://", read(name))


@pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in"])
def test_the_lock_follows_the_direct_requirements(name):
    direct = re.findall(r"^([a-z][\w.-]*)(?:\[[\w,-]+\])?==(\S+)", read(name), re.MULTILINE)
    locked = read(name.replace(".in", ".txt"))
    assert direct
    assert [pin for pin in direct if f"{pin[0]}=={pin[1]} \\\n" not in locked] == []


def test_every_setting_is_documented():
    source = read("chatsite/settings.py") + read("chatsite/management/commands/serve.py")
    names = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", source))
    documented = set(re.findall(r"`([A-Z_]+)`", read("docs/operations.md")))
    assert len(names) > 20
    assert names - documented == set()


def test_every_decision_has_a_number_of_its_own():
    files = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(file.name[:4]) for file in files]
    assert len(set(numbers)) == len(numbers) > 0
    assert [int(file.read_text()[2:].partition(".")[0]) for file in files] == numbers


def test_every_documented_make_target_exists():
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    mentioned = set(re.findall(r"`make ([a-z-]+)", read("README.md") + read("docs/operations.md")))
    assert mentioned
    assert mentioned - targets == set()


def test_make_alone_lists_the_targets():
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("run", "services", "test", "check", "seed", "bench", "test-llm"):
        assert f"make {target} " in listed


def test_the_image_holds_no_development_files():
    allowed = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    assert not allowed & {"tests", "bench", ".git", ".data", ".env", "."}
    assert {"chatsite", "accounts", "sessions_app", "support", "llm", "manage.py"} <= allowed


def test_a_killed_database_comes_back_on_its_port_with_its_data():
    with services.running() as servers:
        database = servers.postgresql
        if database is None:
            pytest.skip("the database is somebody else's")
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        database.kill()
        database.start()
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
