"""The Hugging Face clients publish through a node: a token, an authorised gateway, and nothing else that they don't know."""

import concurrent.futures
import hashlib
import json
import pathlib
import time

import pytest

from harness import Clients, Node, http, run
from registry import assert_same_files, files_of, resolve

# Nobody else in these tests, so that its first namespace is made here.
OWNER = "//One"
NAMESPACE = "charlie-lab"
NAME = f"{NAMESPACE}/encoder"


def token(node: Node, scope: str = "write", key: str = OWNER) -> str:
    return node.cli("token", "new", "--scope", scope, key=key).strip()


@pytest.fixture(scope="module")
def writer(alice: Node) -> str:
    """A token of an account that has authorised the node."""
    alice.cli("gateway", "authorise", "--yes", key=OWNER)
    assert alice.cli_json("gateway", "show", key=OWNER)["authorised"]
    return token(alice)


@pytest.fixture(scope="module")
def uploaded(alice: Node, clients: Clients, writer: str, model_dir: pathlib.Path) -> dict:
    """What the Python client did and saw when it published the real model."""
    return clients.hub(alice.gateway, "hub_write.py", NAME, model_dir, token=writer, seconds=420)


def test_real_model_is_uploaded_and_the_chain_has_two_revisions(
    alice: Node, uploaded: dict, model_dir: pathlib.Path, tmp_path: pathlib.Path
):
    assert uploaded["who"] == NAMESPACE
    assert (uploaded["url"], uploaded["again"]) == (NAME, 409)
    assert uploaded["downloaded"]
    first, second = (resolve(alice, NAME, uploaded[which]) for which in ("first", "second"))
    assert (first.number, second.number) == (0, 1)
    assert resolve(alice, NAME).commit == uploaded["second"]
    assert uploaded["commits"] == ["Say more", "Upload the model"]

    alice.cli("get", f"{NAME}@{uploaded['first']}", "-o", tmp_path / "copy")
    assert_same_files(tmp_path / "copy", model_dir)
    alice.cli("verify", model_dir, f"{NAME}@{uploaded['first']}")
    alice.cli("get", NAME, "-o", tmp_path / "now")
    changed = {path for path, sha in files_of(tmp_path / "now").items() if files_of(model_dir)[path] != sha}
    assert changed == {"README.md"}


def test_branches_tags_deletions_and_settings_do_what_they_say(uploaded: dict):
    assert uploaded["tags"] == {"v1": uploaded["first"]}
    assert uploaded["branches"] == ["main", "work"]
    assert uploaded["stale"] == 412
    assert "README.md" not in uploaded["on_work"] and "notes/a.txt" not in uploaded["on_work"]
    assert [uploaded[what] for what in ("gone", "hidden", "seen", "deleted")] == [True] * 4


def test_every_way_of_reading_works_on_a_node_that_never_saw_the_files(
    bob: Node, clients: Clients, uploaded: dict, model_dir: pathlib.Path
):
    bob.wait_for("the revision", lambda: resolve(bob, NAME) == resolve(bob, NAME, uploaded["second"]))
    file = f"{bob.gateway}/{NAME}/resolve/v1/model.safetensors"
    bob.wait_for("the first file", lambda: http(file, "HEAD", timeout=30).status == 200)

    said = clients.hub(bob.gateway, "hub_read.py", NAME, "v1", uploaded["second"], "model.safetensors")

    expected = hashlib.sha256((model_dir / "model.safetensors").read_bytes()).hexdigest()
    assert said["by_revision"] == {rev: expected for rev in ("main", "v1", uploaded["second"])}
    assert said["snapshots"] == {
        "main": uploaded["second"],
        "v1": uploaded["first"],
        uploaded["second"]: uploaded["second"],
    }
    assert said["ranges"] == [True, True] and said["listed"] and said["size"] and said["offline"]
    assert said["errors"] == {
        "repository": "RepositoryNotFoundError 404",
        "revision": "RevisionNotFoundError 404",
        "entry": "RemoteEntryNotFoundError 404",
        "token": "HfHubHTTPError 401",
        "token of a reader": "HfHubHTTPError 401",
        "range": "HfHubHTTPError 416",
    }


def test_long_files_go_ahead_of_their_commit(alice: Node, clients: Clients, writer: str):
    name = f"{NAMESPACE}/long"
    said = clients.hub(alice.gateway, "hub_lfs.py", name, 300, token=writer, seconds=420)
    assert said["tag"] and said["size"]
    assert said["commit"] == said["commits"][1] == resolve(alice, name).commit


def test_javascript_client_lists_downloads_and_uploads(
    alice: Node, clients: Clients, writer: str, uploaded: dict, model_dir: pathlib.Path
):
    said = clients.js("hub.mjs", alice.gateway, NAME, "model.safetensors", HF_TOKEN=writer, seconds=240)
    assert said["id"] == NAME and said["who"] == NAMESPACE
    assert said["files"] == sorted(files_of(model_dir))
    assert said["size"] == (model_dir / "model.safetensors").stat().st_size and said["part"]
    assert (said["left"], said["weights"]) == (["data/weights.bin"], 12 << 20)
    assert resolve(alice, f"{NAME}-js").number == 1
    assert resolve(alice, f"{NAME}-js", said["commit"]).number == 0


