"""Publishes a folder as a data scientist does: `hub_write.py OWNER/NAME FOLDER`. It knows of no chain, only HF_ENDPOINT and
HF_TOKEN."""

import io
import json
import pathlib
import sys

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

name, source = sys.argv[1:]
api = HfApi()


def status(call) -> int:
    try:
        call()
    except HfHubHTTPError as error:
        return error.response.status_code
    return 200


made = api.create_repo(name, exist_ok=False)
again = status(lambda: api.create_repo(name))
first = api.upload_folder(repo_id=name, folder_path=source, commit_message="Upload the model")
readme = (pathlib.Path(source) / "README.md").read_bytes() + b"\nChanged once.\n"
second = api.upload_file(path_or_fileobj=readme, path_in_repo="README.md", repo_id=name, commit_message="Say more")
downloaded = pathlib.Path(hf_hub_download(name, "README.md")).read_bytes() == readme

api.create_branch(name, branch="work")
api.create_tag(name, tag="v1", revision=first.oid)
operations = [
    CommitOperationAdd("notes/a.txt", io.BytesIO(b"a")),
    CommitOperationAdd("notes/b.txt", b"b"),
    CommitOperationDelete("README.md"),
]
third = api.create_commit(name, operations, commit_message="Work", revision="work", parent_commit=second.oid)
stale = status(
    lambda: api.create_commit(
        name, [CommitOperationAdd("x", b"x")], commit_message="Late", revision="work", parent_commit=second.oid
    )
)
api.delete_folder("notes", name, revision="work")
on_work = sorted(api.list_repo_files(name, revision="work"))
refs = api.list_repo_refs(name)
api.delete_branch(name, branch="work")
gone = False
try:
    api.model_info(name, revision="work")
except RevisionNotFoundError:
    gone = True

other = name + "-short-lived"
api.create_repo(other, private=True)
api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=other)
hidden = False
try:
    HfApi(token=False).model_info(other)
except RepositoryNotFoundError:
    hidden = True
api.update_repo_settings(other, private=False)
seen = HfApi(token=False).model_info(other).private is False
api.delete_repo(other)

print(
    json.dumps(
        {
            "url": made.repo_id,
            "again": again,
            "first": first.oid,
            "second": second.oid,
            "third": third.oid,
            "downloaded": downloaded,
            "stale": stale,
            "on_work": on_work,
            "tags": {tag.name: tag.target_commit for tag in refs.tags},
            "branches": sorted(branch.name for branch in refs.branches),
            "commits": [commit.title for commit in api.list_repo_commits(name)],
            "gone": gone,
            "hidden": hidden,
            "seen": seen,
            "deleted": not api.repo_exists(other),
            "who": api.whoami()["name"],
        }
    )
)
