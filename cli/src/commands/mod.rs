//! The verbs, one file each.

mod certificate;
mod get;
mod job;
mod key;
mod publish;
mod show;
mod verify;
mod worker;

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
    /// Check that a folder is a revision, byte for byte
    Verify(verify::Arguments),
    /// Have programs run by workers
    #[command(subcommand)]
    Job(job::Command),
    /// Results that workers agreed on
    #[command(subcommand)]
    Certificate(certificate::Command),
    /// Be a worker
    #[command(subcommand)]
    Worker(worker::Command),
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::Key(command) => key::run(command, context),
        Command::Publish(arguments) => publish::run(arguments, context).await,
        Command::Get(arguments) => get::run(arguments, context).await,
        Command::Show(arguments) => show::run(arguments, context).await,
        Command::Verify(arguments) => verify::run(arguments, context).await,
        Command::Job(command) => job::run(command, context).await,
        Command::Certificate(command) => certificate::run(command, context).await,
        Command::Worker(command) => worker::run(command, context).await,
    }
}
