//! The program as scripts see it: exit codes, one JSON object on the standard output, errors on the other.

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};
use tempfile::{TempDir, tempdir};

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
/// A port that nobody listens on.
const NOBODY: &str = "127.0.0.1:1";

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempdir().unwrap())
    }

    fn stoa(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stoa"));
        command.args(arguments).env_clear().env("HOME", self.0.path());
        command.envs(variables.iter().copied()).output().unwrap()
    }

    fn json(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
        let output = self.stoa(arguments, variables);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn fails(&self, code: i32, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
        let output = self.stoa(arguments, variables);
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty());
        let error: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["error"]["exit"], code);
        error["error"].clone()
    }
}

fn exists(value: &Value) -> bool {
    Path::new(value["path"].as_str().unwrap()).exists()
}

#[test]
fn an_account_is_made_kept_and_shown() {
    let home = Home::new();
    let password = [("STOA_PASSWORD", "secret")];
    let made = home.json(&["--json", "key", "new"], &password);
    assert_eq!(made["name"], "default");
    assert_eq!(made["phrase"].as_str().unwrap().split(' ').count(), 12);
    assert!(made["path"].as_str().unwrap().ends_with(".config/stoa/keys/default.json"));
    assert!(exists(&made));

    let shown = home.json(&["key", "show", "--json"], &[]);
    assert_eq!(shown["accounts"][0]["address"], made["address"]);
    let again = home.fails(1, &["--json", "key", "new"], &password);
    assert!(again["message"].as_str().unwrap().contains("exists already"));

    let phrase = made["phrase"].as_str().unwrap();
    let variables = [("STOA_PASSWORD", "other"), ("STOA_KEY", phrase)];
    let imported = home.json(&["--json", "--account", "copy", "key", "import"], &variables);
    assert_eq!(imported["address"], made["address"]);
}

#[test]
fn an_export_is_imported_with_its_password() {
    let home = Home::new();
    let variables = [("STOA_PASSWORD", "secret"), ("STOA_KEY", "//Alice")];
    let made = home.json(&["--json", "--account", "alice", "key", "import"], &variables);
    assert_eq!(made["address"], ALICE);
    let arguments =
        ["--json", "--account", "again", "key", "import", "--file", made["path"].as_str().unwrap()];
    let wrong = home.fails(1, &arguments, &[("STOA_PASSWORD", "wrong")]);
    assert!(wrong["message"].as_str().unwrap().contains("password"));
    assert_eq!(home.json(&arguments, &[("STOA_PASSWORD", "secret")])["address"], ALICE);
}

#[test]
fn the_key_of_the_environment_is_shown_and_an_account_that_is_named_beats_it() {
    let home = Home::new();
    let alice = [("STOA_KEY", "//Alice")];
    assert_eq!(home.json(&["--json", "key", "show"], &alice)["address"], ALICE);
    let error = home.fails(3, &["--json", "--account", "nobody", "key", "show"], &alice);
    assert_eq!(error["code"], "not-found");
    home.fails(1, &["--json", "key", "show"], &[("STOA_KEY", "")]);
}

#[test]
fn no_secret_can_be_given_on_the_command_line_and_none_is_asked_for_without_a_terminal() {
    let home = Home::new();
    let error = home.fails(2, &["--json", "key", "new"], &[]);
    assert!(error["message"].as_str().unwrap().contains("STOA_PASSWORD"));
    let error = home.fails(2, &["--json", "key", "import"], &[]);
    assert!(error["message"].as_str().unwrap().contains("STOA_KEY"));
    home.fails(2, &["--json", "key", "import", "//Alice"], &[]);
    home.fails(2, &["--json", "key", "new", "--password", "secret"], &[]);
}

