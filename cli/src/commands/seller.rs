//! `stoa seller`: delivers keys to buyers.

use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::{Args, Subcommand};
use std::time::Duration;
use stoa_sdk::{
    Chain, ErrorKind,
    content_keys::ContentKeys,
    seller::{Seller, SellerEvent},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

/// Longest pause after the node failed.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// What to do for a seller.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Deliver the keys that are bought, and collect what was paid for them, until it is stopped
    Serve(Serve),
}

/// How to serve.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Look so often, in seconds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600), value_name = "SECONDS")]
    every: u64,
    /// Do what is due now, and end
    #[arg(long)]
    once: bool,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    let Command::Serve(arguments) = command;
    let signer = context.signer()?;
    let keys = ContentKeys::of(&context.keystore()?);
    let mut seller = Seller::new(signer.public_key().to_account_id(), keys);
    let mut chain: Option<Chain> = None;
    let mut pause = Duration::from_secs(arguments.every);
    let mut terminated = signal(SignalKind::terminate()).map_err(CliError::Runtime)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(CliError::Runtime)?;
    loop {
        // A step isn't cut short: what it sent is waited for.
        let done = match &chain {
            Some(chain) => seller.step(chain, &signer).await.map_err(sdk),
            None => match context.chain().await {
                Ok(connected) => {
                    output::note(context.json, "delivering keys as they are bought; stop with Ctrl-C");
                    let done = seller.step(&connected, &signer).await.map_err(sdk);
                    chain = Some(connected);
                    done
                }
                Err(error) => Err(error),
            },
        };
        match done {
            Ok(events) => {
                pause = Duration::from_secs(arguments.every);
                for event in events {
                    output::result(context.json, &event, || line(&event))?;
                }
            }
            Err(error) if arguments.once || !is_passing(&error) => return Err(error),
            Err(error) => {
                output::note(context.json, &format!("{error}; trying again"));
                chain = None;
                pause = pause.saturating_mul(2).min(MAX_PAUSE);
            }
        }
        if arguments.once {
            return Ok(());
        }
        tokio::select! {
            () = sleep(pause) => {}
            _ = terminated.recv() => return Ok(()),
            _ = interrupted.recv() => return Ok(()),
        }
    }
}

/// Whether the node may do better next time.
fn is_passing(error: &CliError) -> bool {
    matches!(error, CliError::Sdk(error) if error.kind() == ErrorKind::Network)
}

fn line(event: &SellerEvent) -> String {
    match event {
        SellerEvent::Delivered { licence, disputable } => {
            format!("licence {licence}: key delivered; it can be disputed up to block {disputable}")
        }
        SellerEvent::Settled { licence } => format!("licence {licence}: paid to the asset's holders"),
        SellerEvent::NoKey { licence, deadline, reason } => {
            format!(
                "licence {licence}: NO KEY: {reason}; the buyer gets the money back after block {deadline}"
            )
        }
        SellerEvent::Refused { licence, reason } => format!("licence {licence}: {}", output::clean(reason)),
    }
}
