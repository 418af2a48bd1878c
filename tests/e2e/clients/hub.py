"""Reads a model as a data scientist does: `hub.py OWNER/NAME COMMIT`. It knows of no chain, only HF_ENDPOINT."""

import hashlib
import json
import pathlib
import sys

from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

name, commit = sys.argv[1:]
api = HfApi()
folder = pathlib.Path(snapshot_download(name))
files = {
    path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
    for path in sorted(folder.rglob("*"))
    if path.is_file()
}


def refused(error: type[Exception], call) -> bool:
    try:
        call()
    except error:
        return True
    return False


print(
    json.dumps(
        {
            "files": files,
            "folder": folder.name,
            "sha": api.model_info(name).sha,
            "listed": sorted(api.list_repo_files(name)),
            "found": [model.id for model in api.list_models(search=name.split("/")[1])],
            "cached": hf_hub_download(name, "config.json", revision=commit).endswith(f"{commit}/config.json"),
            "errors": [
                refused(RepositoryNotFoundError, lambda: api.model_info("nobody/nothing")),
                refused(RevisionNotFoundError, lambda: api.model_info(name, revision="no-such-branch")),
                refused(EntryNotFoundError, lambda: hf_hub_download(name, "no-such-file")),
            ],
        }
    )
)
