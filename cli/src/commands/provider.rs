//! `stoa provider`: an account that stores pieces for pay.

use super::storage::{Agreed, Spending, required_stake};
use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::{Args, Subcommand};
use serde::Serialize;
use stoa_sdk::{
    Chain,
    chain::{
        ChainState, amount,
        storage::{
            Contact, Multiaddr, PAGE, PeerId, Provider, Replica, Rules, Standing, StorageCall, Window,
        },
    },
    keys::{AccountId32, Keypair},
    units::{parse_amount, parse_size},
};

/// Pieces that a status shows.
const SHOWN: u32 = 64;

/// What to do as a provider.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register the account as a provider, with stake for its whole capacity
    Register(Register),
    /// Change price, capacity or how the node is reached, or add stake
    Update(Update),
    /// Show how a provider stands, what it keeps and what it is owed
    Status(Status),
    /// Take out stake, or leave: give notice for every piece, close what is over, and deregister at the end
    Withdraw(Withdraw),
    /// Leave jail, for a window on probation
    Unjail(Agreed),
}

/// How the node is reached.
#[derive(Args, Debug)]
struct Reached {
    /// The node's peer id [default: that of --node]
    #[arg(long, value_name = "PEER")]
    peer: Option<PeerId>,
    /// An address that other nodes can dial [default: those that --node listens on]
    #[arg(long = "address", value_name = "MULTIADDR")]
    addresses: Vec<Multiaddr>,
}

/// A new provider.
#[derive(Args, Debug)]
pub(crate) struct Register {
    /// Most bytes to store, such as 500GiB; the stake is in proportion
    #[arg(long, value_parser = parse_size, value_name = "SIZE")]
    capacity: u64,
    /// STOA for a GiB and window
    #[arg(long, value_parser = parse_amount, value_name = "STOA")]
    price: u128,
    #[command(flatten)]
    reached: Reached,
    #[command(flatten)]
    agreed: Agreed,
}

/// What changes.
#[derive(Args, Debug)]
pub(crate) struct Update {
    /// Most bytes to store; more needs more stake, which is added
    #[arg(long, value_parser = parse_size, value_name = "SIZE")]
    capacity: Option<u64>,
    /// STOA for a GiB and window; a higher one applies from the next window on
    #[arg(long, value_parser = parse_amount, value_name = "STOA")]
    price: Option<u128>,
    /// STOA to add to the stake
    #[arg(long, value_parser = parse_amount, value_name = "STOA")]
    add_stake: Option<u128>,
    #[command(flatten)]
    reached: Reached,
    #[command(flatten)]
    agreed: Agreed,
}

/// Whose status.
#[derive(Args, Debug)]
pub(crate) struct Status {
    /// The provider [default: the account]
    #[arg(long, value_name = "ADDRESS")]
    of: Option<AccountId32>,
}

/// How to leave.
#[derive(Args, Debug)]
pub(crate) struct Withdraw {
    /// STOA to take out of the stake; everything stays as it is otherwise
    #[arg(long, value_parser = parse_amount, value_name = "STOA")]
    stake: Option<u128>,
    #[command(flatten)]
    agreed: Agreed,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::Register(arguments) => register(arguments, context).await,
        Command::Update(arguments) => update(arguments, context).await,
        Command::Status(arguments) => status(arguments, context).await,
        Command::Withdraw(arguments) => withdraw(arguments, context).await,
        Command::Unjail(agreed) => unjail(agreed, context).await,
    }
}

async fn own(state: &ChainState, signer: &Keypair) -> Result<Provider, CliError> {
    let account = signer.public_key().to_account_id();
    provider_of(state, &account).await
}

async fn provider_of(state: &ChainState, account: &AccountId32) -> Result<Provider, CliError> {
    state.provider(account).await.map_err(sdk)?.ok_or_else(|| {
        CliError::NotFound(format!(
            "{account} isn't a provider: `stoa provider register` with its key makes it one"
        ))
    })
}

async fn all_replicas(state: &ChainState, provider: &Provider) -> Result<Vec<Replica>, CliError> {
    let mut replicas = Vec::new();
    for start in (0..provider.pieces).step_by(PAGE as usize) {
        replicas.extend(state.replicas_of(&provider.account, start, PAGE).await.map_err(sdk)?);
    }
    Ok(replicas)
}

