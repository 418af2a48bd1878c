//! `stoa`, the command line: publish assets, get them, and check every byte.
//!
//! Each verb is a file in `commands`. A command prints its result on the standard output, as text or, with
//! `--json`, as one JSON object; everything else goes to the standard error. [`error`] has the exit codes.

mod commands;
mod context;
mod deal;
mod error;
mod output;
mod progress;

use clap::{CommandFactory, Parser, error::ErrorKind};
use context::{Context, Globals};
use error::CliError;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed on this machine: files, keys, or the answer was no
  2  the command line makes no sense
  3  what was asked for doesn't exist
  4  bytes aren't what they should be
  5  the chain or the gateway refused
  6  the node or the gateway couldn't be reached, or failed

Environment:
  STOA_KEY       a secret to sign with (phrase or 0x seed, with an optional //path), used unless --account is given
  STOA_PASSWORD  the password of the account in the keystore
  STOA_TOKEN     a token of `stoa token new`, to read what isn't public; HF_TOKEN is looked at too";

/// Publish models, datasets, programs and spaces on Stoa, get them, and check every byte.
#[derive(Debug, Parser)]
#[command(name = "stoa", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let json = cli.globals.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::failed(&CliError::Runtime(error), json),
    };
    let done = runtime.block_on(async {
        let context = Context::new(cli.globals);
        commands::run(cli.command, &context).await
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failed(&error, json),
    }
}

/// What clap says: help and version are what was asked for, and the rest is an error in the form that was asked for.
fn refused(error: &clap::Error) -> ExitCode {
    let wanted = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let json = std::env::args_os().any(|argument| argument == "--json");
    if json && !wanted {
        let message = match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Cli::command().render_usage().to_string(),
            _ => error.render().to_string(),
        };
        return output::failed(&CliError::Usage(message.trim().to_owned()), true);
    }
    match error.print() {
        Ok(()) if wanted => ExitCode::SUCCESS,
        _ => ExitCode::from(error::USAGE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
