//! `network init` and `network open`: a network of one's own from one file.

use std::{collections::BTreeMap, fs, path::Path};

use dialoguer::Password;
use polkadot_sdk::*;
use sc_cli::Error;
use sc_service::ChainType;
use stoa_consortium::{
    Config, File, Launch,
    config::Kind,
    files::{self, CHAIN_SPEC},
    seal,
};
use stoa_runtime::WASM_BINARY;
use zeroize::Zeroizing;

use crate::{
    chain_spec::{ChainSpec, Extensions},
    cli::NetworkCmd,
};

/// The environment variable that scripts give a password in.
const SEAL_PASSWORD: &str = "STOA_SEAL_PASSWORD";
/// The specification that people read.
const READABLE_SPEC: &str = "chain-spec.json";

fn input(error: impl std::fmt::Display) -> Error {
    Error::Input(error.to_string())
}

/// Runs a task of whoever launches a network.
pub fn run(cmd: &NetworkCmd) -> sc_cli::Result<()> {
    match cmd {
        NetworkCmd::Init { config, out, passwords } => init(config, out, passwords.as_deref()),
        NetworkCmd::Open { sealed, out } => open(sealed, out),
    }
}

fn read(path: &Path) -> sc_cli::Result<String> {
    fs::read_to_string(path).map_err(|error| input(format_args!("{}: {error}", path.display())))
}

fn open(sealed: &Path, out: &Path) -> sc_cli::Result<()> {
    let text = read(sealed)?;
    let password = match std::env::var(SEAL_PASSWORD) {
        Ok(password) => Zeroizing::new(password),
        Err(_) => Password::new()
            .with_prompt("Password that seals the keys")
            .interact()
            .map(Zeroizing::new)
            .map_err(input)?,
    };
    let opened = seal::open(&text, &password).map_err(input)?;
    files::write(out, &opened.files)?;
    println!("Wrote the keys of {} in {} to {}.", opened.member, opened.network, out.display());
    Ok(())
}

fn init(config: &Path, out: &Path, passwords: Option<&Path>) -> sc_cli::Result<()> {
    let network = Config::parse(&read(config)?).map_err(input)?.check().map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(|problem| format!("\n- {problem}")).collect();
        input(format_args!("{} describes a network that can't live:{}", config.display(), problems.concat()))
    })?;
    let given = passwords.map(read).transpose()?.map(Zeroizing::new);
    let launch = network
        .launch(|member| match &given {
            Some(given) => given_password(given, member),
            None => asked_password(member),
        })
        .map_err(input)?;

    let spec = specification(&launch).map_err(Error::Input)?;
    let mut written = vec![
        File::text(READABLE_SPEC, spec.as_json(false).map_err(Error::Input)?),
        File::text(CHAIN_SPEC, spec.as_json(true).map_err(Error::Input)?),
    ];
    written.extend(launch.files());
    files::write(out, &written)?;
    println!("Wrote {} files to {}. Begin with RUNBOOK.md.", written.len(), out.display());
    Ok(())
}

fn given_password(given: &str, member: &str) -> Result<Zeroizing<String>, String> {
    let passwords: BTreeMap<&str, &str> =
        given.lines().filter_map(|line| line.trim().split_once(char::is_whitespace)).collect();
    let found = passwords.get(member).ok_or("the file of passwords has no line for this member")?;
    Ok(Zeroizing::new(found.trim().to_owned()))
}

fn asked_password(member: &str) -> Result<Zeroizing<String>, String> {
    Password::new()
        .with_prompt(format!("Password that seals {member}'s keys"))
        .with_confirmation("Once more", "They differ")
        .interact()
        .map(Zeroizing::new)
        .map_err(|error| error.to_string())
}

fn specification(launch: &Launch) -> Result<ChainSpec, String> {
    let wasm = WASM_BINARY
        .ok_or("this node was built with SKIP_WASM_BUILD and has no runtime: build it again without")?;
    let network = launch.network();
    let kind = match network.kind {
        Kind::Live => ChainType::Live,
        Kind::Local => ChainType::Local,
    };
    let bootnodes = launch
        .bootnodes()
        .iter()
        .map(|address| address.parse().map_err(|error| format!("bootnode {address}: {error}")))
        .collect::<Result<_, String>>()?;
    let serde_json::Value::Object(properties) = launch.properties() else {
        return Err("a network's properties are an object".into());
    };
    Ok(ChainSpec::builder(wasm, Extensions::default())
        .with_name(&network.name)
        .with_id(&network.id)
        .with_protocol_id(&network.id)
        .with_chain_type(kind)
        .with_boot_nodes(bootnodes)
        .with_properties(properties)
        .with_genesis_config_patch(launch.genesis_patch())
        .build())
}

#[cfg(test)]
mod tests;