/// What was said of the node, completed by what the node says of itself.
async fn contact(chain: &Chain, reached: Reached) -> Result<Contact, CliError> {
    let Reached { peer, addresses } = reached;
    let (peer, addresses) = match (peer, addresses) {
        (Some(peer), addresses) if !addresses.is_empty() => (peer, addresses),
        (peer, addresses) => {
            let node = chain.node_contact().await.map_err(sdk)?;
            let addresses = if addresses.is_empty() { node.addresses } else { addresses };
            (peer.unwrap_or(node.peer), addresses)
        }
    };
    // The chain keeps so many; loopback addresses serve nobody else, and go last.
    let mut addresses = addresses;
    addresses.sort_by_key(|address| {
        let text = address.to_string();
        text.starts_with("/ip4/127.") || text.starts_with("/ip6/::1/")
    });
    addresses.truncate(8);
    Ok(Contact { peer, addresses })
}

async fn register(arguments: Register, context: &Context) -> Result<(), CliError> {
    let Register { capacity, price, reached, agreed } = arguments;
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let state = chain.state().await.map_err(sdk)?;
    let rules = state.storage_rules().await.map_err(sdk)?;
    check_price(price, &rules)?;
    let account = signer.public_key().to_account_id();
    if state.provider(&account).await.map_err(sdk)?.is_some() {
        return Err(CliError::Denied(format!("{account} is a provider already: use `stoa provider update`")));
    }
    let contact = contact(&chain, reached).await?;
    let call = StorageCall::Register { contact: contact.clone(), price, capacity };
    let mut spending = Spending::new(&chain, &signer, context);
    spending.note(format!("{account} provides {} at {}", output::size(capacity), per_window(price)));
    spending.note(format!("  reached as {} at {}", contact.peer, addresses(&contact)));
    spending.hold("stake", required_stake(capacity, &rules)?);
    spending.hold("deposit", rules.provider_deposit);
    spending.call(call).await?;
    let report = spending.run(&agreed).await?;
    output::result(context.json, &report, || format!("{account} is a provider\n{}", report.text()))
}

async fn update(arguments: Update, context: &Context) -> Result<(), CliError> {
    let Update { capacity, price, add_stake, reached, agreed } = arguments;
    let named = reached.peer.is_some() || !reached.addresses.is_empty();
    if capacity.is_none() && price.is_none() && add_stake.is_none() && !named {
        return Err(CliError::Usage(
            "nothing is to be changed: give --capacity, --price, --add-stake, --peer or --address".into(),
        ));
    }
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let state = chain.state().await.map_err(sdk)?;
    let rules = state.storage_rules().await.map_err(sdk)?;
    let provider = own(&state, &signer).await?;
    if let Some(price) = price {
        check_price(price, &rules)?;
    }
    let needed = match capacity {
        Some(capacity) if capacity > provider.capacity => required_stake(capacity, &rules)?,
        _ => 0,
    };
    let missing = needed.saturating_sub(provider.stake).max(add_stake.unwrap_or(0));

    let mut spending = Spending::new(&chain, &signer, context);
    spending.note(format!("{} changes", provider.account));
    if missing > 0 {
        spending.hold("stake", missing);
        spending.call(StorageCall::AddStake(missing)).await?;
    }
    if capacity.is_some() || price.is_some() || named {
        let contact = if named { Some(contact(&chain, reached).await?) } else { None };
        spending.call(StorageCall::Update { contact, price, capacity }).await?;
    }
    let report = spending.run(&agreed).await?;
    output::result(context.json, &report, || format!("{} is changed\n{}", provider.account, report.text()))
}

fn check_price(price: u128, rules: &Rules) -> Result<(), CliError> {
    if (rules.min_price..=rules.max_price).contains(&price) {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "a price of {} is outside what the chain allows for a GiB and window: {} to {}",
        amount(price),
        amount(rules.min_price),
        amount(rules.max_price)
    )))
}

async fn unjail(agreed: Agreed, context: &Context) -> Result<(), CliError> {
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let state = chain.state().await.map_err(sdk)?;
    let provider = own(&state, &signer).await?;
    if provider.standing == Standing::Active {
        return Err(CliError::Denied(format!("{} isn't in jail", provider.account)));
    }
    let missing = provider.required_stake.saturating_sub(provider.stake);
    let mut spending = Spending::new(&chain, &signer, context);
    spending.note(format!("{} leaves jail; it has to prove its next window, without pay", provider.account));
    if missing > 0 {
        spending.hold("stake", missing);
        spending.call(StorageCall::AddStake(missing)).await?;
    }
    spending.call(StorageCall::Unjail).await?;
    let report = spending.run(&agreed).await?;
    output::result(context.json, &report, || format!("{} left jail\n{}", provider.account, report.text()))
}

