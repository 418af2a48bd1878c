//! Results on the standard output, all else on the standard error.

use crate::error::{CliError, USAGE};
use serde::Serialize;
use std::{io, io::Write, process::ExitCode};

/// Prints a result: one JSON object, or text.
pub(crate) fn result<T: Serialize>(
    json: bool,
    value: &T,
    text: impl FnOnce() -> String,
) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let written = if json {
        serde_json::to_writer(&mut out, value).map_err(io::Error::from).and_then(|()| writeln!(out))
    } else {
        writeln!(out, "{}", text().trim_end())
    };
    match written.and_then(|()| out.flush()) {
        // Whoever reads had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(CliError::Output),
    }
}

/// Tells something that isn't the result. Nothing is told in JSON, where the result has it.
pub(crate) fn note(json: bool, text: &str) {
    if !json {
        tell(text);
    }
}

/// Prints an error, and gives its exit code.
pub(crate) fn failed(error: &CliError, json: bool) -> ExitCode {
    let (code, word) = error.code();
    if json {
        tell(
            &serde_json::json!({ "error": { "code": word, "exit": code, "message": error.to_string() } })
                .to_string(),
        );
    } else {
        tell(&format!("error: {}", clean(&error.to_string())));
        if code == USAGE {
            tell("see `stoa --help`");
        }
    }
    ExitCode::from(code)
}

fn tell(text: &str) {
    // Nothing is left to be done when even this fails.
    if writeln!(io::stderr(), "{text}").is_err() {}
}

/// A text from elsewhere without what a terminal would obey.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|char| if char.is_control() && char != '\n' { '\u{fffd}' } else { char }).collect()
}

/// A number of bytes as people read it.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{7}"), "a\u{fffd}[2Jb\nc\u{fffd}");
    }
}
