//! The body of a commit: a line of JSON for the message and one for each change, as they come.
//!
//! Files stand in it in base64, each in one line that may be far longer than memory should take. So a line is scanned
//! while it comes: the text of `"content"` goes decoded to a spool on disk, and only the rest of the line is kept and
//! parsed.

use std::io::{self, BufWriter, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use tempfile::NamedTempFile;

use super::staging::Oid;

/// Longest line without the content in it.
const MAX_LINE: usize = 64 << 10;
/// Longest key that is compared.
const MAX_KEY: usize = 16;
/// Changes in one commit.
pub(super) const MAX_OPERATIONS: usize = 25_000;
/// Base64 that is decoded at once: a multiple of four letters.
const STEP: usize = 64 << 10;

/// Why a body isn't a commit.
#[derive(Debug, thiserror::Error)]
pub(super) enum PayloadError {
    #[error("line {line} of the commit {why}")]
    Line { line: usize, why: String },
    #[error("the commit has no header: send {{\"key\": \"header\", \"value\": {{\"summary\": …}}}} first")]
    NoHeader,
    #[error("the commit has more than {MAX_OPERATIONS} changes: send it in several parts")]
    TooMany,
    #[error("the spool failed: {0}")]
    Spool(#[from] io::Error),
}

/// A change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Operation {
    /// A file whose bytes lie in the spool.
    File {
        path: String,
        start: u64,
        size: u64,
    },
    /// A file that was sent before, or that the repository has.
    LfsFile {
        path: String,
        oid: Oid,
        size: Option<u64>,
    },
    DeleteFile {
        path: String,
    },
    DeleteFolder {
        path: String,
    },
}

/// What a commit says of itself.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header {
    #[serde(default)]
    pub(super) summary: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) parent_commit: Option<String>,
}

/// A whole commit.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) header: Header,
    pub(super) operations: Vec<Operation>,
    pub(super) spool: NamedTempFile,
}

#[derive(Deserialize)]
#[serde(tag = "key", content = "value", rename_all = "camelCase")]
enum Line {
    Header(Header),
    File {
        path: String,
        #[serde(default)]
        encoding: Option<String>,
    },
    LfsFile {
        path: String,
        #[serde(default)]
        algo: Option<String>,
        oid: String,
        #[serde(default)]
        size: Option<u64>,
    },
    DeletedFile {
        path: String,
    },
    DeletedFolder {
        path: String,
    },
}

/// The content of a line, while it comes.
struct Content {
    /// Letters that weren't decoded yet.
    letters: Vec<u8>,
    start: u64,
}

enum Mode {
    Json,
    Content(Content),
}

/// Reads a commit as it comes.
pub(super) struct Scanner {
    mode: Mode,
    line: Vec<u8>,
    number: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The last string, when it is short; a key once a colon follows.
    text: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
    /// Where this line's content lies in the spool.
    content: Option<(u64, u64)>,
    header: Option<Header>,
    operations: Vec<Operation>,
    spool: BufWriter<NamedTempFile>,
    written: u64,
}

impl Scanner {
    pub(super) fn new(spool: NamedTempFile) -> Self {
        Self {
            mode: Mode::Json,
            line: Vec::new(),
            number: 1,
            depth: 0,
            in_string: false,
            escaped: false,
            text: None,
            key: None,
            content: None,
            header: None,
            operations: Vec::new(),
            spool: BufWriter::with_capacity(1 << 20, spool),
            written: 0,
        }
    }

