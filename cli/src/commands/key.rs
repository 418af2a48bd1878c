//! `stoa key`: accounts in the keystore.

use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::Subcommand;
use serde::Serialize;
use std::path::PathBuf;
use stoa_sdk::keys::{Account, address, new_phrase};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new account, and show its phrase once
    New,
    /// Keep the account of a phrase or seed from STOA_KEY or a prompt, or of a polkadot.js export
    Import {
        /// A JSON file that polkadot.js or a wallet exported
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show the address of an account, or of all
    Show,
}

#[derive(Serialize)]
struct Made<'made> {
    #[serde(flatten)]
    account: &'made Account,
    phrase: &'made str,
}

#[derive(Serialize)]
struct Listed {
    accounts: Vec<Account>,
}

#[derive(Serialize)]
struct OfEnvironment {
    address: String,
    public_key: String,
    source: &'static str,
}

pub(crate) fn run(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::New => new(context),
        Command::Import { file } => import(file, context),
        Command::Show => show(context),
    }
}

fn new(context: &Context) -> Result<(), CliError> {
    let phrase = new_phrase().map_err(sdk)?;
    let password = context.password(true)?;
    let account = context.keystore()?.import(context.account(), &phrase, &password).map_err(sdk)?;
    let made = Made { account: &account, phrase: &phrase };
    output::result(context.json, &made, || {
        format!(
            "{}\n\nThis phrase is the account. Write it down, and show it to nobody; it won't be shown again:\n\n  {}",
            line(&account),
            phrase.as_str()
        )
    })
}

fn import(file: Option<PathBuf>, context: &Context) -> Result<(), CliError> {
    let keystore = context.keystore()?;
    let account = match file {
        Some(file) => keystore.import_export(context.account(), &file, &context.password(false)?),
        None => {
            let secret = context.secret()?;
            keystore.import(context.account(), &secret, &context.password(true)?)
        }
    };
    let account = account.map_err(sdk)?;
    output::result(context.json, &account, || line(&account))
}

fn show(context: &Context) -> Result<(), CliError> {
    if let Some(name) = context.named_account() {
        let account = context.keystore()?.show(name).map_err(sdk)?;
        return output::result(context.json, &account, || line(&account));
    }
    if let Some(pair) = context.key_of_environment() {
        let pair = pair?;
        let shown = OfEnvironment {
            address: address(&pair),
            public_key: pair.public_key().0.iter().map(|byte| format!("{byte:02x}")).collect(),
            source: "STOA_KEY",
        };
        return output::result(context.json, &shown, || format!("{}  (from STOA_KEY)", shown.address));
    }
    let keystore = context.keystore()?;
    let listed = Listed { accounts: keystore.list().map_err(sdk)? };
    output::result(context.json, &listed, || match listed.accounts.as_slice() {
        [] => format!("no accounts in {}: make one with `stoa key new`", keystore.dir().display()),
        accounts => accounts.iter().map(line).collect::<Vec<_>>().join("\n"),
    })
}

fn line(account: &Account) -> String {
    format!("{}  {}  {}", account.name, account.address, account.path.display())
}
