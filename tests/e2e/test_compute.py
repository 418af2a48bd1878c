"""Jobs that real workers run, on real data, with money that is counted to the planck; and those who cheat."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import pathlib
import shutil
import zipfile

import pytest

from harness import CACHE, TOP, Clients, Node, Process, program, run, wait_for
from registry import Published, publish, resolve

STOA = 10**12
MIB = 1 << 20
# Enough for a stake, for bonds and for the deposits of published outputs.
FUNDS = 2_000 * STOA
STAKE = 500 * STOA
PRICE = 10**6
LIMITS = {"fuel": 10**12, "memory": 256 * MIB, "output": 32 * MIB}
# What a job of these tests asks for; a seat costs a tenth of a STOA.
JOB = ("--fuel", 10**11, "--memory", 64, "--output", 8, "--price", PRICE)
BASE_FEE, POKE_REWARD = 2 * 10**9, 5 * 10**9
WORKERS = tuple(f"//Worker{number}" for number in range(1, 7))
PROGRAM, DATASET = "alice/classifier", "bob/breast-cancer"
ROYALTIES = {PROGRAM: 10, DATASET: 5}


def address(node: Node, secret: str) -> str:
    return node.cli_json("key", "show", key=secret)["address"]


class RealWorker:
    """A `stoa-worker` with a key and a folder of its own."""

    def __init__(self, node: Node, root: pathlib.Path, secret: str, name: str):
        self.node, self.secret, self.name = node, secret, name
        self.root = root / name
        self.root.mkdir(parents=True)
        self.address = address(node, secret)
        self.config = self.root / "worker.toml"
        self.config.write_text(
            f"""
