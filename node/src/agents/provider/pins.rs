//! Which pieces the agent pinned, so that it lets go of those and never of what the operator pinned.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use stoa_content::{Store, StoreError};
use stoa_primitives::PieceRoot;

use crate::content_service::parse_root;

/// A list in a file, a root a line.
pub struct Pins {
    path: PathBuf,
    roots: BTreeSet<PieceRoot>,
}

impl Pins {
    /// Reads the list; a file that isn't there is an empty one.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        // A line that isn't a root pins nothing: the piece stays pinned in the store, where the operator can unpin it.
        let roots = text.lines().filter_map(|line| parse_root(line.trim())).collect();
        Ok(Self { path, roots })
    }

    /// The pieces.
    pub fn roots(&self) -> impl Iterator<Item = &PieceRoot> {
        self.roots.iter()
    }

    /// Pins a piece of the store; false when it isn't there.
    pub fn pin(&mut self, store: &Store, root: PieceRoot) -> Result<bool, PinError> {
        let Some(info) = store.piece(&root)? else { return Ok(false) };
        if info.pinned {
            return Ok(true);
        }
        // Written first: what is in the list and isn't pinned does no harm.
        if self.roots.insert(root) {
            self.save()?;
        }
        Ok(store.pin(&root, true)?)
    }

    /// Lets go of a piece, if it was pinned here.
    pub fn unpin(&mut self, store: &Store, root: &PieceRoot) -> Result<(), PinError> {
        if self.roots.contains(root) {
            store.pin(root, false)?;
            self.roots.remove(root);
            self.save()?;
        }
        Ok(())
    }

    fn save(&self) -> io::Result<()> {
        let text: String = self.roots.iter().map(|root| format!("{}\n", hex::encode(root))).collect();
        write(&self.path, &text)
    }
}

/// Replaces a file in one step.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, text)?;
    fs::File::open(&new)?.sync_all()?;
    fs::rename(&new, path)
}

/// Why a piece can't be pinned or let go.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The list can't be written.
    #[error("the list of pins can't be written: {0}")]
    List(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use stoa_content::StoreOptions;
    use tempfile::TempDir;

    use super::*;

    fn import(store: &Store, text: &str) -> PieceRoot {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("file"), text).unwrap();
        store.import_dir(dir.path(), &mut |_| {}).unwrap().piece.root
    }

    #[test]
    fn the_agents_pins_survive_a_restart_and_the_operators_are_left_alone() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(&dir.path().join("store"), StoreOptions { byte_limit: 1 << 30 }).unwrap();
        let (own, other) = (import(&store, "own"), import(&store, "other"));
        store.pin(&other, true).unwrap();
        let path = dir.path().join("pins");
        let mut pins = Pins::open(path.clone()).unwrap();
        assert!(pins.pin(&store, own).unwrap() && pins.pin(&store, other).unwrap());
        assert!(!pins.pin(&store, [7; 32]).unwrap());
        drop(pins);

        let mut pins = Pins::open(path).unwrap();
        assert_eq!(pins.roots().collect::<Vec<_>>(), [&own]);
        for root in [own, other] {
            pins.unpin(&store, &root).unwrap();
        }
        let pinned = |root| store.piece(&root).unwrap().unwrap().pinned;
        assert!(!pinned(own) && pinned(other));
        assert_eq!(pins.roots().count(), 0);
    }
}
