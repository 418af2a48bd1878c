//! Fetches a public asset by name: `cargo run -p stoa-sdk --example fetch -- owner/name[@revision] FOLDER`.

use std::{path::Path, sync::Arc};
use stoa_sdk::{
    Chain, Gateway,
    fetch::{FetchOptions, fetch},
    names::AssetAt,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(folder)) = (arguments.next(), arguments.next()) else {
        println!("give an asset and a folder: owner/name[@revision] FOLDER");
        return Ok(());
    };
    let at: AssetAt = name.parse()?;

    let chain = Chain::connect("ws://127.0.0.1:9944").await?;
    let Some(revision) = chain.state().await?.resolve(&at.asset, &at.reference).await? else {
        println!("there is no {at} on this chain");
        return Ok(());
    };

    // Every block is checked on the way from the root CID that the chain names, whatever gateway it comes from.
    let gateway = Gateway::new("http://127.0.0.1:8080")?;
    let options = FetchOptions::default();
    let piece = Some(&revision.piece);
    let fetched =
        fetch(&gateway, &revision.content, piece, Path::new(&folder), &options, Arc::new(())).await?;
    for file in fetched.files {
        println!("{} ({} bytes)", file.path, file.size);
    }
    Ok(())
}
