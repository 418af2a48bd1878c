"""A fresh node and a light client find the network, and follow it without its whole history."""

from __future__ import annotations

import json
import time

WITHIN = 60


def test_fresh_node_warp_syncs(consortium, validators):
    first = validators[0]
    target = first.finalized()
    fresh = consortium.node("fresh", "--sync", "warp")
    began = time.monotonic()
    fresh.launch()
    left = lambda: WITHIN - (time.monotonic() - began)  # noqa: E731
    fresh.wait_for(f"block {target} finalised", lambda: fresh.finalized() >= target, left())
    fresh.wait_for("the state of the head", lambda: not fresh.rpc("system_health")["isSyncing"], left())
    print(f"warp sync took {time.monotonic() - began:.1f} s")

    assert "Warp sync is complete" in fresh.log_text(), fresh.process.tail()
    # Blocks before the one that it jumped to come later.
    common = min(fresh.finalized(), first.finalized())
    assert fresh.rpc("chain_getBlockHash", common) == first.rpc("chain_getBlockHash", common) is not None
    # It has the state, not only the headers.
    assert fresh.rpc("state_call", "ValidatorSetApi_validators", "0x") != "0x00"
    fresh.wait_for_blocks(2)
    fresh.process.kill()


def test_light_client_follows(validators, clients, tmp_path):
    first = validators[0]
    spec = json.loads(first.chain.read_text())
    spec["bootNodes"] = [first.address, first.ws_address]
    path = tmp_path / "raw.json"
    path.write_text(json.dumps(spec))

    began = time.monotonic()
    said = clients.js("smoldot.mjs", path, seconds=WITHIN + 30)
    print(f"the light client took {time.monotonic() - began:.1f} s")

    assert said["later"] > said["first"] > 0
    assert said["specName"] == "stoa"