async fn withdraw(arguments: Withdraw, context: &Context) -> Result<(), CliError> {
    let Withdraw { stake, agreed } = arguments;
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let state = chain.state().await.map_err(sdk)?;
    let provider = own(&state, &signer).await?;
    let mut spending = Spending::new(&chain, &signer, context);
    let mut leaves = None;
    if let Some(stake) = stake {
        spending.note(format!("{} takes {} out of its stake", provider.account, amount(stake)));
        spending.call(StorageCall::WithdrawStake(stake)).await?;
    } else {
        let replicas = all_replicas(&state, &provider).await?;
        let plan = Leaving::new(&provider, &replicas);
        plan.tell(&provider, &mut spending);
        for call in plan.calls(&provider) {
            spending.call(call).await?;
        }
        leaves = Some(plan);
    }
    let report = spending.run(&agreed).await?;
    let left = leaves.as_ref().is_none_or(|plan| plan.can_deregister());
    let done = match (&leaves, left) {
        (None, _) => "the stake is smaller".to_owned(),
        (Some(_), true) => format!("{} is no provider any more", provider.account),
        (Some(plan), false) => format!("{} is leaving: {}", provider.account, plan.what_is_left()),
    };
    output::result(context.json, &report, || format!("{done}\n{}", report.text()))
}

/// What leaving takes, from what a provider keeps.
#[derive(Debug, Default, Eq, PartialEq)]
struct Leaving {
    /// Orders that notice is given for.
    notices: Vec<u64>,
    /// Orders whose replicas are over.
    closes: Vec<u64>,
    /// Orders whose notice runs, with the window in which it ends.
    waits: Vec<(u64, u32)>,
}

impl Leaving {
    fn new(provider: &Provider, replicas: &[Replica]) -> Self {
        let mut plan = Self::default();
        for replica in replicas {
            let finished = replica.left <= replica.due_windows || provider.window > replica.ends;
            match replica.leaves_at {
                _ if finished => plan.closes.push(replica.order),
                Some(at) if provider.window >= at => plan.closes.push(replica.order),
                Some(at) => plan.waits.push((replica.order, at)),
                None => plan.notices.push(replica.order),
            }
        }
        plan
    }

    fn can_deregister(&self) -> bool {
        self.notices.is_empty() && self.waits.is_empty()
    }

    fn calls(&self, provider: &Provider) -> Vec<StorageCall> {
        let close = |order: &u64| StorageCall::CloseReplica(*order, provider.account);
        let mut calls: Vec<_> = self.closes.iter().map(close).collect();
        calls.extend(self.notices.iter().map(|order| StorageCall::Drop(*order)));
        if self.can_deregister() {
            calls.push(StorageCall::Deregister);
        }
        calls
    }

    fn tell(&self, provider: &Provider, spending: &mut Spending<'_>) {
        spending.note(format!("{} leaves", provider.account));
        for (count, what) in [
            (self.closes.len(), "pieces are over and are closed"),
            (self.notices.len(), "pieces get notice, and are proven and paid until it is over"),
            (self.waits.len(), "pieces wait for the end of their notice"),
        ] {
            if count > 0 {
                spending.note(format!("  {count} {what}"));
            }
        }
    }

    fn what_is_left(&self) -> String {
        let last = self.waits.iter().map(|(_, at)| *at).max();
        let until = last.map_or_else(String::new, |at| format!(", the last of them in window {at}"));
        format!(
            "{} pieces are kept until their notice is over{until}; run it again then, and keep the node running",
            self.notices.len().saturating_add(self.waits.len())
        )
    }
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    provider: Provider,
    open_window: Option<Window>,
    replicas: Vec<Replica>,
    due: String,
    block: u64,
}

async fn status(arguments: Status, context: &Context) -> Result<(), CliError> {
    let account = match arguments.of {
        Some(account) => account,
        None => context.address()?,
    };
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let provider = provider_of(&state, &account).await?;
    let open_window = state.window(&account).await.map_err(sdk)?;
    let replicas = state.replicas_of(&account, 0, SHOWN).await.map_err(sdk)?;
    let due = state.due_to(&provider).await.map_err(sdk)?;
    let due = due.iter().map(|replica| replica.due).fold(0, u128::saturating_add);
    let report = Report { provider, open_window, replicas, due: due.to_string(), block: state.block() };
    output::result(context.json, &report, || output::clean(&describe(&report, due)))
}

