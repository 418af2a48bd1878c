"""The Hugging Face client reads from a node: one environment variable, and nothing else."""

from conftest import MODEL_NAME
from harness import http
from registry import files_of, resolve


def test_hugging_face_client_reads_the_model_from_a_node(alice, clients, model):
    alice.wait_for("the index", lambda: http(f"{alice.gateway}/api/models?search=MiniLM").json())

    said = clients.hub(alice.gateway, "hub.py", MODEL_NAME, model.revision.commit)

    assert said["files"] == files_of(model.folder)
    assert said["folder"] == said["sha"] == model.revision.commit
    assert said["listed"] == sorted(said["files"])
    assert said["found"] == [MODEL_NAME]
    assert said["cached"]
    assert said["errors"] == [True, True, True]


def test_node_without_the_piece_fetches_it_for_the_hugging_face_client(alice, model, make_node, clients):
    reader = make_node("hub-reader", bootnodes=(alice.address,)).start()
    reader.wait_for("the registration", lambda: resolve(reader, MODEL_NAME))
    # A request brings the piece here; until it is whole, readers are told to come back.
    file = f"{reader.gateway}/{MODEL_NAME}/resolve/main/config.json"
    reader.wait_for("the first file", lambda: http(file, timeout=30).status == 200)

    said = clients.hub(reader.gateway, "hub.py", MODEL_NAME, model.revision.commit)

    assert said["files"] == files_of(model.folder)
    assert model.revision.root in reader.pieces_on_disk()
