//! What all commands share: where the node and the gateway are, and whose key signs.

use crate::{
    error::{CliError, sdk},
    progress,
};
use clap::Args;
use std::{
    io::{IsTerminal, stderr, stdin},
    path::PathBuf,
    sync::Arc,
};
use stoa_sdk::{
    Chain, Gateway, Keypair, Keystore,
    chain::{ChainState, Revision},
    keys::{AccountId32, DEFAULT_ACCOUNT, KEY_VARIABLE, PASSWORD_VARIABLE, pair_from_environment},
    names::AssetAt,
    observe::Observer,
    primitives::registry::PieceAccess,
};

/// Options of every command.
#[derive(Args, Debug)]
pub(crate) struct Globals {
    /// The node to ask about the chain
    #[arg(long, global = true, env = "STOA_NODE", default_value = "ws://127.0.0.1:9944", value_name = "URL")]
    pub(crate) node: String,
    /// The gateway to get content from and upload it to
    #[arg(
        long,
        global = true,
        env = "STOA_GATEWAY",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    pub(crate) gateway: String,
    /// Print one JSON object, and errors as JSON too
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The folder of accounts [default: ~/.config/stoa/keys]
    #[arg(long, global = true, env = "STOA_KEYSTORE", value_name = "DIR")]
    pub(crate) keystore: Option<PathBuf>,
    /// The account in the keystore [default: default]
    #[arg(long, global = true, env = "STOA_ACCOUNT", value_name = "NAME")]
    pub(crate) account: Option<String>,
}

pub(crate) struct Context {
    globals: Globals,
    pub(crate) json: bool,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Context {
    pub(crate) fn new(globals: Globals) -> Self {
        Self { json: globals.json, observer: progress::observer(globals.json), globals }
    }

    pub(crate) async fn chain(&self) -> Result<Chain, CliError> {
        Chain::connect(&self.globals.node).await.map_err(sdk)
    }

    pub(crate) fn gateway(&self) -> Result<Gateway, CliError> {
        Gateway::new(&self.globals.gateway).map_err(sdk)
    }

    pub(crate) fn keystore(&self) -> Result<Keystore, CliError> {
        match &self.globals.keystore {
            Some(dir) => Ok(Keystore::at(dir)),
            None => Keystore::of_user().map_err(sdk),
        }
    }

    /// The account that was named, or the usual one.
    pub(crate) fn account(&self) -> &str {
        self.globals.account.as_deref().unwrap_or(DEFAULT_ACCOUNT)
    }

    /// The account that was named.
    pub(crate) fn named_account(&self) -> Option<&str> {
        self.globals.account.as_deref()
    }

    /// The key in the environment, unless an account was named.
    pub(crate) fn key_of_environment(&self) -> Option<Result<Keypair, CliError>> {
        if self.globals.account.is_some() {
            return None;
        }
        pair_from_environment().map(|pair| pair.map_err(sdk))
    }

    /// The key that signs.
    pub(crate) fn signer(&self) -> Result<Keypair, CliError> {
        if let Some(pair) = self.key_of_environment() {
            return pair;
        }
        let keystore = self.keystore()?;
        // Says that the account is missing before a password is asked for.
        keystore.show(self.account()).map_err(sdk)?;
        let password = self.password(false)?;
        keystore.unlock(self.account(), &password).map_err(sdk)
    }

    /// The address of the key that would sign; no password is needed for it.
    pub(crate) fn own_address(&self) -> Result<AccountId32, CliError> {
        if let Some(pair) = self.key_of_environment() {
            return Ok(pair?.public_key().to_account_id());
        }
        let address = self.keystore()?.show(self.account()).map_err(sdk)?.address;
        address.parse().map_err(|_| CliError::Usage(format!("`{address}` in the keystore isn't an address")))
    }

    /// The account's password, from the environment or asked for; a new one is asked for twice.
    pub(crate) fn password(&self, new: bool) -> Result<String, CliError> {
        if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
            return Ok(password);
        }
        self.must_be_able_to_ask("put the password in STOA_PASSWORD")?;
        let prompt = format!("Password of account `{}`", self.account());
        let mut ask = dialoguer::Password::new().with_prompt(prompt);
        if new {
            ask = ask.with_confirmation("Once more", "They differ");
        }
        ask.interact().map_err(|error| CliError::Prompt(error.to_string()))
    }

    /// The secret to keep, from the environment or asked for.
    pub(crate) fn secret(&self) -> Result<String, CliError> {
        if let Ok(secret) = std::env::var(KEY_VARIABLE) {
            return Ok(secret);
        }
        self.must_be_able_to_ask("put the secret in STOA_KEY")?;
        dialoguer::Password::new()
            .with_prompt("Phrase or seed")
            .interact()
            .map_err(|error| CliError::Prompt(error.to_string()))
    }

    /// Asks a question that is answered by yes or no.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), CliError> {
        self.must_be_able_to_ask("say --yes to agree")?;
        let answer = dialoguer::Confirm::new().with_prompt(question).default(false).interact();
        match answer.map_err(|error| CliError::Prompt(error.to_string()))? {
            true => Ok(()),
            false => Err(CliError::Declined),
        }
    }

    fn must_be_able_to_ask(&self, instead: &'static str) -> Result<(), CliError> {
        if self.json || !stdin().is_terminal() || !stderr().is_terminal() {
            return Err(CliError::NotAsked(instead));
        }
        Ok(())
    }

    /// The revision that was named, which must be there and not taken down.
    pub(crate) async fn revision(&self, state: &ChainState, at: &AssetAt) -> Result<Revision, CliError> {
        let Some(revision) = state.resolve(&at.asset, &at.reference).await.map_err(sdk)? else {
            return Err(match state.asset(&at.asset).await.map_err(sdk)? {
                Some(_) => CliError::NoRevision(at.clone()),
                None => CliError::NoAsset(at.asset.to_string()),
            });
        };
        if revision.access == PieceAccess::Denied {
            return Err(CliError::TakenDown(at.clone()));
        }
        Ok(revision)
    }
}
