//! The piece that everybody sends: in a store, as a CAR beside it, and its blocks by name.

use std::{
    collections::HashMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use polkadot_sdk::sp_core::H256;
use stoa_content::{Access, Cid, Codec, Piece, Store, StoreOptions, car, cid, pack_dir};

/// A piece of one file that nothing can compress, on disk.
pub(crate) struct Sample {
    pub(crate) dir: PathBuf,
    pub(crate) piece: Piece,
    /// The file's blocks of 1 MiB.
    pub(crate) leaves: Vec<Cid>,
}

impl Sample {
    pub(crate) fn make(dir: &Path, size: u64) -> Result<Self> {
        let source = dir.join("source");
        fs::create_dir(&source)?;
        let mut bytes = vec![0; usize::try_from(size)?];
        blake3::Hasher::new().finalize_xof().fill(&mut bytes);
        fs::write(source.join("model.bin"), &bytes)?;
        drop(bytes);

        let packed = pack_dir(&source, File::create(dir.join("piece.car"))?, &mut |_| ())?;
        let piece = packed.piece;
        let store = open_store(&dir.join("store"))?;
        ensure!(store.import_dir(&source, &mut |_| ())?.piece == piece, "packing isn't deterministic");
        store.set_access(&piece.root, Access::Public)?;
        fs::remove_dir_all(&source)?;

        let mut index = format!("{} {}\n", hex::encode(piece.root), piece.size);
        for block in car::Reader::new(File::open(dir.join("piece.car"))?) {
            let content = block?.content;
            if content.codec == Codec::Raw {
                index.push_str(&format!("{}\n", cid(&content)));
            }
        }
        fs::write(dir.join("index"), index)?;
        Self::open(dir)
    }

    /// What [`Sample::make`] made, in another process.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let index = fs::read_to_string(dir.join("index"))?;
        let mut lines = index.lines();
        let (root, size) = lines.next().and_then(|line| line.split_once(' ')).context("an empty index")?;
        let mut piece = Piece { root: [0; 32], size: size.parse()? };
        hex::decode_to_slice(root, &mut piece.root)?;
        let leaves = lines.map(|line| Ok(line.parse()?)).collect::<Result<_>>()?;
        Ok(Self { dir: dir.into(), piece, leaves })
    }

    pub(crate) fn store(&self) -> Result<Store> {
        open_store(&self.dir.join("store"))
    }

    pub(crate) fn car(&self) -> Result<Vec<u8>> {
        Ok(fs::read(self.dir.join("piece.car"))?)
    }

    /// All blocks in memory, by digest.
    pub(crate) fn blocks(&self) -> Result<HashMap<H256, Vec<u8>>> {
        car::Reader::new(File::open(self.dir.join("piece.car"))?)
            .map(|block| {
                let block = block?;
                Ok((H256(block.content.digest), block.data.to_vec()))
            })
            .collect()
    }
}

pub(crate) fn open_store(dir: &Path) -> Result<Store> {
    Ok(Store::open(dir, StoreOptions { byte_limit: u64::MAX })?)
}
