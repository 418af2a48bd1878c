"""IPFS clients that know nothing of Stoa fetch the model, and trust no byte of it."""

import hashlib
import http.client
import http.server
import io
import pathlib
import threading

import pytest

from car import Dag, cid_text, parse_cid
from harness import Node, free_port, http as fetch
from registry import files_of, publish

SMALL = "config.json"
LARGE = "model.safetensors"


def sha256(path: str | pathlib.Path) -> str:
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def car_of(node: Node, root: str) -> io.BytesIO:
    answer = node.http(f"/ipfs/{root}?format=car")
    assert answer.status == 200, answer
    return io.BytesIO(answer.body)


@pytest.fixture(scope="module")
def cids(alice, model) -> dict[str, str]:
    """The CID of every file of the model, read from a CAR of the folder without its files."""
    answer = fetch(f"{alice.gateway}/ipfs/{model.revision.content}?format=car&dag-scope=entity")
    assert answer.status == 200, answer
    dag = Dag(io.BytesIO(answer.body))
    return {name: cid_text(cid) for name, cid in dag.links(parse_cid(model.revision.content))}


@pytest.mark.parametrize("transport", ["address", "ws_address"])
def test_helia_fetches_root_and_files_over_bitswap(alice, clients, model, tmp_path, transport):
    root = model.revision.content
    said = clients.js("helia.mjs", getattr(alice, transport), tmp_path, root, f"{root}/{SMALL}", f"{root}/{LARGE}", seconds=180)
    folder, small, large = said["files"]
    assert set(folder["entries"]) == {path.name for path in model.folder.iterdir()}
    assert sha256(small["target"]) == sha256(model.folder / SMALL)
    assert sha256(large["target"]) == sha256(model.folder / LARGE)


def test_kubo_fetches_root_and_a_file_over_bitswap(alice, clients, model, cids, tmp_path):
    said = clients.kubo(
        "fetch", tmp_path / "repo", free_port(), alice.address, tmp_path / "out", model.revision.content, cids[SMALL], seconds=240
    )
    folder, small = said["targets"]
    assert {name: sha256(f"{folder}/{name}") for name in files_of(model.folder)} == files_of(model.folder)
    assert sha256(small) == sha256(model.folder / SMALL)


def test_smoldot_fetches_a_block_over_bitswap(alice, clients, model, cids, light_spec):
    said = clients.js("smoldot.mjs", light_spec, cids[SMALL], model.revision.content, seconds=240)
    assert said["blocks"][cids[SMALL]] == (model.folder / SMALL).stat().st_size
    assert said["blocks"][model.revision.content] > 0


def test_verified_fetch_reads_files_and_ranges_through_the_gateway(alice, clients, model):
    root = model.revision.content
    said = clients.js("verified-fetch.mjs", alice.gateway, f"{root}/{LARGE}")
    assert said["status"] == 200, said
    assert said["sha256"] == sha256(model.folder / LARGE)
    part = clients.js("verified-fetch.mjs", alice.gateway, f"{root}/{LARGE}", "bytes=1048000-2097999")
    wanted = (model.folder / LARGE).read_bytes()[1_048_000:2_098_000]
    assert (part["status"], part["bytes"], part["sha256"]) == (206, len(wanted), hashlib.sha256(wanted).hexdigest()), part


class Tampering(http.server.BaseHTTPRequestHandler):
    """A gateway in front of a real one, which changes one bit of every block of a file."""

    origin: int
    spare: str

    def do_GET(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.origin, timeout=60)
        connection.request("GET", self.path, headers={"Accept": self.headers.get("Accept", "*/*")})
        answer = connection.getresponse()
        body = bytearray(answer.read())
        if self.path.startswith("/ipfs/") and self.spare not in self.path and body:
            body[len(body) // 2] ^= 1
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/octet-stream"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments) -> None:
        pass


def test_verified_fetch_rejects_a_block_that_was_changed_on_the_way(alice, clients, model):
    # The folder's own block stays whole, so that the file's block is what is found to be wrong.
    handler = type("Handler", (Tampering,), {"origin": alice.gateway_port, "spare": model.revision.content})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        said = clients.js("verified-fetch.mjs", f"http://127.0.0.1:{proxy.server_port}", f"{model.revision.content}/{SMALL}")
        proxy.shutdown()
    assert said.get("status", 502) >= 500, said
    assert "InvalidMultihashError" in said["complaints"], said


def test_byte_flipped_on_disk_is_never_served(make_validator, clients, make_folder, tmp_path):
    node = make_validator().start()
    published = publish(node, make_folder({"good.bin": 3_000_000, "bad.bin": 700_001}), "alice/tampered")
    root = published.revision.content
    assert clients.js("verified-fetch.mjs", node.gateway, f"{root}/bad.bin")["status"] == 200
    bad = (published.folder / "bad.bin").read_bytes()
    cid = {name: cid for name, cid in Dag(car_of(node, root)).links(parse_cid(root))}["bad.bin"]

    piece = node.pieces_on_disk()[published.revision.root]
    data = piece.read_bytes()
    at = data.index(bad[350_000:350_064])
    with piece.open("r+b") as file:
        file.seek(at)
        file.write(bytes([data[at] ^ 1]))

    answer = node.http(f"/ipfs/{cid_text(cid)}?format=raw")
    assert answer.status in (404, 500, 502), answer
    said = clients.js("verified-fetch.mjs", node.gateway, f"{root}/bad.bin")
    assert said.get("status") != 200, said
    # A CAR is under way before the bad block is met, so it breaks off there; before its first bytes left, if it is quick.
    with pytest.raises((http.client.IncompleteRead, http.client.RemoteDisconnected)) as cut:
        node.http(f"/ipfs/{root}?format=car")
    changed = piece.read_bytes()[at : at + 64]
    assert changed not in getattr(cut.value, "partial", b""), "the bad block was sent"
    asked = clients.js("bitswap.mjs", node.address, "nothing", cid_text(cid), 5)
    assert not asked["served"], asked
    assert clients.js("verified-fetch.mjs", node.gateway, f"{root}/good.bin")["status"] == 200
    node.assert_well()
