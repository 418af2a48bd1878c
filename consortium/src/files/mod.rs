//! Everything around a network's chain specification.
//!
//! The folder that a network is handed out in:
//! ```text
//! RUNBOOK.md                     how this network is run
//! bootnodes.txt                  where new nodes find it
//! allowed-peers                  who may take part, in permissioned mode
//! members/MEMBER/KEYS.md         what the member does with keys
//! members/MEMBER/keys.sealed     the keys that were made for it
//! members/MEMBER/NODE/           a unit, a script and a firewall for each node
//! compose.yaml, Dockerfile       all of it on one machine
//! monitoring/                    Prometheus with alerts, Grafana with a dashboard
//! ```
//! `chain-spec.json` and `chain-spec.raw.json`, which the others name, are the node's to write.

mod arguments;
mod compose;
mod dashboard;
mod firewall;
mod monitoring;
mod runbook;
#[cfg(test)]
mod tests;
mod units;

use crate::keys::Launch;
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// The chain specification that nodes are started with.
pub const CHAIN_SPEC: &str = "chain-spec.raw.json";
/// The list of peers in permissioned mode.
pub const ALLOWED_PEERS: &str = "allowed-peers";

/// A file to write.
#[derive(Clone, Eq, PartialEq)]
pub struct File {
    /// Relative to the folder.
    pub path: PathBuf,
    /// What stands in it.
    pub contents: String,
    /// Unix permissions.
    pub mode: u32,
}

impl File {
    /// A file that everybody may read.
    pub fn text(path: impl Into<PathBuf>, contents: impl Into<String>) -> Self {
        Self { path: path.into(), contents: contents.into(), mode: 0o644 }
    }

    /// A file that is run.
    pub fn script(path: impl Into<PathBuf>, contents: impl Into<String>) -> Self {
        Self { mode: 0o755, ..Self::text(path, contents) }
    }

    /// A file for its owner alone.
    pub fn secret(path: impl Into<PathBuf>, contents: impl Into<String>) -> Self {
        Self { mode: 0o600, ..Self::text(path, contents) }
    }
}

/// Contents may be secret.
impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({:o}, {} bytes)", self.path.display(), self.mode, self.contents.len())
    }
}

/// Writes files below a folder, which is made when it isn't there. A file that exists is never overwritten.
pub fn write(dir: &Path, files: &[File]) -> io::Result<()> {
    for file in files {
        let path = dir.join(&file.path);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        if let Some(parent) = path.parent() {
            let mut folders = fs::DirBuilder::new();
            folders.recursive(true);
            #[cfg(unix)]
            if file.mode == 0o600 {
                std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
            }
            folders.create(parent).map_err(named)?;
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, file.mode);
        let mut target = options.open(&path).map_err(named)?;
        target.write_all(file.contents.as_bytes()).and_then(|()| target.sync_all()).map_err(named)?;
    }
    Ok(())
}

impl Launch {
    /// Everything around the chain specification, and the sealed keys.
    pub fn files(&self) -> Vec<File> {
        let mut files = vec![
            File::text("RUNBOOK.md", runbook::runbook(self)),
            File::text("bootnodes.txt", lines(self.bootnodes())),
        ];
        if let Some(allowed) = self.allowed_peers() {
            files.push(File::text(ALLOWED_PEERS, allowed));
        }
        for member in &self.network().members {
            let dir = PathBuf::from("members").join(&member.name);
            files.push(File::text(dir.join("KEYS.md"), runbook::keys(self, member)));
            if let Some(sealed) = self.sealed().get(&member.name) {
                files.push(File::secret(dir.join("keys.sealed"), sealed));
            }
            for (node, _) in self.nodes().filter(|(node, _)| node.member == member.name) {
                let dir = dir.join(&node.name);
                files.push(File::text(dir.join(units::unit_name(node)), units::systemd(self, node)));
                files.push(File::script(dir.join("run.sh"), units::script(self, node)));
                files.push(File::text(dir.join("firewall.nft"), firewall::nftables(self, node)));
            }
        }
        files.extend(compose::files(self));
        files.extend(monitoring::files(self));
        files
    }

    /// The list for `--allowed-peers` in permissioned mode: a peer id a line, and remarks behind `#`.
    pub fn allowed_peers(&self) -> Option<String> {
        let others = self.network().permissioned.as_ref()?;
        let nodes = self
            .nodes()
            .map(|(node, identity)| format!("{} # {} of {}", identity.peer_id, node.name, node.member));
        let head = format!("# Peer ids that may take part in {}, one a line.", self.network().id);
        Some(lines([head].into_iter().chain(nodes).chain(others.iter().map(ToString::to_string))))
    }
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

/// A template with its `{{names}}` filled in.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}
