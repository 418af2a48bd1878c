//! The verbs, one file each.

mod buy;
mod certificate;
mod claim;
mod earnings;
mod gateway;
mod get;
mod grants;
mod job;
mod key;
mod licences;
mod link;
mod list;
mod order;
mod provider;
mod publish;
mod seller;
mod shares;
mod show;
mod storage;
mod token;
mod verify;
mod vote;
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
    /// Show what is on sale, or put it there
    List(list::Arguments),
    /// Buy a licence, with the key where one is sold
    Buy(buy::Buy),
    /// Buy a licence for somebody else
    Gift(buy::Gift),
    /// Show licences, return, refund, dispute and settle them
    Licences(licences::Arguments),
    /// Show who may read an asset, or let somebody
    Grants(grants::Arguments),
    /// Set, show and transfer shares of what an asset earns
    #[command(subcommand)]
    Shares(shares::Command),
    /// Show what an asset was built on and owes for that, or link it to a parent
    Link(link::Arguments),
    /// Show what an asset earned
    Earnings(earnings::Arguments),
    /// Get what shares earned
    Claim(claim::Arguments),
    /// Deliver keys to buyers
    #[command(subcommand)]
    Seller(seller::Command),
    /// Have programs run by workers
    #[command(subcommand)]
    Job(job::Command),
    /// Results that workers agreed on
    #[command(subcommand)]
    Certificate(certificate::Command),
    /// Be a worker
    #[command(subcommand)]
    Worker(worker::Command),
    /// Show referenda, and vote on them
    Vote(vote::Arguments),
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
        Command::List(arguments) => list::run(arguments, context).await,
        Command::Buy(arguments) => buy::buy(arguments, context).await,
        Command::Gift(arguments) => buy::gift(arguments, context).await,
        Command::Licences(arguments) => licences::run(arguments, context).await,
        Command::Grants(arguments) => grants::run(arguments, context).await,
        Command::Shares(command) => shares::run(command, context).await,
        Command::Link(arguments) => link::run(arguments, context).await,
        Command::Earnings(arguments) => earnings::run(arguments, context).await,
        Command::Claim(arguments) => claim::run(arguments, context).await,
        Command::Seller(command) => seller::run(command, context).await,
        Command::Job(command) => job::run(command, context).await,
        Command::Certificate(command) => certificate::run(command, context).await,
        Command::Worker(command) => worker::run(command, context).await,
        Command::Vote(arguments) => vote::run(arguments, context).await,
    }
}
