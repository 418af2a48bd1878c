//! Prints what it costs to verify one possession challenge, beside `sp_io::trie` verifying a proof over the same bytes.
//!
//! `cargo run --release -p pallet-storage-proofs --example verify_bench -- [--leaves 65536] [--rounds 20000]`
//!
//! The same data stands in both: leaves of 1,024 bytes, in BLAKE3's own tree, and in a trie of the chain's layout by the
//! leaf's number.

use std::{error::Error, hint::black_box, time::Instant};

use polkadot_sdk::{
    sp_core::{Blake2Hasher, H256},
    sp_io,
    sp_runtime::StateVersion,
};
use sp_trie::{LayoutV1, MemoryDB, TrieMut, generate_trie_proof, trie_types::TrieDBMutBuilderV1};
use stoa_primitives::{
    LEAF_SIZE, Piece,
    possession::{LeafProof, max_proof_size, prove_in_subtree, verify},
};

/// DESIGN's figure, in microseconds.
const GOAL: f64 = 10.0;
/// Leaves that are proven.
const PICKS: u64 = 64;

type TrieProof = (Vec<u8>, Vec<Vec<u8>>, Vec<u8>);

fn main() -> Result<(), Box<dyn Error>> {
    let (mut leaves, mut rounds) = (65_536u64, 20_000u32);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--leaves" => leaves = value()?.parse()?,
            "--rounds" => rounds = value()?.parse()?,
            _ => return Err(format!("{arg} isn't known: --leaves and --rounds are").into()),
        }
    }
    let data = noise(leaves * LEAF_SIZE);
    let piece = Piece { root: *blake3::hash(&data).as_bytes(), size: data.len() as u64 };
    let picks: Vec<u64> = (0..PICKS).map(|pick| pick.wrapping_mul(0x9e37_79b9_7f4a_7c15) % leaves).collect();
    let ours = picks.iter().map(|leaf| Some((*leaf, prove_in_subtree(0, &data, *leaf)?)));
    let ours: Vec<(u64, LeafProof)> = ours.collect::<Option<_>>().ok_or("a leaf outside the piece")?;
    let (root, theirs) = trie_proofs(&data, &picks)?;

    let our_micros = timed(rounds, |round| {
        let (leaf, proof) = &ours[round % ours.len()];
        verify(black_box(&piece), *leaf, black_box(proof)).is_ok()
    })?;
    let their_micros = timed(rounds, |round| {
        let (key, proof, value) = &theirs[round % theirs.len()];
        sp_io::trie::blake2_256_verify_proof(black_box(root), black_box(proof), key, value, StateVersion::V1)
    })?;
    let our_bytes = mean(ours.iter().map(|(_, proof)| proof.leaf.len() + 32 * proof.path.len()));
    let their_bytes = mean(theirs.iter().map(|(_, proof, _)| proof.iter().map(Vec::len).sum::<usize>()));
    println!("{leaves} leaves of {LEAF_SIZE} bytes, native, {rounds} rounds");
    println!(
        "  a challenge        {our_micros:.2} µs (goal at most {GOAL}), {our_bytes:.0} bytes of at most {}",
        max_proof_size(&piece)
    );
    println!("  sp_io::trie        {their_micros:.2} µs, {their_bytes:.0} bytes");
    println!(
        "  ratio              {:.2} of the time, {:.2} of the bytes",
        our_micros / their_micros,
        our_bytes / their_bytes
    );
    Ok(())
}

/// Microseconds a round; every one must succeed.
fn timed(rounds: u32, mut verifies: impl FnMut(usize) -> bool) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    for round in 0..rounds {
        if !verifies(round as usize) {
            return Err("a good proof was refused".into());
        }
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds))
}

fn trie_proofs(data: &[u8], picks: &[u64]) -> Result<(H256, Vec<TrieProof>), Box<dyn Error>> {
    let (mut db, mut root) = (MemoryDB::<Blake2Hasher>::default(), H256::default());
    {
        let mut trie = TrieDBMutBuilderV1::<Blake2Hasher>::new(&mut db, &mut root).build();
        for (number, leaf) in (0_u64..).zip(data.chunks(LEAF_SIZE as usize)) {
            trie.insert(&number.to_be_bytes(), leaf).map_err(|error| format!("{error:?}"))?;
        }
    }
    let mut proofs = Vec::new();
    for pick in picks {
        let key = pick.to_be_bytes();
        let proof = generate_trie_proof::<LayoutV1<Blake2Hasher>, _, _, _>(&db, root, [&key])
            .map_err(|error| format!("{error:?}"))?;
        let start = (pick * LEAF_SIZE) as usize;
        proofs.push((key.to_vec(), proof, data[start..start + LEAF_SIZE as usize].to_vec()));
    }
    Ok((root, proofs))
}

fn mean(values: impl ExactSizeIterator<Item = usize>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<usize>() as f64 / count
}

fn noise(len: u64) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len as usize + 8);
    while (bytes.len() as u64) < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len as usize);
    bytes
}