    /// Bytes that the spool has.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), PayloadError> {
        while !bytes.is_empty() {
            bytes = match &mut self.mode {
                Mode::Content(_) => self.take_content(bytes)?,
                Mode::Json => {
                    let (first, rest) = bytes.split_at(1);
                    for byte in first {
                        self.take_json(*byte)?;
                    }
                    rest
                }
            };
        }
        Ok(())
    }

    /// The commit, once all of it has come.
    pub(super) fn finish(mut self) -> Result<Payload, PayloadError> {
        if !matches!(self.mode, Mode::Json) {
            return Err(self.wrong("ends inside a file"));
        }
        self.end_line()?;
        let header = self.header.ok_or(PayloadError::NoHeader)?;
        let spool = self.spool.into_inner().map_err(|error| error.into_error())?;
        Ok(Payload { header, operations: self.operations, spool })
    }

    fn wrong(&self, why: impl Into<String>) -> PayloadError {
        PayloadError::Line { line: self.number, why: why.into() }
    }

    fn take_json(&mut self, byte: u8) -> Result<(), PayloadError> {
        if byte == b'\n' {
            return self.end_line();
        }
        if self.line.len() >= MAX_LINE {
            return Err(self.wrong(format!("has more than {MAX_LINE} bytes beside the file's")));
        }
        self.line.push(byte);
        if self.in_string {
            return self.take_text(byte);
        }
        match byte {
            b'"' => {
                let is_content = self.key.take().is_some_and(|key| key == b"content");
                if is_content && self.depth == 2 {
                    if self.content.is_some() {
                        return Err(self.wrong("has two contents"));
                    }
                    self.mode = Mode::Content(Content { letters: Vec::new(), start: self.written });
                } else {
                    (self.in_string, self.text) = (true, Some(Vec::new()));
                }
            }
            b':' => self.key = self.text.take(),
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                (self.key, self.text) = (None, None);
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            byte if byte.is_ascii_whitespace() => {}
            _ => (self.key, self.text) = (None, None),
        }
        Ok(())
    }

    fn take_text(&mut self, byte: u8) -> Result<(), PayloadError> {
        match byte {
            _ if self.escaped => (self.escaped, self.text) = (false, None),
            b'\\' => self.escaped = true,
            b'"' => self.in_string = false,
            byte => {
                if let Some(text) = &mut self.text {
                    text.push(byte);
                    if text.len() > MAX_KEY {
                        self.text = None;
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes base64 up to the closing quote; gives what follows it.
    fn take_content<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], PayloadError> {
        let end = bytes.iter().position(|byte| *byte == b'"');
        let (letters, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        let Mode::Content(content) = &mut self.mode else { return Ok(bytes) };
        // JSON may write a slash with a backslash before it, and no other letter of base64.
        content.letters.extend(letters.iter().filter(|letter| **letter != b'\\'));
        let whole = match end {
            Some(_) => content.letters.len(),
            None => content.letters.len() / STEP * STEP,
        };
        let start = content.start;
        let now: Vec<u8> = content.letters.drain(..whole).collect();
        for step in now.chunks(STEP) {
            let decoded = STANDARD.decode(step).map_err(|error| PayloadError::Line {
                line: self.number,
                why: format!("has a file that isn't base64: {error}"),
            })?;
            self.spool.write_all(&decoded)?;
            self.written = self.written.saturating_add(decoded.len() as u64);
        }
        let Some((_, rest)) = end.and_then(|_| rest.split_first()) else { return Ok(&[]) };
        self.line.push(b'"');
        self.content = Some((start, self.written.saturating_sub(start)));
        self.mode = Mode::Json;
        Ok(rest)
    }

    fn end_line(&mut self) -> Result<(), PayloadError> {
        let line = std::mem::take(&mut self.line);
        if !line.iter().all(u8::is_ascii_whitespace) {
            let parsed: Line = serde_json::from_slice(&line)
                .map_err(|error| self.wrong(format!("isn't a change: {error}")))?;
            let content = self.content.take();
            self.take_line(parsed, content)?;
        }
        self.number = self.number.saturating_add(1);
        (self.depth, self.in_string, self.escaped) = (0, false, false);
        (self.text, self.key) = (None, None);
        Ok(())
    }

    fn take_line(&mut self, line: Line, content: Option<(u64, u64)>) -> Result<(), PayloadError> {
        let operation = match line {
            Line::Header(header) => {
                if content.is_some() || self.header.is_some() || !self.operations.is_empty() {
                    return Err(self.wrong("is a header that isn't the first line"));
                }
                self.header = Some(header);
                return Ok(());
            }
            Line::File { path, encoding } => {
                let Some((start, size)) = content else {
                    return Err(self.wrong("is a file without content"));
                };
                if encoding.as_deref() != Some("base64") {
                    return Err(self.wrong("has a file in another encoding than base64"));
                }
                self.operations.push(Operation::File { path, start, size });
                return self.check_room();
            }
            Line::LfsFile { path, algo, oid, size } => {
                if algo.is_some_and(|algo| algo != "sha256") {
                    return Err(self.wrong("names its file by something else than sha256"));
                }
                let mut bytes = Oid::default();
                hex::decode_to_slice(&oid, &mut bytes)
                    .map_err(|_| self.wrong("has an oid that isn't a sha2-256 in hex"))?;
                Operation::LfsFile { path, oid: bytes, size }
            }
            Line::DeletedFile { path } => Operation::DeleteFile { path },
            Line::DeletedFolder { path } => Operation::DeleteFolder { path },
        };
        if content.is_some() {
            return Err(self.wrong("has content that isn't a file's"));
        }
        self.operations.push(operation);
        self.check_room()
    }

    fn check_room(&self) -> Result<(), PayloadError> {
        match self.header.is_none() {
            true => Err(PayloadError::NoHeader),
            false if self.operations.len() > MAX_OPERATIONS => Err(PayloadError::TooMany),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek};

    const HEADER: &str = "{\"key\": \"header\", \"value\": {\"summary\": \"m\", \"description\": \"\"}}\n";

    fn scan(body: &[u8], step: usize) -> Result<Payload, PayloadError> {
        let mut scanner = Scanner::new(NamedTempFile::new().unwrap());
        body.chunks(step).try_for_each(|bytes| scanner.push(bytes))?;
        scanner.finish()
    }

    fn spool(payload: &mut Payload) -> Vec<u8> {
        let mut bytes = Vec::new();
        payload.spool.rewind().unwrap();
        payload.spool.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_commit_is_read_however_it_is_cut() {
        let big: Vec<u8> = (0..3 * STEP + 1).map(|at| (at * 31 % 251) as u8).collect();
        let encoded = STANDARD.encode(&big);
        let body = format!(
            "{HEADER}{{\"key\": \"file\", \"value\": {{\"content\": \"{encoded}\", \"path\": \"a/\\\"content\\\": b\", \"encoding\": \"base64\"}}}}\n\
             {{\"value\":{{\"path\":\"é\",\"encoding\":\"base64\",\"content\":\"aGk=\"}},\"key\":\"file\"}}\n\n\
             {{\"key\":\"file\",\"value\":{{\"content\":\"\",\"path\":\"empty\",\"encoding\":\"base64\"}}}}\n\
             {{\"key\":\"lfsFile\",\"value\":{{\"path\":\"w\",\"algo\":\"sha256\",\"oid\":\"{}\",\"size\":7}}}}\n\
             {{\"key\":\"deletedFile\",\"value\":{{\"path\":\"old\"}}}}\n\
             {{\"key\":\"deletedFolder\",\"value\":{{\"path\":\"olds/\"}}}}",
            "ab".repeat(32)
        );
        let size = big.len() as u64;
        for step in [1, 7, 4096, body.len()] {
            let mut payload = scan(body.as_bytes(), step).unwrap();
            assert_eq!(payload.header.summary, "m");
            assert_eq!(
                payload.operations,
                [
                    Operation::File { path: "a/\"content\": b".into(), start: 0, size },
                    Operation::File { path: "é".into(), start: size, size: 2 },
                    Operation::File { path: "empty".into(), start: size + 2, size: 0 },
                    Operation::LfsFile { path: "w".into(), oid: [0xab; 32], size: Some(7) },
                    Operation::DeleteFile { path: "old".into() },
                    Operation::DeleteFolder { path: "olds/".into() },
                ]
            );
            assert!(spool(&mut payload) == [big.as_slice(), b"hi"].concat(), "{step}");
        }
    }

    #[test]
    fn a_header_may_speak_of_content() {
        let body = "{\"key\":\"header\",\"value\":{\"summary\":\"content\",\"description\":\"\\\"content\\\": \\\"aGk=\\\"\"}}\n";
        assert_eq!(scan(body.as_bytes(), 5).unwrap().header.summary, "content");
    }

    #[test]
    fn garbage_is_refused_with_its_line() {
        let file = |content: &str, encoding: &str| {
            format!(
                "{{\"key\":\"file\",\"value\":{{\"content\":\"{content}\",\"path\":\"a\",\"encoding\":\"{encoding}\"}}}}\n"
            )
        };
        let long =
            format!("{{\"key\":\"deletedFile\",\"value\":{{\"path\":\"{}\"}}}}\n", "x".repeat(MAX_LINE));
        for bad in [
            "garbage\n".to_owned(),
            "\0\0\0".to_owned(),
            "[1,2]\n".to_owned(),
            "{\"key\":\"magic\",\"value\":{}}\n".to_owned(),
            "{\"key\":\"file\",\"value\":{\"path\":\"a\",\"encoding\":\"base64\"}}\n".to_owned(),
            file("a%%%", "base64"),
            file("aGk", "base64"),
            file("aGk=\\n", "base64"),
            file("aGk=", "utf-8"),
            file("aGk=", "base64").replace("\"path\"", "\"content\":\"aGk=\",\"path\""),
            "{\"key\":\"file\",\"value\":{\"content\":\"aGk=".to_owned(),
            "{\"key\":\"lfsFile\",\"value\":{\"path\":\"a\",\"algo\":\"md5\",\"oid\":\"00\"}}\n".to_owned(),
            "{\"key\":\"lfsFile\",\"value\":{\"path\":\"a\",\"oid\":\"00\"}}\n".to_owned(),
            HEADER.to_owned(),
            long,
        ] {
            let outcome = scan(format!("{HEADER}{bad}").as_bytes(), 11);
            assert!(matches!(outcome, Err(PayloadError::Line { line: 2, .. })), "{bad:.60} {outcome:?}");
        }
        for none in ["", "\n\n", "{\"key\":\"deletedFile\",\"value\":{\"path\":\"a\"}}\n"] {
            assert!(matches!(scan(none.as_bytes(), 3), Err(PayloadError::NoHeader)), "{none}");
        }
    }

    #[test]
    fn a_commit_with_too_many_changes_is_refused() {
        let change = "{\"key\":\"deletedFile\",\"value\":{\"path\":\"a\"}}\n";
        let body = HEADER.to_owned() + &change.repeat(MAX_OPERATIONS);
        assert_eq!(scan(body.as_bytes(), 1 << 16).unwrap().operations.len(), MAX_OPERATIONS);
        assert!(matches!(scan((body + change).as_bytes(), 1 << 16), Err(PayloadError::TooMany)));
    }
}
