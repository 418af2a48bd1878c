#!/usr/bin/env python3
"""The real huggingface_hub reads from a gateway.

    hf_read.py --fixtures FOLDER       writes the repositories that the tests expect, for examples/hub.rs
    hf_read.py BASE_URL [--exhaust N]  runs the tests, with the tokens of examples/hub.rs in HUB_READER and HUB_STRANGER; N is the API's quota, if it is small enough to be used up

The gateway should have small pages (HUB_PAGE=2), so that the client has links to follow.
"""

import argparse
import hashlib
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

BIG = 25 << 20
CARD = """---
license: mit
library_name: transformers
pipeline_tag: fill-mask
language:
- en
tags: [tiny, quartz]
base_model: acme/base
datasets: acme/words
---
# Tiny
A model for tests.
"""


def noise(seed, size):
    return random.Random(seed).randbytes(size)


REPOSITORIES = {
    "models/acme/tiny": [
        {"README.md": CARD.encode(), "config.json": b'{"model_type": "bert", "hidden_size": 8}\n', "old.txt": b"old"},
        {
            "README.md": CARD.encode(),
            "config.json": b'{"model_type": "bert", "hidden_size": 16}\n',
            "sub/model.safetensors": noise(1, 3_000_017),
            "sub/a b+c%20d/\u00e9.txt": "caf\u00e9".encode(),
            "empty": b"",
        },
    ],
    "models/acme/big": [{"model.bin": noise(2, BIG)}],
    "models/acme/distilled-quartz": [{"README.md": b"---\nlicense: apache-2.0\ntags: [small]\n---\n"}],
    "models/duck/other": [{"README.md": b"---\nlicense: mit\n---\n", "weights": b"w"}],
    "models/acme/locked,gated": [{"README.md": b"---\nlicense: mit\n---\n", "secret.txt": b"gated"}],
    "models/acme/hidden,private": [{"secret.txt": b"private"}],
    "datasets/acme/words": [
        {
            "README.md": b"---\nlicense: cc0-1.0\nlanguage: ru\n---\n",
            **{f"train/part-{n}.txt": b"%d\n" % n for n in range(7)},
        }
    ],
    "spaces/acme/demo": [{"README.md": b"---\nsdk: gradio\n---\n", "app.py": b"print('hello')\n"}],
}


