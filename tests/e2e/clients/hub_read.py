"""Reads in every way that the client has: `hub_read.py OWNER/NAME TAG COMMIT FILE`."""

import hashlib
import json
import os
import pathlib
import sys

from huggingface_hub import HfApi, HfFileSystem, constants, hf_hub_download, hf_hub_url, snapshot_download
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import get_session, hf_raise_for_status

name, tag, commit, file = sys.argv[1:]
api = HfApi()


def digest(path: str) -> str:
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def error(call) -> str:
    try:
        call()
    except HfHubHTTPError as error:
        return f"{type(error).__name__} {error.response.status_code}"
    return "none"


def outside(name: str, file: str, size: int) -> None:
    headers = {"Range": f"bytes={size}-"}
    hf_raise_for_status(get_session().get(hf_hub_url(name, file), headers=headers, follow_redirects=True))


by_revision = {rev: digest(hf_hub_download(name, file, revision=rev)) for rev in ("main", tag, commit)}
snapshots = {rev: pathlib.Path(snapshot_download(name, revision=rev)).name for rev in ("main", tag, commit)}
fs = HfFileSystem()
whole = pathlib.Path(hf_hub_download(name, file)).read_bytes()
with fs.open(f"{name}/{file}", block_size=1 << 20) as remote:
    remote.seek(len(whole) // 2)
    middle = remote.read(100_000) == whole[len(whole) // 2 :][:100_000]
    remote.seek(-10, 2)
    end = remote.read() == whole[-10:]
models = [model.id for model in api.list_models(author=name.split("/")[0])]
one = [model.id for model in api.list_models(author=name.split("/")[0], limit=1)]
info = api.model_info(name, files_metadata=True)
sizes = {sibling.rfilename: sibling.size for sibling in info.siblings}
bad = HfApi(token="hf_forged")
errors = {
    "repository": error(lambda: api.model_info("nobody/nothing")),
    "revision": error(lambda: api.model_info(name, revision="no-such-branch")),
    "entry": error(lambda: hf_hub_download(name, "no-such-file")),
    "token": error(lambda: bad.whoami()),
    "token of a reader": error(lambda: bad.model_info(name)),
    "range": error(lambda: outside(name, file, len(whole))),
}

# From the cache alone, as on a plane.
os.environ["HF_HUB_OFFLINE"] = "1"
constants.HF_HUB_OFFLINE = True
offline = digest(hf_hub_download(name, file)) == by_revision["main"]

print(
    json.dumps(
        {
            "by_revision": by_revision,
            "snapshots": snapshots,
            "ranges": [middle, end],
            "listed": name in models and len(one) == 1,
            "size": sizes[file] == len(whole),
            "errors": errors,
            "offline": offline,
        }
    )
)
