"""Reads what not everybody may: `hub_gated.py GATED PRIVATE FILE`. Who asks is in HF_TOKEN, or nobody."""

import hashlib
import json
import pathlib
import sys

from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

gated, private, file = sys.argv[1:]
api = HfApi()


def outcome(call) -> str:
    try:
        return call()
    except GatedRepoError:
        return "gated"
    except RepositoryNotFoundError:
        return "missing"
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        return f"{type(error).__name__}: {error}"


def read(name: str) -> str:
    return hashlib.sha256(pathlib.Path(hf_hub_download(name, file)).read_bytes()).hexdigest()


print(
    json.dumps(
        {
            "gated_info": outcome(lambda: api.model_info(gated).gated),
            "gated": outcome(lambda: read(gated)),
            "gated_snapshot": outcome(lambda: snapshot_download(gated) and "read"),
            "private_info": outcome(lambda: str(api.model_info(private).private)),
            "private": outcome(lambda: read(private)),
            "listed": [model.id for model in api.list_models(author=private.split("/")[0])],
        }
    )
)