fn describe(report: &Report, due: u128) -> String {
    let Report { provider, open_window, replicas, block, .. } = report;
    let mut lines = vec![
        format!("{}  {}", provider.account, provider.standing.word()),
        format!(
            "  stores     {} of {}, {} pieces",
            output::size(provider.stored),
            output::size(provider.capacity),
            provider.pieces
        ),
        format!("  price      {}", per_window(provider.price)),
        format!(
            "  stake      {}, its pieces require {}",
            amount(provider.stake),
            amount(provider.required_stake)
        ),
        format!(
            "  proven     {} windows; {} misses count, {}",
            provider.proven,
            provider.misses,
            grace(provider)
        ),
        format!("  due        {}", amount(due)),
    ];
    if let Some(next) = provider.next_price {
        lines.push(format!("  next price {} from window {}", per_window(next.price), next.window));
    }
    match &provider.contact {
        Some(contact) => lines.push(format!("  node       {} at {}", contact.peer, addresses(contact))),
        None => lines.push("  node       what was registered is no peer id".into()),
    }
    if let Some(window) = open_window {
        lines.push(format!(
            "  window     {} of phase {}: {}; opened in block {}, takes proofs until {}, now {block}",
            window.window,
            provider.phase,
            window.duty.words(),
            window.opened_at,
            window.closes_at
        ));
    }
    if !replicas.is_empty() {
        lines
            .push(format!("{:>10}  {:>8}  {:>8}  {:>8}  {:>20}", "order", "paid", "due", "left", "due STOA"));
    }
    for replica in replicas {
        lines.push(format!(
            "{:>10}  {:>8}  {:>8}  {:>8}  {:>20}{}",
            replica.order,
            replica.earned,
            replica.due_windows,
            replica.left.saturating_sub(replica.due_windows),
            amount(replica.due),
            replica.leaves_at.map_or_else(String::new, |at| format!("  leaves in window {at}")),
        ));
    }
    lines.join("\n")
}

fn grace(provider: &Provider) -> &'static str {
    if provider.grace { "the next fault is forgiven" } else { "no fault is forgiven" }
}

fn per_window(price: u128) -> String {
    format!("{} for a GiB and window", amount(price))
}

fn addresses(contact: &Contact) -> String {
    match contact.addresses.as_slice() {
        [] => "no address".into(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(window: u32) -> Provider {
        Provider {
            account: AccountId32([7; 32]),
            contact: None,
            price: 1,
            next_price: None,
            capacity: 1 << 30,
            stored: 1 << 20,
            pieces: 3,
            stake: 5,
            required_stake: 4,
            proven: 9,
            misses: 1,
            grace: false,
            standing: Standing::Active,
            phase: 3,
            window,
            gate_opens_at: 1,
        }
    }

    fn replica(order: u64, left: u32, due: u32, leaves_at: Option<u32>) -> Replica {
        Replica {
            order,
            provider: AccountId32([7; 32]),
            leaf_price: 2,
            earned: 1,
            left,
            ends: 100,
            leaves_at,
            due_windows: due,
            due: 8,
        }
    }

    #[test]
    fn leaving_gives_notice_once_closes_what_is_over_and_deregisters_at_the_end() {
        let provider = provider(20);
        let kept = [
            replica(1, 5, 0, None),
            replica(2, 3, 3, None),
            replica(3, 5, 0, Some(20)),
            replica(4, 5, 0, Some(21)),
        ];
        let plan = Leaving::new(&provider, &kept);
        assert_eq!(plan, Leaving { notices: vec![1], closes: vec![2, 3], waits: vec![(4, 21)] });
        assert!(!plan.can_deregister());
        assert_eq!(
            plan.calls(&provider),
            [
                StorageCall::CloseReplica(2, provider.account),
                StorageCall::CloseReplica(3, provider.account),
                StorageCall::Drop(1)
            ]
        );
        let over = Leaving::new(&provider, &kept[1..3]);
        assert_eq!(over.calls(&provider).last(), Some(&StorageCall::Deregister));
        assert_eq!(Leaving::new(&provider, &[]).calls(&provider), [StorageCall::Deregister]);
    }

    #[test]
    fn a_status_says_what_stands_where() {
        let report = Report {
            provider: provider(20),
            open_window: None,
            replicas: vec![replica(12, 5, 2, Some(30))],
            due: "8".into(),
            block: 9,
        };
        let text = describe(&report, 8);
        assert!(text.contains("active") && text.contains("no fault is forgiven"), "{text}");
        assert!(
            text.contains("leaves in window 30") && text.contains("what was registered is no peer id"),
            "{text}"
        );
    }
}
