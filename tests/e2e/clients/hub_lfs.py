"""Sends files ahead of their commit, as LFS does: `hub_lfs.py OWNER/NAME MIB`. Its file is longer than what goes inside a
commit, so Xet must be off."""

import hashlib
import json
import os
import pathlib
import sys
import tempfile

os.environ["HF_HUB_DISABLE_XET"] = "1"

from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url  # noqa: E402

name, size = sys.argv[1], int(sys.argv[2]) << 20
api = HfApi()
api.create_repo(name, exist_ok=True)
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, "weights.bin")
    with path.open("wb") as file:
        # No block is like another.
        for number in range(size >> 20):
            file.write(number.to_bytes(1 << 20, "little"))
    with path.open("rb") as file:
        expected = hashlib.file_digest(file, "sha256").hexdigest()
    done = api.upload_file(path_or_fileobj=path, path_in_repo="weights.bin", repo_id=name)
    # The same file under another name is known already.
    copied = api.upload_file(path_or_fileobj=path, path_in_repo="copy.bin", repo_id=name)
metadata = get_hf_file_metadata(hf_hub_url(name, "copy.bin"))
print(
    json.dumps(
        {
            "commits": [done.oid, copied.oid],
            "tag": metadata.etag == expected,
            "size": metadata.size == size,
            "commit": metadata.commit_hash,
        }
    )
)
