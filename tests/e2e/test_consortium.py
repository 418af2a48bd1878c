"""A network of one's own, from its file to finalised blocks, and what is refused on the way."""

import os
import re
import subprocess

import pytest

from harness import PROGRAMS, STOA_CACHE, TOP, Process, free_port, program, run, run_to_end

LOCAL = TOP / "chain-specs/local-consortium.toml"
PORT = re.compile(r"(?<=/tcp/)\d+|(?<=rpc = )\d+|(?<=gateway = )\d+|(?<=prometheus = )\d+")


def test_network_of_a_file_finalises_and_stops_cleanly(tmp_path):
    ports: dict[str, str] = {}
    config = PORT.sub(lambda port: ports.setdefault(port[0], str(free_port())), LOCAL.read_text())
    assert len(ports) == 20, "four ports for each of five nodes"
    (tmp_path / "network.toml").write_text(config)
    env = os.environ | {"STOA_CACHE": str(STOA_CACHE), "CARGO_TARGET_DIR": str(PROGRAMS.parent)}
    script = [TOP / "scripts/local-network.sh", tmp_path / "network.toml", tmp_path / "network"]
    network = Process("network", tmp_path / "network.log", script, env=env)
    try:
        for _ in range(600):
            network.check_running()
            if "The network finalises." in network.log.read_text():
                break
            try:
                network.child.wait(0.5)
            except subprocess.TimeoutExpired:
                pass
        else:
            pytest.fail(f"no finality:\n{network.tail()}")
        said = network.log.read_text()
        for name in ("alice", "bob", "charlie", "dave", "full-node"):
            assert f"{name}: ws://127.0.0.1:" in said
        assert network.stop() == 0, network.tail()
    finally:
        network.kill()
    runbook = (tmp_path / "network/RUNBOOK.md").read_text()
    assert "Stoa Local Consortium" in runbook
    assert (tmp_path / "network/members/alice/keys.sealed").stat().st_mode & 0o077 == 0


def test_network_that_cannot_live_is_refused_with_every_reason(tmp_path):
    config = LOCAL.read_text().replace('block_time = "3s"', 'block_time = "1s"').replace("bootnode = true", "")
    (tmp_path / "bad.toml").write_text(config)
    ended = run_to_end([program("stoa-node"), "network", "init", tmp_path / "bad.toml", "--out", tmp_path / "out"])
    assert ended.code != 0
    assert "block_time" in ended.err and "bootnode" in ended.err
    assert not (tmp_path / "out").exists()


def test_launched_network_is_not_overwritten(tmp_path):
    passwords = tmp_path / "passwords"
    passwords.write_text("".join(f"{name} a long enough password\n" for name in ("alice", "bob", "charlie", "dave")))
    command = [program("stoa-node"), "network", "init", LOCAL, "--out", tmp_path / "out", "--passwords", passwords]
    run(command)
    before = (tmp_path / "out/chain-spec.raw.json").read_bytes()
    ended = run_to_end(command)
    assert ended.code != 0 and "exists" in ended.err
    assert (tmp_path / "out/chain-spec.raw.json").read_bytes() == before
