//! `stoa token`: what programs show to a gateway instead of a key.

use crate::{
    context::{Context, TOKEN_VARIABLES},
    error::{CliError, sdk},
    output,
};
use clap::Subcommand;
use serde::Serialize;
use std::time::Duration;
use stoa_sdk::token::{NewToken, Scope, Token};

/// Seconds in a day.
const DAY: u64 = 86_400;

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign a token for the gateway, and print it: `export HF_TOKEN=$(stoa token new)`
    New {
        /// read or write
        #[arg(long, default_value_t = Scope::Read)]
        scope: Scope,
        /// How many days it is good for
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=366), value_name = "DAYS")]
        days: u64,
        /// What to call it
        #[arg(long, default_value = "", value_name = "TEXT")]
        label: String,
        /// Whom it is meant for [default: what the gateway calls itself]
        #[arg(long, value_name = "TEXT")]
        audience: Option<String>,
    },
    /// Show what the token in HF_TOKEN says
    Show,
    /// End the token in HF_TOKEN at the gateway, or all tokens of the account
    Revoke {
        /// All that the account has made until now
        #[arg(long)]
        all: bool,
    },
}

#[derive(Serialize)]
struct Revoked {
    revoked: &'static str,
    account: String,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::New { scope, days, label, audience } => {
            let gateway = context.gateway()?;
            let signer = context.signer()?;
            let audience = match audience {
                Some(audience) => audience,
                None => gateway.audience().await.map_err(sdk)?,
            };
            let life = Duration::from_secs(days.saturating_mul(DAY));
            let token = NewToken { audience, scope, life, label }.sign(&signer).map_err(sdk)?;
            output::note(context.json, &describe(&token));
            output::result(context.json, &token, || token.token.clone())
        }
        Command::Show => {
            let token = token(context)?;
            output::result(context.json, &token, || describe(&token))
        }
        Command::Revoke { all: false } => {
            let token = token(context)?;
            context.gateway()?.revoke_token(&token).await.map_err(sdk)?;
            let done = Revoked { revoked: "token", account: token.account.to_string() };
            output::result(context.json, &done, || format!("the token of {} has ended", done.account))
        }
        Command::Revoke { all: true } => {
            let signer = context.signer()?;
            context.gateway()?.revoke_all_tokens(&signer).await.map_err(sdk)?;
            let done = Revoked { revoked: "all", account: stoa_sdk::keys::address(&signer) };
            output::result(context.json, &done, || format!("all tokens of {} have ended", done.account))
        }
    }
}

fn token(context: &Context) -> Result<Token, CliError> {
    context
        .token()
        .ok_or_else(|| CliError::Usage(format!("put the token in {}", TOKEN_VARIABLES.join(" or "))))
}

fn describe(token: &Token) -> String {
    let label = if token.label.is_empty() { String::new() } else { format!(" `{}`", token.label) };
    output::clean(&format!(
        "token{label} to {} for {}\n  at {}\n  until {} (Unix seconds)",
        token.scope, token.account, token.audience, token.expires
    ))
}
