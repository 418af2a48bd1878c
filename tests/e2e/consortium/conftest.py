"""One network for all tests of this folder; those that need it whole leave it so."""

from __future__ import annotations

import pytest

from consortium.launch import Consortium


@pytest.fixture(scope="package")
def consortium(tmp_path_factory: pytest.TempPathFactory):
    """A network of four validators that was launched from its file."""
    network = Consortium(tmp_path_factory.mktemp("consortium"))
    try:
        yield network.start()
    finally:
        network.stop()


@pytest.fixture
def validators(consortium: Consortium):
    """Its validators, all of them running before and after the test."""
    for node in consortium.validators:
        node.process.check_running()
    return consortium.validators