def write_fixtures(folder):
    for repository, revisions in REPOSITORIES.items():
        for number, files in enumerate(revisions):
            for name, content in files.items():
                path = Path(folder, repository, str(number), name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


class Proxy:
    """Passes connections on, notes their requests, and cuts the first one that has brought `cut_after` bytes."""

    def __init__(self, target, cut_after=None):
        host, port = target.removeprefix("http://").split(":")
        self.target, self.cut_after, self.requests = (host, int(port)), cut_after, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.target)
            threading.Thread(target=self.upwards, args=(client, server), daemon=True).start()
            threading.Thread(target=self.downwards, args=(client, server), daemon=True).start()

    def upwards(self, client, server):
        try:
            while data := client.recv(1 << 16):
                for head in re.finditer(rb"(GET|HEAD|POST) (\S+) HTTP/1.1\r\n(.*?)\r\n\r\n", data, re.S):
                    found = re.search(rb"(?im)^range: (.*?)\r?$", head[3])
                    self.requests.append((head[1].decode(), head[2].decode(), found and found[1].decode()))
                server.sendall(data)
        except OSError:
            pass

    def downwards(self, client, server):
        count = 0
        try:
            while data := server.recv(1 << 16):
                client.sendall(data)
                count += len(data)
                if self.cut_after and count >= self.cut_after:
                    self.cut_after = None
                    break
        except OSError:
            pass
        for end in (client, server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def raises(kind, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except kind as error:
        assert type(error) is kind or kind.__name__ in ("HfHubHTTPError", "EntryNotFoundError"), repr(error)
        return error
    raise AssertionError(f"{kind.__name__} should have been raised")


def git_id(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Tests:
    def __init__(self, base, exhaust):
        import huggingface_hub as hub

        self.base, self.exhaust, self.hub = base, exhaust, hub
        self.api = hub.HfApi(endpoint=base, token=False)
        self.reader = hub.HfApi(endpoint=base, token=os.environ["HUB_READER"])
        self.stranger = hub.HfApi(endpoint=base, token=os.environ["HUB_STRANGER"])
        self.files = REPOSITORIES["models/acme/tiny"][1]

    def test_info_says_what_the_model_is(self):
        info = self.api.model_info("acme/tiny")
        assert (info.id, info.author, info.private, info.gated) == ("acme/tiny", "acme", False, False)
        assert re.fullmatch("[0-9a-f]{40}", info.sha)
        assert info.card_data.license == "mit" and info.card_data.base_model == "acme/base"
        assert (info.pipeline_tag, info.library_name) == ("fill-mask", "transformers")
        assert {"license:mit", "en", "quartz", "base_model:acme/base", "dataset:acme/words"} <= set(info.tags)
        assert {sibling.rfilename for sibling in info.siblings} == set(self.files)
        assert info.last_modified >= info.created_at and info.downloadsScope == "this-node"
        old = self.api.model_info("acme/tiny", revision="v0")
        assert old.sha != info.sha and any(sibling.rfilename == "old.txt" for sibling in old.siblings)
        assert self.api.model_info("acme/tiny", revision=info.sha).sha == info.sha
        assert self.api.model_info("acme/tiny", revision="HEAD").sha == info.sha
        blobs = {file.rfilename: file for file in self.api.model_info("acme/tiny", files_metadata=True).siblings}
        for name, content in self.files.items():
            assert blobs[name].size == len(content), name
        assert blobs["config.json"].blob_id == git_id(self.files["config.json"])
        weights = self.files["sub/model.safetensors"]
        assert blobs["sub/model.safetensors"].lfs.sha256 == hashlib.sha256(weights).hexdigest()
        assert self.api.model_info("acme/tiny", expand=["downloads"]).tags is None

    def test_datasets_and_spaces_are_found_as_such(self):
        words = self.api.dataset_info("acme/words")
        assert words.card_data.license == "cc0-1.0" and "language:ru" in words.tags
        assert self.api.space_info("acme/demo").card_data.sdk == "gradio"
        part = self.hub.hf_hub_download("acme/words", "train/part-3.txt", repo_type="dataset", endpoint=self.base)
        assert Path(part).read_bytes() == b"3\n"
        app = self.hub.hf_hub_download("acme/demo", "app.py", repo_type="space", endpoint=self.base)
        assert Path(app).read_bytes() == b"print('hello')\n"

    def test_files_are_listed_over_all_pages(self):
        assert set(self.api.list_repo_files("acme/tiny")) == set(self.files)
        tree = list(self.api.list_repo_tree("acme/tiny", recursive=True, expand=True))
        folders = {entry.path for entry in tree if isinstance(entry, self.hub.hf_api.RepoFolder)}
        assert folders == {"sub", "sub/a b+c%20d"}, folders
        by_path = {entry.path: entry for entry in tree}
        assert by_path["README.md"].last_commit.title == "Revision 0"
        assert by_path["config.json"].last_commit.title == "Revision 1"
        inside = [entry.path for entry in self.api.list_repo_tree("acme/tiny", "sub/a b+c%20d")]
        assert inside == ["sub/a b+c%20d/\u00e9.txt"], inside
        infos = self.api.get_paths_info("acme/tiny", ["config.json", "sub", "none"], expand=True)
        assert [info.path for info in infos] == ["config.json", "sub"]

    def test_refs_and_commits_are_listed(self):
        refs = self.api.list_repo_refs("acme/tiny", include_pull_requests=True)
        assert [ref.name for ref in refs.branches] == ["main"] and refs.pull_requests == []
        assert {ref.name for ref in refs.tags} == {"v0", "v1"}
        commits = self.api.list_repo_commits("acme/tiny", formatted=True)
        assert [commit.title for commit in commits] == ["Revision 1", "Revision 0"]
        assert commits[0].commit_id == refs.branches[0].target_commit

    def test_a_download_is_cached(self):
        proxy = Proxy(self.base)
        with tempfile.TemporaryDirectory() as cache:
            get = lambda: self.hub.hf_hub_download(
                "acme/tiny", "sub/model.safetensors", cache_dir=cache, endpoint=proxy.url
            )
            first = get()
            second = get()
            assert first == second and Path(first).read_bytes() == self.files["sub/model.safetensors"]
        methods = [method for method, path, _ in proxy.requests if "/resolve/" in path]
        assert methods == ["HEAD", "GET", "HEAD"], methods

    def test_odd_names_are_downloaded(self):
        for name in ("sub/a b+c%20d/\u00e9.txt", "empty"):
            path = self.hub.hf_hub_download("acme/tiny", name, endpoint=self.base)
            assert Path(path).read_bytes() == self.files[name], name

    def test_a_snapshot_has_all_files_of_its_revision(self):
        main = self.api.model_info("acme/tiny").sha
        for revision, number in ((None, 1), ("main", 1), ("v0", 0), ("v1", 1), (main, 1)):
            with tempfile.TemporaryDirectory() as cache:
                get = lambda: Path(
                    self.hub.snapshot_download("acme/tiny", revision=revision, cache_dir=cache, endpoint=self.base)
                )
                folder = get()
                expected = REPOSITORIES["models/acme/tiny"][number]
                found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
                assert found == expected, revision
                assert get() == folder
        with tempfile.TemporaryDirectory() as cache:
            folder = Path(
                self.hub.snapshot_download("acme/tiny", allow_patterns="*.json", cache_dir=cache, endpoint=self.base)
            )
            assert [path.name for path in folder.rglob("*") if path.is_file()] == ["config.json"]

    def test_a_file_cut_half_way_is_resumed(self):
        proxy = Proxy(self.base, cut_after=BIG - (2 << 20))
        with tempfile.TemporaryDirectory() as cache:
            path = self.hub.hf_hub_download("acme/big", "model.bin", cache_dir=cache, endpoint=proxy.url)
            assert hashlib.sha256(Path(path).read_bytes()).digest() == hashlib.sha256(noise(2, BIG)).digest()
        ranges = [wanted for method, _, wanted in proxy.requests if method == "GET"]
        assert len(ranges) == 2 and ranges[0] is None and re.fullmatch(r"bytes=\d+-", ranges[1]), ranges

    def test_what_was_downloaded_is_there_offline(self):
        with tempfile.TemporaryDirectory() as cache:
            folder = self.hub.snapshot_download("acme/tiny", cache_dir=cache, endpoint=self.base)
            code = (
                "import huggingface_hub as hub\n"
                f"assert hub.snapshot_download('acme/tiny', cache_dir={cache!r}) == {folder!r}\n"
                f"hub.hf_hub_download('acme/tiny', 'config.json', cache_dir={cache!r})\n"
            )
            offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:1"}
            subprocess.run([sys.executable, "-c", code], env=offline, check=True)

    def test_a_file_system_reads_ranges(self):
        files = self.hub.HfFileSystem(endpoint=self.base, token=False)
        assert {entry["name"] for entry in files.ls("acme/tiny")} == {
            f"acme/tiny/{name}" for name in ("README.md", "config.json", "empty", "sub")
        }
        assert files.glob("acme/tiny/**/*.safetensors") == ["acme/tiny/sub/model.safetensors"]
        weights = self.files["sub/model.safetensors"]
        with files.open("acme/tiny/sub/model.safetensors", "rb", block_size=4096) as file:
            for start, size in ((0, 10), (1_048_570, 20), (2_999_000, 5_000), (17, 2_000_000)):
                file.seek(start)
                assert file.read(size) == weights[start : start + size], start
        assert files.cat_file("datasets/acme/words/train/part-2.txt") == b"2\n"
        assert files.read_text("acme/tiny@v0/old.txt") == "old"
        assert files.info("acme/tiny/sub")["type"] == "directory" and not files.exists("acme/tiny/none")

    def test_lists_are_searched_and_paged(self):
        names = lambda **wanted: [model.id for model in self.api.list_models(**wanted)]
        every = names()
        assert set(every) == {"acme/tiny", "acme/big", "acme/distilled-quartz", "duck/other", "acme/locked"}
        assert len(every) == len(set(every)), "a page repeats what another has"
        assert set(names(search="quartz")) == {"acme/tiny", "acme/distilled-quartz"}
        assert set(names(filter="license:mit")) == {"acme/tiny", "duck/other", "acme/locked"}
        assert names(filter=["license:mit", "en"]) == ["acme/tiny"]
        assert names(trained_dataset="acme/words") == ["acme/tiny"]
        assert names(pipeline_tag="fill-mask") == ["acme/tiny"]
        assert names(author="duck") == ["duck/other"]
        assert names(gated=True) == ["acme/locked"] and len(names(gated=False)) == 4
        assert len(names(limit=3)) == 3 and names(search="nothing-like-it") == []
        assert names(sort="created_at") != names(sort="created_at")[::-1]
        full = {model.id: model for model in self.api.list_models(full=True, cardData=True)}
        assert full["acme/tiny"].card_data.license == "mit"
        assert {sibling.rfilename for sibling in full["acme/tiny"].siblings} == set(self.files)
        assert [found.id for found in self.api.list_datasets(language="ru")] == ["acme/words"]
        assert [found.id for found in self.api.list_spaces(search="demo")] == ["acme/demo"]
        raises(self.hub.errors.BadRequestError, lambda: list(self.api.list_models(apps="vllm")))

    def test_downloads_count_gets(self):
        before = self.api.model_info("duck/other").downloads
        for force in (False, True, False):
            self.hub.hf_hub_download("duck/other", "weights", endpoint=self.base, force_download=force)
        assert self.api.model_info("duck/other").downloads == before + 2
        assert next(iter(self.api.list_models(sort="downloads", limit=1))).downloads > 0

    def test_missing_things_raise_their_own_errors(self):
        errors, get = self.hub.errors, self.hub.hf_hub_download
        with tempfile.TemporaryDirectory() as cache:
            at = dict(cache_dir=cache, endpoint=self.base, token=False)
            raises(errors.RepositoryNotFoundError, get, "acme/none", "a", **at)
            raises(errors.RepositoryNotFoundError, get, "gpt2", "config.json", **at)
            raises(errors.RepositoryNotFoundError, get, "acme/tiny", "config.json", repo_type="dataset", **at)
            raises(errors.RevisionNotFoundError, get, "acme/tiny", "config.json", revision="none", **at)
            raises(errors.EntryNotFoundError, get, "acme/tiny", "none.txt", **at)
            known = self.hub.try_to_load_from_cache("acme/tiny", "none.txt", cache_dir=cache)
            assert known is self.hub._CACHED_NO_EXIST, "the absence should be remembered"
            raises(errors.RepositoryNotFoundError, self.hub.snapshot_download, "acme/none", **at)
            raises(errors.RevisionNotFoundError, self.hub.snapshot_download, "acme/tiny", revision="none", **at)
        raises(errors.RepositoryNotFoundError, self.api.model_info, "acme/none")
        raises(errors.RevisionNotFoundError, self.api.model_info, "acme/tiny", revision="0" * 40)
        raises(errors.EntryNotFoundError, lambda: list(self.api.list_repo_tree("acme/tiny", "none")))
        raises(errors.RepositoryNotFoundError, self.api.list_repo_refs, "acme/none")
        assert self.api.repo_exists("acme/tiny") and not self.api.repo_exists("acme/none")
        assert self.api.revision_exists("acme/tiny", "v0") and not self.api.revision_exists("acme/tiny", "v9")
        assert self.api.file_exists("acme/tiny", "empty") and not self.api.file_exists("acme/tiny", "none")

    def test_private_repositories_do_not_exist_for_strangers(self):
        missing = self.hub.errors.RepositoryNotFoundError
        for api in (self.api, self.stranger):
            raises(missing, api.model_info, "acme/hidden")
            raises(missing, api.list_repo_files, "acme/hidden")
            raises(missing, api.hf_hub_download, "acme/hidden", "secret.txt")
        assert self.reader.model_info("acme/hidden").private
        assert Path(self.reader.hf_hub_download("acme/hidden", "secret.txt")).read_bytes() == b"private"

    def test_gated_repositories_show_themselves_and_keep_their_files(self):
        gated = self.hub.errors.GatedRepoError
        assert self.api.model_info("acme/locked").gated == "manual"
        assert "secret.txt" in self.api.list_repo_files("acme/locked")
        with tempfile.TemporaryDirectory() as cache:
            for api in (self.api, self.stranger):
                raises(gated, api.hf_hub_download, "acme/locked", "secret.txt", cache_dir=cache)
                raises(gated, api.snapshot_download, "acme/locked", cache_dir=cache)
                raises(gated, api.auth_check, "acme/locked")
            self.reader.auth_check("acme/locked")
            path = self.reader.hf_hub_download("acme/locked", "secret.txt", cache_dir=cache)
            assert Path(path).read_bytes() == b"gated"

    def test_tokens_are_told_apart(self):
        who = self.reader.whoami()
        assert (who["name"], who["auth"]["accessToken"]["role"]) == ("acme", "read")
        bad = self.hub.HfApi(endpoint=self.base, token="hf_forged")
        error = raises(self.hub.errors.HfHubHTTPError, bad.model_info, "acme/tiny")
        assert error.response.status_code == 401 and "Invalid credentials" in str(error)
        error = raises(self.hub.errors.HfHubHTTPError, bad.whoami)
        assert error.response.status_code == 401

    def test_ranges_outside_a_file_raise_416(self):
        get = self.hub.utils.get_session().get
        answer = get(f"{self.base}/acme/tiny/resolve/main/config.json", headers={"Range": "bytes=999-"})
        error = raises(self.hub.errors.HfHubHTTPError, self.hub.utils.hf_raise_for_status, answer)
        assert error.response.status_code == 416 and "bytes */" in str(error)

    def test_model_cards_load(self):
        folder = self.hub.hf_hub_download("acme/tiny", "README.md", endpoint=self.base)
        assert self.hub.ModelCard.load(folder).data.tags == ["tiny", "quartz"]

    def last_too_many_requests_raise_429(self):
        session = self.hub.utils.get_session()
        for _ in range(self.exhaust + 1):
            answer = session.get(f"{self.base}/api/models/acme/none")
            if answer.status_code == 429:
                break
        error = raises(self.hub.errors.HfHubHTTPError, self.hub.utils.hf_raise_for_status, answer)
        assert "'api' rate limit" in str(error) and "Retry after" in str(error), error

    def run(self):
        names = [name for name in dir(self) if name.startswith("test_")]
        names += ["last_too_many_requests_raise_429"] if self.exhaust else []
        failed = []
        for name in names:
            try:
                getattr(self, name)()
                print(f"ok      {name}", flush=True)
            except Exception:
                failed.append(name)
                print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
        print(f"huggingface_hub {self.hub.__version__}: {len(names) - len(failed)} of {len(names)} passed")
        return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("base", nargs="?")
    parser.add_argument("--fixtures", metavar="FOLDER")
    parser.add_argument("--exhaust", metavar="N", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.fixtures:
        write_fixtures(arguments.fixtures)
        return 0
    if not arguments.base:
        parser.error("give the gateway's URL")
    with tempfile.TemporaryDirectory() as home:
        # Before the import, which reads them.
        os.environ.update(
            HF_ENDPOINT=arguments.base,
            HF_HOME=home,
            HF_HUB_DISABLE_TELEMETRY="1",
            HF_HUB_DISABLE_PROGRESS_BARS="1",
        )
        os.environ.pop("HF_TOKEN", None)
        return Tests(arguments.base, arguments.exhaust).run()


if __name__ == "__main__":
    sys.exit(main())
