//! The verbs, one file each.

mod gateway;
mod get;
mod key;
mod order;
mod provider;
mod publish;
mod show;
mod storage;
mod token;
mod verify;

use crate::{context::Context, error::CliError};
use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make, import and show accounts
    #[command(subcommand)]
    Key(key::Command),
    /// Publish a folder as a revision of an asset
    Publish(publish::Arguments),
    /// Get a revision, or files of it, and check every byte
    Get(get::Arguments),
    /// Show what the chain knows of an asset
    Show(show::Arguments),
    /// Let a gateway publish for the account, for uploads of the Hugging Face client
    #[command(subcommand)]
    Gateway(gateway::Command),
    /// Make and end what programs show to a gateway, such as HF_TOKEN
    #[command(subcommand)]
    Token(token::Command),
    /// Check that a folder is a revision, byte for byte
    Verify(verify::Arguments),
    /// Pay providers to keep a revision, and see what they prove
    #[command(subcommand)]
    Order(order::Command),
    /// Store pieces for pay
    #[command(subcommand)]
    Provider(provider::Command),
    /// What is known of storage
    #[command(subcommand)]
    Storage(storage::Command),
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::Key(command) => key::run(command, context),
        Command::Publish(arguments) => publish::run(arguments, context).await,
        Command::Get(arguments) => get::run(arguments, context).await,
        Command::Show(arguments) => show::run(arguments, context).await,
        Command::Gateway(command) => gateway::run(command, context).await,
        Command::Token(command) => token::run(command, context).await,
        Command::Verify(arguments) => verify::run(arguments, context).await,
        Command::Order(command) => order::run(command, context).await,
        Command::Provider(command) => provider::run(command, context).await,
        Command::Storage(command) => storage::run(command, context).await,
    }
}
