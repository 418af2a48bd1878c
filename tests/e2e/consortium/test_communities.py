"""Communities own a namespace, publish under it, earn, and pay; they are never more than their account."""

from __future__ import annotations

from car import cid_text, folder_car
from registry import is_served, publish, resolve
from uploads import upload

STOA = 10**12


def test_community_of_members_owns_publishes_earns_and_pays(validators, clients, make_folder):
    node = validators[0]
    founded = clients.js("dao.mjs", node.rpc_url, "begin", "commons", seconds=180)
    published = publish(node, make_folder({"weights.bin": 200_000}), "commons/model", key="//Alice")
    assert published.revision.asset == founded["asset"]

    said = clients.js("dao.mjs", node.rpc_url, "go-on", founded["dao"], founded["asset"], seconds=300)

    # It holds all shares of the model.
    assert int(said["earned"]) == 9 * STOA
    assert said["paid"] == [str(3 * STOA)] * 3
    # Its account is an account like others, whatever its members vote.
    assert said["asRoot"] == "BadOrigin"
    assert said["price"] == "BadOrigin"
    assert said["written"] in (None, "0x")
    assert said["lonely"].startswith("dao.Rejected"), said["lonely"]
    assert said["outsider"].startswith("dao.NotMember"), said["outsider"]


def test_community_of_shareholders_owns_publishes_earns_and_pays(validators, clients):
    node = validators[0]
    root, _, body = folder_car({"table.csv": b"a,b\n1,2\n"})
    piece = upload(node, body).json()["piece"]

    said = clients.js(
        "shares.mjs", node.rpc_url, "workshop", cid_text(root.cid), piece["root"], piece["size"], seconds=300
    )

    revision = resolve(node, "workshop/paper")
    assert revision.commit == said["commit"]
    node.wait_for("it serves what the community published", lambda: is_served(node, revision))
    # 999,000 of a million shares are its own.
    assert int(said["earned"]) == 999 * STOA
    assert int(said["paid"]) == 900 * STOA
    assert said["poor"] == "dao.NotEnoughShares"
    assert said["locked"] == "royalties.SharesLocked"
    assert said["few"] == "dao.Rejected"
