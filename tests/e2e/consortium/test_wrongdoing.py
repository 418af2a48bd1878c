"""A validator that says two different things is found out. Its network isn't whole afterwards: this file runs last."""

from __future__ import annotations

from consortium.launch import ACCOUNTS, START, wait_for_finality


def test_copy_of_a_validator_is_found_out_and_disabled(consortium, validators):
    *honest, _ = validators
    first = honest[0]
    assert first.rpc("state_call", "ValidatorSetApi_offenders", "0x") == "0x00"

    # The same session keys on a second machine, as after a restore from a backup.
    copy = consortium.node("copy", "--dave", "--validator").start(START)
    first.wait_for(
        "an offender", lambda: first.rpc("state_call", "ValidatorSetApi_offenders", "0x") == "0x04" + ACCOUNTS["dave"], 120
    )

    assert first.rpc("state_call", "ValidatorSetApi_disabled", "0x") == "0x04" + ACCOUNTS["dave"]
    assert any("equivocat" in line for line in first.log_text().splitlines())
    copy.process.kill()
    wait_for_finality(honest)
