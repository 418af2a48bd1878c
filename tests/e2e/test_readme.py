"""The README's commands, as they are printed there.

The blocks marked `sh` are one session: they run in order, in one shell, in one empty folder, with the built programs. A block
marked `sh background` is a node that runs on; what follows it waits until it is healthy. Only the ports are others, so
that the test can run beside a node of the reader's.
"""

from __future__ import annotations

import os
import re

from harness import PROGRAMS, STOA_CACHE, TOP, Process, free_port

BLOCK = re.compile(r"^```sh(?P<background> background)?\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = re.compile(r"(?<=--port )\d+|(?<=-port )\d+")
WAIT = "until curl -fs -o /dev/null http://127.0.0.1:{port}/health; do kill -0 $!; sleep 0.2; done"


def session(readme: str, ports: dict[str, str]) -> str:
    lines = ["set -euo pipefail"]
    for block in BLOCK.finditer(readme):
        commands = block["commands"].strip()
        lines.append(f"cat >&2 <<'README'\n\n$ {commands}\nREADME")
        if block["background"]:
            gateway = re.search(r"--gateway-port (\d+)", commands)
            assert gateway, f"a node that nothing can wait for:\n{commands}"
            lines += [commands + " &", WAIT.format(port=gateway[1])]
        else:
            lines.append(commands)
    text = "\n".join(lines) + "\n"
    for old, new in ports.items():
        text = re.sub(rf"(?<!\d){old}(?!\d)", new, text)
    return text


def test_every_command_of_the_readme_works(tmp_path):
    readme = (TOP / "README.md").read_text()
    assert readme.count("\n```sh") == len(BLOCK.findall(readme)) > 3, "a block that this test doesn't see"
    ports = {port: str(free_port()) for port in sorted(set(PORT.findall(readme)))}
    # The defaults of `stoa`, which the README's commands rely on.
    env = {name: value for name, value in os.environ.items() if not name.startswith("STOA_")} | {
        "HOME": str(tmp_path),
        "CARGO_TARGET_DIR": str(PROGRAMS.parent),
        "STOA_CACHE": str(STOA_CACHE),
        "STOA_NODE": f"ws://127.0.0.1:{ports['9944']}",
        "STOA_GATEWAY": f"http://127.0.0.1:{ports['8080']}",
    }
    folder = tmp_path / "session"
    folder.mkdir()
    script = tmp_path / "session.sh"
    script.write_text(session(readme, ports))

    shell = Process("readme", tmp_path / "log", ["bash", script], cwd=folder, env=env)
    try:
        code = shell.child.wait(240)
        assert code == 0, shell.tail(120)
    finally:
        shell.kill()
