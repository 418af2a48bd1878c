//! The service: looks at every new block, and does what the chain says this worker should do next.
//!
//! What to do comes from the chain's runtime API alone, so a worker that was away goes on where the chain says that it
//! is. The only thing that it must not lose is the [record](records) of a result that it committed to.

pub mod config;
mod duties;
mod outputs;
mod policy;
pub mod records;
mod work;

use anyhow::Context;
use config::Config;
use records::Records;
use std::{
    collections::HashSet,
    io::{self, Write},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use stoa_primitives::ContentId;
use stoa_sdk::{
    Chain, Error, ErrorKind, Gateway, Keypair, Keystore,
    chain::Wait,
    keys::{AccountId32, DEFAULT_ACCOUNT, PASSWORD_VARIABLE, address, pair_from_environment},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval, sleep},
};

/// How often the chain is asked for a new block.
const LOOK: Duration = Duration::from_millis(500);
/// Longest pause between attempts to reach the node.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Tells the operator something.
pub(crate) fn log(text: &str) {
    // Nothing is left to be done when even this fails.
    if writeln!(io::stderr(), "worker: {text}").is_err() {}
}

/// A value that is replaced now and then.
struct Latest<T>(Mutex<T>);

impl<T: Clone> Latest<T> {
    fn get(&self) -> T {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

/// Programs that are known to compile here.
#[derive(Default)]
struct Compiled(Mutex<HashSet<ContentId>>);

impl Compiled {
    const MOST: usize = 10_000;

    fn has(&self, program: &ContentId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(program)
    }

    fn add(&self, program: ContentId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(program);
    }
}

/// What all of the service uses.
pub(crate) struct Shared {
    config: Config,
    signer: Keypair,
    account: AccountId32,
    gateway: Gateway,
    records: Records,
    engine: PathBuf,
    chain: Latest<Chain>,
    head: AtomicU32,
    compiled: Compiled,
}

impl Shared {
    fn chain(&self) -> Chain {
        self.chain.get()
    }

    /// The number of the last block that was looked at.
    fn head(&self) -> u32 {
        self.head.load(Ordering::Relaxed)
    }
}

/// Runs a worker until it is told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data).with_context(|| config.data.display().to_string())?;
    let signer = signer(&config)?;
    let account = signer.public_key().to_account_id();
    let gateway = Gateway::new(&config.gateway)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let chain = tokio::select! {
        chain = connect(&config.node) => chain,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let records = Records::open(&config.data, &chain.genesis(), &address(&signer))?;
    let engine =
        std::env::current_exe().context("this program can't find itself, which the engine runs in")?;
    let shared = Arc::new(Shared {
        config,
        signer,
        account,
        gateway,
        records,
        engine,
        chain: Latest(Mutex::new(chain)),
        head: AtomicU32::new(0),
        compiled: Compiled::default(),
    });
    let following = follow(shared);
    tokio::select! {
        ended = following => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

async fn follow(shared: Arc<Shared>) -> anyhow::Result<()> {
    let mut desk = duties::Desk::new(shared.clone());
    let mut offered = false;
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let done = async {
            if !offered {
                offered = offer(&shared).await?;
            }
            if offered { desk.look().await } else { Ok(()) }
        }
        .await;
        if let Err(error) = done {
            log(&format!("{error:#}"));
            if error.downcast_ref::<Error>().is_none_or(|error| error.kind() == ErrorKind::Network) {
                shared.chain.set(connect(&shared.config.node).await);
            }
        }
    }
}

/// Makes the chain's record of this worker say what its settings say; false when it isn't registered.
async fn offer(shared: &Shared) -> anyhow::Result<bool> {
    let chain = shared.chain();
    let state = chain.state().await.map_err(Error::from)?;
    let Some(worker) = state.worker(&shared.account).await.map_err(Error::from)? else {
        let address = address(&shared.signer);
        log(&format!("{address} isn't a worker yet: register it with `stoa worker register`"));
        sleep(MAX_PAUSE / 5).await;
        return Ok(false);
    };
    let (price, limits) = (u128::from(shared.config.price), shared.config.limits.offered());
    let engine = crate::engine::settings::id();
    if worker.price != price || worker.limits != limits || !worker.engines.contains(&engine) {
        chain
            .update_worker(&shared.signer, price, limits, &[engine], Wait::InBlock)
            .await
            .map_err(Error::from)?;
        log("the chain has the new price, limits and engine");
    }
    log(&format!("{} works with engine {}", address(&shared.signer), hex::encode(engine)));
    Ok(true)
}

/// A connection to the node, as soon as there is one.
async fn connect(node: &str) -> Chain {
    let mut pause = LOOK;
    loop {
        match Chain::connect(node).await {
            Ok(chain) => return chain,
            Err(error) => log(&error.to_string()),
        }
        sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

/// The worker's key, from the environment or the keystore.
fn signer(config: &Config) -> anyhow::Result<Keypair> {
    if config.account.is_none()
        && let Some(pair) = pair_from_environment()
    {
        return Ok(pair?);
    }
    let keystore = match &config.keystore {
        Some(dir) => Keystore::at(dir),
        None => Keystore::of_user()?,
    };
    let account = config.account.as_deref().unwrap_or(DEFAULT_ACCOUNT);
    keystore.show(account)?;
    let password = std::env::var(PASSWORD_VARIABLE)
        .with_context(|| format!("put the password of account `{account}` in {PASSWORD_VARIABLE}"))?;
    Ok(keystore.unlock(account, &password)?)
}