node = "{node.rpc_url}"
gateway = "{node.gateway}"
data = "{self.root / "data"}"
results = "{name}/results"
price = {PRICE // 2}
parallel = 6
[limits]
fuel = {LIMITS["fuel"]}
memory = {LIMITS["memory"]}
output = {LIMITS["output"]}
inputs = {64 * MIB}
[accept]
programs = ["{PROGRAM}"]
"""
        )
        self.process: Process | None = None
        self.start_of_log = 0

    def start(self) -> RealWorker:
        self.start_of_log += len(self.log_text()) if self.process else 0
        # Through the command line, which becomes the worker.
        command, env = self.node.cli_command("worker", "run", "--config", self.config, key=self.secret)
        self.process = Process(self.name, self.root / "log", command, cwd=self.root, env=env)
        return self

    def log_text(self) -> str:
        """What it said since it was started."""
        return (self.root / "log").read_text(errors="replace")[self.start_of_log :]

    def assert_well(self) -> None:
        self.process.check_running()
        assert "panicked" not in self.log_text(), self.process.tail()

    def wait_for(self, text: str, seconds: float = 60) -> None:
        wait_for(f"{self.name} says {text!r}", lambda: text in self.log_text(), seconds, self.process.check_running)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The classifier, compiled for WASI from the C in tests/programs."""
    folder = tmp_path_factory.mktemp("classifier")
    source = TOP / "tests/programs/classifier.c"
    run(["clang", "--target=wasm32-wasi", "-O2", "-o", folder / "main.wasm", source, "-lm"])
    shutil.copy(source, folder)
    return folder


@pytest.fixture(scope="module")
def measurements(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Measurements of 569 tumours, a real dataset that scikit-learn ships."""
    folder = tmp_path_factory.mktemp("dataset")
    wheel = next((CACHE / "datasets").glob("scikit_learn-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read("sklearn/datasets/data/breast_cancer.csv")
    (folder / "breast_cancer.csv").write_bytes(data)
    assert hashlib.sha256(data).hexdigest() == "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed"
    return folder


@dataclasses.dataclass
class Stage:
    """A chain with a program, a dataset and workers."""

    node: Node
    clients: Clients
    workers: list[RealWorker]
    program: Published
    dataset: Published
    engine: str
    requester: str = "//Requester"

    def client(self, verb: str, seconds: float = 300, **plan):
        return self.clients.js("compute.mjs", self.node.rpc_url, verb, json.dumps(plan), seconds=seconds)

    def start_client(self, verb: str, **plan) -> Process:
        return self.clients.start_js("compute.mjs", self.node.rpc_url, verb, json.dumps(plan))

    def balances(self, *accounts: str) -> list[int]:
        return [int(balance) for balance in self.client("balances", of=list(accounts))]

    def submit(self, *arguments, epochs: int = 100):
        command = ["job", "submit", "--program", PROGRAM, "--input", f"{DATASET}@main", *JOB, "--yes", "--no-finality"]
        command += ["--arg", "/in/0", "--arg", "/out", "--arg", epochs, *arguments]
        return self.node.cli_json(*command, key=self.requester)

    def show(self, job: int):
        return self.node.cli_json("job", "show", job)

    def wait_for_end(self, job: int, seconds: float = 240):
        """The certificate, when the job has ended."""

        def ended():
            shown = self.show(job)
            return shown if shown["state"] == "ended" else None

        return self.node.wait_for(f"job {job} has ended", ended, seconds)["certificate"]

    def events(self, since: int, job: int):
        """What the escrow said of a job."""
        found = self.client("events", **{"from": since, "to": self.node.best()})
        of = lambda event: event["data"].get("job", event["data"].get("certificate")) == job
        return [event for event in found if of(event)]


def amount(event) -> int:
    return int(event["data"]["amount"])


def sums(events, method: str) -> dict[str, int]:
    """Amounts of the events of a kind, by worker or asset."""
    out: dict[str, int] = {}
    for event in events:
        if event["method"] == method:
            key = str(event["data"].get("worker", event["data"].get("asset")))
            out[key] = out.get(key, 0) + amount(event)
    return out


@pytest.fixture(scope="module")
def stage(network, clients, classifier, measurements, tmp_path_factory: pytest.TempPathFactory):
    alice, _ = network
    engine = run([program("stoa-worker"), "engine"]).split()[0]
    stage = Stage(
        alice,
        clients,
        [],
        publish(alice, classifier, PROGRAM, "--kind", "program"),
        publish(alice, measurements, DATASET, "--kind", "dataset", key="//Bob"),
        engine,
    )
    stage.client("fund", **{"from": "//Alice"}, amount=str(FUNDS), to=[*WORKERS, stage.requester])
    first, *others = WORKERS
    registered = alice.cli_json(
        "worker", "register", "--stake", STAKE // STOA, "--price", PRICE // 2, "--yes", key=first
    )
    assert registered["engine"] == engine
    stage.client(
        "register", workers=others, stake=str(STAKE), price=PRICE // 2, engine=f"0x{engine}", limits=LIMITS
    )
    for (name, share), secret in zip(ROYALTIES.items(), ("//Alice", "//Bob")):
        alice.cli("job", "royalty", name, share, key=secret)
        asset = resolve(alice, name).asset
        stage.client("call", **{"as": secret}, calls=[["royalties", "open", asset, address(alice, secret)]])
    root = tmp_path_factory.mktemp("workers")
    stage.workers = [
        RealWorker(alice, root, secret, f"worker{number}").start() for number, secret in enumerate(WORKERS, 1)
    ]
    for worker in stage.workers:
        worker.wait_for("works with engine")
    try:
        yield stage
    finally:
        for worker in stage.workers:
            worker.process.kill()


@pytest.fixture(scope="module")
def certified(stage: Stage):
    """A job of three drawn workers, two of which must agree, followed to its end."""
    since = stage.node.best()
    requester = address(stage.node, stage.requester)
    before = stage.balances(requester)[0]
    submitted = stage.submit("--replicas", 3, "--quorum", 2, epochs=1000)
    certificate = stage.wait_for_end(submitted["job"])
    return since, submitted, certificate, before - stage.balances(requester)[0]


def test_three_workers_agree_byte_for_byte_on_a_classifier_trained_on_real_data(stage, certified):
    since, submitted, certificate, _ = certified
    job = submitted["job"]

    assert certificate["result"]["exit"] == {"exited": 0}
    assert certificate["chosen"] == "drawn"
    assert certificate["applicants"] == 6
    revealed = [event for event in stage.events(since, job) if event["method"] == "Revealed"]
    assert len(revealed) == 3
    assert len({json.dumps(event["data"]["result"], sort_keys=True) for event in revealed}) == 1
    assert len(certificate["signers"]) == 3
    for worker in stage.workers:
        worker.assert_well()


def test_settlement_splits_the_money_between_workers_program_and_dataset(stage, certified):
    since, submitted, certificate, spent = certified
    events = stage.events(since, submitted["job"])
    quote = {name: int(amount) for name, amount in submitted["quote"].items()}
    units = -(-certificate["result"]["fuel"] // 10**6)
    gross = max(units * PRICE, BASE_FEE)
    parts = {name: gross * share // 100 for name, share in ROYALTIES.items()}
    net = gross - sum(parts.values())

    assert sums(events, "WorkerPaid") == {signer: net for signer in certificate["signers"]}
    assert sums(events, "AssetPaid") == {
        str(resolve(stage.node, name).asset): 3 * part for name, part in parts.items()
    }
    assert not sums(events, "Forfeited") and not sums(events, "AssetUnpaid")
    # It was drawn and settled, and prolonged when the workers were slow; each earned somebody the reward.
    moved = 2 + sum(event["method"] == "ApplicationsExtended" for event in events)
    refunded = int(next(event for event in events if event["method"] == "JobEnded")["data"]["refunded"])
    used = {
        "three workers": 3 * net,
        **{f"{name}'s owner": 3 * part for name, part in parts.items()},
        "certificate": quote["deposit"],
        "moving it on": moved * POKE_REWARD,
        "back": refunded,
    }
    print(*(f"{what:>30} {amount:>16}" for what, amount in used.items()), sep="\n")
    assert sum(used.values()) == quote["total"]
    # The requester paid just that, and the transaction's fee.
    fee = spent - (quote["total"] - refunded)
    assert 0 < fee <= int(submitted["fee"])


def test_output_and_logs_come_from_a_node_that_ran_nothing(stage, certified, bob, tmp_path):
    _, submitted, certificate, _ = certified
    job = submitted["job"]
    output = certificate["result"]["output"]
    bob.wait_for("the output", lambda: bob.http(f"/ipfs/{output}?format=raw").status == 200, 90)

    logs = bob.cli_json("job", "logs", job)
    bob.cli("job", "output", job, "-o", tmp_path / "left")

    assert "accuracy 0.9" in logs["stdout"]
    assert (tmp_path / "left/stdout").read_text() == logs["stdout"]
    assert (tmp_path / "left/output/report.txt").read_text() == logs["stdout"]
    assert len((tmp_path / "left/output/weights.csv").read_text().splitlines()) == 31


def test_certificate_is_reproduced_with_another_machines_state(stage, certified, bob):
    _, submitted, certificate, _ = certified
    job = submitted["job"]

    verified = bob.cli_json("certificate", "verify", job, seconds=180)

    assert verified["holds"]
    assert verified["here"] == certificate["result"]
    listed = bob.cli_json("certificate", "of", DATASET)
    assert [found["id"] for found in listed] == [job]


def test_those_who_lie_copy_keep_silent_or_die_lose_and_the_honest_are_paid(stage):
    cheats = ("//Liar", "//Copier", "//Silent")
    stage.client("fund", **{"from": "//Alice"}, amount=str(FUNDS), to=list(cheats))
    stage.client(
        "register", workers=list(cheats), stake=str(STAKE), price=1, engine=f"0x{stage.engine}", limits=LIMITS
    )
    first, second, dying = stage.workers[:3]
    addresses = {secret: address(stage.node, secret) for secret in cheats}
    since = stage.node.best()
    named = lambda *workers: [part for worker in workers for part in ("--worker", worker)]
    job = lambda third, **options: stage.submit(
        *named(first.address, second.address, third), "--run-blocks", 14, **options
    )["job"]
    lie = {"exit": {"Exited": 0}, "fuel": 12_345_678, "output": {"codec": "DagPb", "digest": "0x" + "66" * 32}}
    how = {"//Liar": ("reveal", lie), "//Copier": ("copy", None), "//Silent": ("silent", lie)}
    jobs: dict[str, int] = {}
    cheating = []
    for secret in cheats:
        jobs[secret] = job(addresses[secret])
        worker = {"secret": secret, "how": how[secret][0], "result": how[secret][1]}
        cheating.append(stage.start_client("work", job=jobs[secret], workers=[worker]))
    # This one runs so long that it can be killed in the middle.
    jobs["dies"] = job(dying.address, epochs=8_000)
    dying.wait_for(f"job {jobs['dies']}: running it", 120)
    dying.process.kill()

    # Two have a result and wait for the third: nothing of it is anywhere yet.
    def two_committed() -> bool:
        seats = stage.show(jobs["dies"])["job"]["seats"]
        return sum(seat["state"] == "committed" for seat in seats) == 2

    stage.node.wait_for("two commitments", two_committed, 120)
    early = {piece["content"] for piece in stage.node.rpc("content_pieces", None, 256)["pieces"]}

    certificates = {name: stage.wait_for_end(number) for name, number in jobs.items()}

    for process in cheating:
        process.child.wait(60)
    losers = addresses | {"dies": dying.address}
    for name, number in jobs.items():
        events = stage.events(since, number)
        certificate = certificates[name]
        assert certificate["result"]["exit"] == {"exited": 0}, name
        assert sorted(certificate["signers"]) == sorted([first.address, second.address]), name
        bond = int(certificate["bond"])
        # A seat that never committed loses a quarter; who committed, all.
        expected = -(-bond // 4) if name == "dies" else bond
        assert sums(events, "Forfeited") == {losers[name]: expected}, name
        assert set(sums(events, "WorkerPaid")) == {first.address, second.address}, name
        assert next(event for event in events if event["method"] == "JobEnded"), name
    assert certificates["dies"]["result"]["output"] not in early
    copied = json.loads(cheating[1].log.read_text().strip().splitlines()[-1])
    assert "WrongReveal" in copied[0]["refused"], copied
    # The one that died comes back, and works on.
    dying.start()
    dying.wait_for("works with engine")


def test_false_certificate_falls_to_a_challenge_and_its_signers_pay(stage, bob):
    liars = [f"//Colluder{number}" for number in range(3)]
    honest = [f"//Honest{number}" for number in range(9)]
    stage.client("fund", **{"from": "//Alice"}, amount=str(FUNDS), to=[*liars, *honest, "//Challenger"])
    stage.client(
        "register", workers=[*liars, *honest], stake=str(STAKE), price=1, engine=f"0x{stage.engine}", limits=LIMITS
    )
    colluders = [address(stage.node, secret) for secret in liars]
    lie = {"exit": {"Exited": 0}, "fuel": 12_345_678, "output": {"codec": "DagPb", "digest": "0x" + "77" * 32}}
    since = stage.node.best()
    job = stage.submit(*(part for liar in colluders for part in ("--worker", liar)))["job"]
    stage.client("work", job=job, poke=True, workers=[{"secret": liar, "how": "reveal", "result": lie} for liar in liars])
    stage.client("call", **{"as": "//Alice"}, calls=[["computeEscrow", "poke", job]])
    certificate = stage.wait_for_end(job)
    assert len(certificate["signers"]) == 3

    # Whoever runs it again sees that it is false.
    failed = bob.cli_fails("--json", "certificate", "verify", job, seconds=180)
    assert failed.code == 4, failed
    verified = json.loads(failed.out.strip().splitlines()[-1])
    assert not verified["holds"]

    challenger = address(stage.node, "//Challenger")
    before = stage.balances(challenger)[0]
    challenge = stage.node.cli_json("certificate", "challenge", job, "--yes", "--no-finality", key="//Challenger")["job"]
    true = {
        "exit": {"Exited": 0},
        "fuel": verified["here"]["fuel"],
        "output": content(verified["here"]["output"]),
    }
    workers = [{"secret": secret, "how": "reveal", "result": true} for secret in honest]
    stage.client("work", job=challenge, workers=workers)
    stage.node.wait_for(
        "the verdict", lambda: stage.node.cli_json("certificate", "show", job)["challenge"] is None, 240
    )

    fallen = stage.node.cli_json("certificate", "show", job)
    assert fallen["standing"]["fallen"]["result"] == verified["here"]
    events = stage.events(since, job)
    bond = int(certificate["bond"])
    assert sums(events, "Forfeited") == {liar: bond for liar in colluders}
    ended = next(event for event in events if event["method"] == "ChallengeEnded")
    reward = int(ended["data"]["reward"])
    paid = sums(stage.events(since, challenge), "WorkerPaid")
    assert len(paid) == 7
    assert reward == (3 * bond - sum(paid.values())) // 2
    # The challenger has its money back and the reward, less fees.
    assert 0 < reward - (stage.balances(challenger)[0] - before) < STOA // 10


def content(cid: str) -> dict[str, str]:
    """A CID as the chain writes it."""
    raw = base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8))
    return {"codec": {0x55: "Raw", 0x70: "DagPb"}[raw[1]], "digest": "0x" + raw[4:].hex()}