#[test]
fn a_command_line_that_makes_no_sense_says_why() {
    let home = Home::new();
    for arguments in [
        &["--json"][..],
        &["--json", "fly"],
        &["--json", "get", "no-slash"],
        &["--json", "get", "a/b@c d"],
        &["--json", "publish", ".", "--to", "a/b", "--kind", "film"],
        &["--json", "publish", ".", "--to", "a/b", "--parent", "a/b"],
        &["--json", "--gateway", "ftp://a", "get", "a/b"],
        &["--json", "order", "place", "a/b", "--max-price", "1"],
        &["--json", "order", "place", "a/b", "--max-price", "-1", "--for", "30d"],
        &["--json", "order", "place", "a/b", "--max-price", "1", "--for", "30 moons"],
        &["--json", "order", "settle"],
        &["--json", "order", "show", "first"],
        &["--json", "provider", "register", "--capacity", "10GB", "--price", "1"],
        &["--json", "provider", "update"],
        &["--json", "provider", "register", "--capacity", "1GiB", "--price", "1", "--peer", "me"],
        &["--json", "storage", "odds", "--lost", "110%"],
        &["--json", "storage", "odds", "--lost", "10%", "--order", "3"],
        &["--json", "list", "a/b", "--price", "ten"],
        &["--json", "list", "a/b", "--supply", "3"],
        &["--json", "list", "a/b", "--price", "1", "--blocks", "5", "--per-job"],
        &["--json", "list", "a/b", "--price", "1", "--remove", "5"],
        &["--json", "buy", "a/b", "--max-price", "-1"],
        &["--json", "gift", "a/b"],
        &["--json", "gift", "a/b", "--to", ALICE, "--reader", "00"],
        &["--json", "licences", "dispute"],
        &["--json", "licences", "--of", "nobody"],
        &["--json", "link", "a/b", "c/d"],
        &["--json", "link", "a/b", "--absolute", "5"],
        &["--json", "link", "a/b", "c/d", "--absolute", "5", "--relative", "5"],
        &["--json", "link", "a/b", "c/d", "--relative", "101"],
        &["--json", "link", "a/b", "c/d", "--relative", "5", "--ask-nothing"],
        &["--json", "shares", "transfer", "a/b", "--to", "nobody", "--shares", "5"],
        &["--json", "shares", "transfer", "a/b", "--to", ALICE, "--shares", "0"],
        &["--json", "claim", "a/b", "--everyone", "--for", ALICE],
        &["--json", "seller", "serve", "--every", "0"],
    ] {
        let error = home.fails(2, arguments, &[]);
        assert_eq!(error["code"], "usage", "{arguments:?}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    let text = home.stoa(&["get", "a--b/c"], &[]);
    assert_eq!(text.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&text.stderr).contains("`a--b`"));
}

#[test]
fn help_is_a_result_and_tells_the_exit_codes() {
    let home = Home::new();
    let help = home.stoa(&["--help"], &[]);
    assert!(help.status.success());
    assert!(String::from_utf8_lossy(&help.stdout).contains("Exit codes:"));
    assert!(home.stoa(&["--json", "get", "--help"], &[]).status.success());
    assert!(home.stoa(&["--version"], &[]).status.success());
}

#[test]
fn a_node_that_is_not_there_is_a_failure_of_the_network() {
    let home = Home::new();
    let node = format!("ws://{NOBODY}");
    let folder = home.0.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let folder = folder.to_str().unwrap();
    for arguments in [
        &["show", "a/b"][..],
        &["get", "a/b"],
        &["verify", folder, "a/b"],
        &["publish", folder, "--to", "a/b"],
        &["provider", "register", "--capacity", "1GiB", "--price", "0.001"],
        &["provider", "status"],
        &["provider", "withdraw"],
        &["order", "place", "a/b", "--for", "30d", "--max-price", "0.001", "--yes"],
        &["order", "list"],
        &["order", "show", "1"],
        &["order", "settle", "1"],
        &["storage", "odds", "--lost", "10%"],
        &["publish", folder, "--to", "a/b", "--private"],
        &["list", "a/b"],
        &["list", "a/b", "--price", "5", "--yes"],
        &["buy", "a/b", "--yes"],
        &["licences"],
        &["licences", "refund", "5", "--yes"],
        &["grants", "a/b"],
        &["shares", "show", "a/b"],
        &["link", "a/b"],
        &["earnings", "a/b"],
        &["claim", "a/b", "--yes"],
        &["seller", "serve", "--once"],
    ] {
        let all = [&["--json", "--node", &node], arguments].concat();
        let error = home.fails(6, &all, &[("STOA_KEY", "//Alice")]);
        assert!(error["message"].as_str().unwrap().contains("can't be reached"), "{error}");
    }
    let text = home.stoa(&["--node", &node, "show", "a/b"], &[]);
    assert!(String::from_utf8_lossy(&text.stderr).starts_with("error: the node at"));
}

#[test]
fn what_is_missing_on_this_machine_is_told_before_the_network_is_asked() {
    let home = Home::new();
    let node = format!("ws://{NOBODY}");
    home.fails(1, &["--json", "--node", &node, "verify", "/nonexistent", "a/b"], &[]);
    home.fails(3, &["--json", "--node", &node, "publish", ".", "--to", "a/b"], &[]);
    home.fails(3, &["--json", "--node", &node, "licences"], &[]);
    let file = home.0.path().join("shares.csv");
    let path = file.to_str().unwrap();
    let set = ["--json", "--node", &node, "shares", "set", "a/b", path, "--yes"];
    home.fails(1, &set, &[("STOA_KEY", "//Alice")]);
    for bad in
        ["account,shares\n", "nobody,5\n", &format!("{ALICE},1000001\n"), &format!("{ALICE},1\n{ALICE},1\n")]
    {
        fs::write(&file, bad).unwrap();
        let error = home.fails(2, &set, &[("STOA_KEY", "//Alice")]);
        assert!(error["message"].as_str().unwrap().contains("file of shares"), "{error}");
    }
}

#[test]
fn a_one_time_key_is_kept_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let made = home.json(&["--json", "licences", "reader", "a/b"], &[]);
    let public = made["reader"].as_str().unwrap();
    assert_eq!(public.len(), 64);
    let kept = home.0.path().join(format!(".config/stoa/keys/content/reader-{public}.json"));
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
}
