"""Wallets and libraries that know Substrate chains, and nothing of this one."""

import json

from conftest import MODEL_NAME
from harness import run, program


def test_polkadot_js_drives_the_registry_without_custom_types(alice, clients):
    said = clients.js(
        "polkadot.mjs", alice.rpc_url, "pjs", "bafybeibwzifw52ttrkqlikfzext5akxu7lz4xiwjgwzmqcpdzmp3n5vnbe", "ab" * 32, 1_000
    )
    assert sorted(said["names"]) == ["main", "next", "v1"]
    assert len(said["commit"]) == 40
    assert said["author"] == "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    # A transfer costs about a thousandth of a token of 10^12 parts.
    assert 10**8 < int(said["fee"]) < 10**10, said["fee"]
    # Extensions that it doesn't know are announced by a warning; only those without content may be among them.
    assert all("AuthorizeCall" in warning or "WeightReclaim" in warning for warning in said["warnings"]), said["warnings"]


def test_papi_signs_and_calls_view_functions_without_generated_types(alice, clients, model):
    said = clients.js("papi.mjs", alice.rpc_url, "papi", MODEL_NAME)
    assert said["events"] == ["NamespaceRegistered"]
    assert int(said["asset"]) == model.revision.asset
    assert said["prefix"] == 42


def test_smoldot_follows_the_chain_as_a_light_client(alice, clients, light_spec):
    alice.wait_for("finality", lambda: alice.finalized() > 1)
    said = clients.js("smoldot.mjs", light_spec, seconds=180)
    assert said["later"] > said["first"] > 0
    assert said["specName"] == alice.rpc("state_getRuntimeVersion")["specName"]


def test_chain_specification_names_the_token_and_the_address_format():
    spec = json.loads(run([program("stoa-node"), "export-chain-spec", "--chain", "local"]))
    assert spec["properties"] == {"ss58Format": 42, "tokenDecimals": 12, "tokenSymbol": "STOA"}