def test_libraries_load_the_model_and_a_dataset(
    alice: Node, clients: Clients, uploaded: dict, tmp_path: pathlib.Path
):
    folder = tmp_path / "rows"
    folder.mkdir()
    rows = [json.dumps({"text": f"row {n}", "label": n}) for n in range(200)]
    (folder / "train.jsonl").write_text("\n".join(rows) + "\n")
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\n# Rows\n")
    dataset = f"{NAMESPACE}/rows"
    alice.cli("publish", folder, "--to", dataset, "--kind", "dataset", "--yes", key=OWNER)
    alice.wait_for("the rows", lambda: alice.http(f"/datasets/{dataset}/resolve/main/train.jsonl").status == 200)
    said = clients.hub(alice.gateway, "hub_libraries.py", NAME, dataset, len(rows), seconds=300)
    assert (said["type"], said["shape"], said["rows"]) == ("bert", True, True)
    assert said["tokens"] > 6
    assert (said["third"], said["streamed"]) == ({"text": "row 3", "label": 3}, [0, 1, 2])


def test_gated_and_private_bytes_are_for_those_with_a_right(
    alice: Node, clients: Clients, writer: str, tmp_path: pathlib.Path
):
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"for those with a grant")
    expected = hashlib.sha256(b"for those with a grant").hexdigest()
    names = {}
    for visibility in ("gated", "private"):
        names[visibility] = f"{NAMESPACE}/{visibility}-one"
        (folder / "README.md").write_text(f"# {visibility}\n")
        alice.cli("publish", folder, "--to", names[visibility], "--visibility", visibility, "--yes", key=OWNER)
    stranger = token(alice, "read", "//Dave")

    def read(who: str | None) -> dict:
        return clients.hub(alice.gateway, "hub_gated.py", names["gated"], names["private"], "weights.bin", token=who)

    for who in (None, stranger):
        said = read(who)
        assert (said["gated_info"], said["gated"], said["gated_snapshot"]) == ("manual", "gated", "gated")
        assert (said["private_info"], said["private"]) == ("missing", "missing")
        assert names["gated"] in said["listed"] and names["private"] not in said["listed"]
    said = read(writer)
    assert (said["gated"], said["private"]) == (expected, expected)

    # No other door has the bytes either.
    for name in names.values():
        revision = resolve(alice, name)
        path = f"/ipfs/{revision.content}?format=car"
        assert alice.http(path).status == 404
        assert alice.http(path, authorization=f"Bearer {stranger}").status == 404
        assert alice.http(path, authorization=f"Bearer {writer}").status == 200
        assert alice.http(f"/routing/v1/providers/{revision.content}").status == 404

    # A revoked token is a stranger's.
    used = token(alice, "read")
    command, env = alice.cli_command("token", "revoke")
    run(command, env={**env, "HF_TOKEN": used})
    assert alice.http("/api/whoami-v2", authorization=f"Bearer {used}").status == 401


def test_bad_requests_get_clear_answers(alice: Node, writer: str, uploaded: dict):
    bearer = f"Bearer {writer}"
    commit = f"/api/models/{NAME}/commit/main"
    header = json.dumps({"key": "header", "value": {"summary": "m"}})

    def post(path: str, body: str, authorization: str = bearer) -> int:
        return alice.http(path, "POST", body.encode(), authorization=authorization).status

    def change(path: str) -> str:
        value = {"path": path, "content": "eA==", "encoding": "base64"}
        return f"{header}\n{json.dumps({'key': 'file', 'value': value})}\n"

    for path in ("../x", "a/../../x", "/etc/passwd", "a\\b", ""):
        assert post(commit, change(path)) == 400, path
    for garbage in ("", "garbage", "{}\n", header + "\n{\"key\":", header + "\n[1]\n"):
        assert post(commit, garbage) == 400, garbage
    wrong = {"key": "lfsFile", "value": {"path": "w", "algo": "sha256", "oid": "ab" * 32, "size": 1}}
    assert post(commit, f"{header}\n{json.dumps(wrong)}\n") == 422
    assert post(commit, change("x"), "Bearer hf_forged") == 401
    assert post(commit, change("x"), f"Bearer {token(alice, 'read')}") == 403
    assert post(commit, change("x"), f"Bearer {token(alice, 'write', '//Dave')}") == 403
    assert alice.http("/lfs/" + "00" * 96, "PUT", b"x").status == 403
    for path in ("..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/x"):
        assert alice.http(f"/{NAME}/resolve/main/{path}").status == 404, path
    many = {"files": [{"path": f"f{n}", "sample": "", "size": 1} for n in range(1_001)]}
    assert post(f"/api/models/{NAME}/preupload/main", json.dumps(many)) == 400
    assert resolve(alice, NAME).commit == uploaded["second"]
    alice.assert_well()


def test_block_production_goes_on_beside_200_downloads(alice: Node, uploaded: dict, model_dir: pathlib.Path):
    url = f"{alice.gateway}/{NAME}/resolve/main/model.safetensors"
    size = (model_dir / "model.safetensors").stat().st_size
    part = 8 << 20

    def download(number: int) -> bool:
        start = (number * part) % (size - part)
        answer = http(url, headers={"Range": f"bytes={start}-{start + part - 1}"}, timeout=300)
        return answer.status == 206 and len(answer.body) == part

    before, began = alice.best(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        assert all(pool.map(download, range(200)))
    took = time.monotonic() - began
    alice.wait_for_blocks(1)
    made = alice.best() - before
    # Blocks come every three seconds; the last one may be under way.
    assert made >= int(took / 3) - 1, f"{made} blocks in {took:.0f} s"
    alice.assert_well()
