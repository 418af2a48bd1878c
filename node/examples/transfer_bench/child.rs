//! Servers, and peers that never read, as processes of their own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child as Process, Command, Stdio},
    sync::Arc,
};

use anyhow::{Context, Result, bail, ensure};
use stoa_node::network::content_client::ContentClient;

use crate::{
    node::{MemoryBlocks, Node, metrics},
    peers::{self, Mute},
    sample::Sample,
    stream,
};

/// The first argument of a process that plays a part.
pub(crate) const ROLE: &str = "play";

/// What a server serves from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Server {
    /// A raw stream of bytes in memory.
    Stream,
    /// Stock Bitswap over blocks in memory.
    Memory,
    /// A node's content layer over a store.
    Store,
}

/// A process that ends with this value.
pub(crate) struct Child(Process);

impl Child {
    /// Seconds that this process and the child have spent on a core so far.
    pub(crate) fn cpu_with_own(&self) -> Result<f64> {
        Ok(cpu_time(self.0.id())? + cpu_time(std::process::id())?)
    }

    /// Fails when the process has ended by itself.
    pub(crate) fn still_runs(&mut self) -> Result<()> {
        let ended = self.0.try_wait()?;
        ensure!(ended.is_none(), "a server, or a peer that should ask for ever, ended: {ended:?}");
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            eprintln!("a process doesn't end: {error}");
        }
    }
}

/// From `/proc`, whose clock ticks a hundred times a second on every Linux.
fn cpu_time(process: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in brackets, may contain anything; the 12th and 13th field after it are what we want.
    let (_, fields) = stat.rsplit_once(')').context("no such field")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(ticks as f64 / 100.0)
}

/// Starts a server; gives its address.
pub(crate) fn serve(server: Server, sample: &Sample) -> Result<(Child, String)> {
    let role = match server {
        Server::Stream => "stream",
        Server::Memory => "memory",
        Server::Store => "store",
    };
    start(&[role, &sample.dir.to_string_lossy()])
}

/// Starts a peer that asks a server and never reads.
pub(crate) fn ask(mute: Mute, server: &str, sample: &Sample) -> Result<Child> {
    let role = match mute {
        Mute::Slices => "mute-slices",
        Mute::Bitswap => "mute-bitswap",
    };
    Ok(start(&[role, &sample.dir.to_string_lossy(), server])?.0)
}

fn start(role: &[&str]) -> Result<(Child, String)> {
    let mut process = Command::new(std::env::current_exe()?)
        .arg(ROLE)
        .args(role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = process.stdout.take().context("it has no output")?;
    let child = Child(process);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let line = line.trim_end();
    ensure!(!line.is_empty(), "{role:?} ended at once");
    Ok((child, line.into()))
}

/// Plays a part until the process that started it goes.
#[tokio::main]
pub(crate) async fn run(args: &[String]) -> Result<()> {
    let [role, dir, rest @ ..] = args else { bail!("no part to play") };
    let sample = Sample::open(Path::new(dir))?;
    let _node = match role.as_str() {
        "stream" => {
            say(stream::serve(sample.car()?)?)?;
            None
        }
        "memory" => Some(Node::start(Arc::new(MemoryBlocks(sample.blocks()?)), None, None)?),
        "store" => {
            let store = sample.store()?;
            let client = ContentClient::new(Arc::new(MemoryBlocks::default()), store.clone(), metrics()?);
            Some(Node::start(Arc::new(client), Some(&store), None)?)
        }
        "mute-slices" | "mute-bitswap" => {
            let mute = if role == "mute-slices" { Mute::Slices } else { Mute::Bitswap };
            let server = rest.first().context("no server to ask")?.parse()?;
            tokio::select! {
                gave_up = peers::ask(mute, server, &sample, || say("ready")) => return gave_up,
                gone = parent_goes() => return gone,
            }
        }
        _ => bail!("{role} isn't a part"),
    };
    if let Some(node) = &_node {
        say(node.address()?)?;
    }
    parent_goes().await
}

async fn parent_goes() -> Result<()> {
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

fn say(line: impl std::fmt::Display) -> Result<()> {
    let mut output = std::io::stdout();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}
