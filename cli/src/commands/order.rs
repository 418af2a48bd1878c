//! `stoa order`: pay providers to keep a revision, or any piece.

use super::storage::{Agreed, Spending, short_account};
use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::time::Duration;
use stoa_sdk::{
    Chain,
    chain::{
        ChainState, amount,
        storage::{NewOrder, Order, PeerId, Quote, Replica, Rules, Standing, StorageCall},
    },
    keys::AccountId32,
    names::AssetAt,
    primitives::Piece,
    units::{parse_amount, parse_period, show_period},
};

/// Payments that the chain makes in one call.
const MAX_SETTLED: usize = 64;
/// Orders of a piece that are shown.
const MAX_LISTED: u32 = 128;

/// What to do with orders.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask providers to keep a revision; shows the whole cost before it signs
    Place(Place),
    /// List orders: the account's, those of a revision, or those that providers can still accept
    List(List),
    /// Show an order and who keeps it
    Show(Show),
    /// Take back what nobody took, and end the replicas that may be ended
    Cancel(Cancel),
    /// Pay the providers for what they proved; anybody may
    Settle(Settle),
}

/// A new order.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// The asset and a branch, tag or commit id; or a piece as ROOT:SIZE
    #[arg(value_name = "OWNER/NAME[@REVISION]")]
    what: String,
    /// How many providers keep it
    #[arg(long, default_value_t = 3)]
    replicas: u32,
    /// For how long, such as 30d; rounded up to whole windows
    #[arg(long = "for", value_parser = parse_period, value_name = "PERIOD", required_unless_present = "windows")]
    period: Option<Duration>,
    /// For how many proven windows
    #[arg(long, conflicts_with = "period")]
    windows: Option<u32>,
    /// STOA for a GiB and window at most; providers are paid their own price, which is never more
    #[arg(long, value_parser = parse_amount, value_name = "STOA")]
    max_price: u128,
    /// A provider that may accept; anybody may when none is named
    #[arg(long = "provider", value_name = "ADDRESS")]
    named: Vec<AccountId32>,
    /// A peer that has the piece [default: the node of --node]
    #[arg(long = "hint", value_name = "PEER")]
    hints: Vec<PeerId>,
    #[command(flatten)]
    agreed: Agreed,
}

/// Which orders.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Orders for this revision
    #[arg(value_name = "OWNER/NAME[@REVISION]")]
    what: Option<String>,
    /// Orders that providers can still accept, of anybody
    #[arg(long, conflicts_with = "what")]
    open: bool,
    /// Only those after this one
    #[arg(long, value_name = "NUMBER", requires = "open")]
    after: Option<u64>,
}

/// Which order.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// Its number
    order: u64,
}

/// Which order.
#[derive(Args, Debug)]
pub(crate) struct Cancel {
    /// Its number
    order: u64,
    #[command(flatten)]
    agreed: Agreed,
}

/// Which payments.
#[derive(Args, Debug)]
pub(crate) struct Settle {
    /// The orders' numbers
    #[arg(required_unless_present = "provider")]
    orders: Vec<u64>,
    /// All that is due to this provider
    #[arg(long, value_name = "ADDRESS", conflicts_with = "orders")]
    provider: Option<AccountId32>,
    #[command(flatten)]
    agreed: Agreed,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::Place(arguments) => place(arguments, context).await,
        Command::List(arguments) => list(arguments, context).await,
        Command::Show(arguments) => show(arguments, context).await,
        Command::Cancel(arguments) => cancel(arguments, context).await,
        Command::Settle(arguments) => settle(arguments, context).await,
    }
}

/// A piece as `ROOT:SIZE`.
fn parse_piece(text: &str) -> Option<Piece> {
    let (root, size) = text.split_once(':')?;
    let digits = root.strip_prefix("0x").unwrap_or(root);
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0_u8; 32];
    for (byte, at) in bytes.iter_mut().zip((0_usize..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at.checked_add(2)?)?, 16).ok()?;
    }
    Some(Piece { root: bytes, size: size.parse().ok()? })
}

async fn piece_of(context: &Context, state: &ChainState, what: &str) -> Result<Piece, CliError> {
    if let Some(piece) = parse_piece(what) {
        return Ok(piece);
    }
    let at: AssetAt = what.parse().map_err(sdk::<stoa_sdk::names::NameParseError>)?;
    Ok(context.revision(state, &at).await?.piece)
}

/// How many windows a period has, rounded up.
fn windows_in(period: Duration, rules: &Rules, slot: Duration) -> Result<u32, CliError> {
    let window = slot.as_millis().saturating_mul(rules.window.into()).max(1);
    let windows = period.as_millis().div_ceil(window);
    u32::try_from(windows).map_err(|_| CliError::Usage("no order lasts that long".into()))
}

async fn place(arguments: Place, context: &Context) -> Result<(), CliError> {
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let state = chain.state().await.map_err(sdk)?;
    let (rules, slot) =
        (state.storage_rules().await.map_err(sdk)?, state.slot_duration().await.map_err(sdk)?);
    let piece = piece_of(context, &state, &arguments.what).await?;
    let windows = match (arguments.windows, arguments.period) {
        (Some(windows), _) => windows,
        (None, Some(period)) => windows_in(period, &rules, slot)?,
        (None, None) => return Err(CliError::Usage("say for how long: --for or --windows".into())),
    };
    let order = NewOrder {
        piece,
        replicas: arguments.replicas,
        windows,
        max_price: arguments.max_price,
        named: arguments.named,
        hints: hints(&chain, arguments.hints).await?,
    };
    check(&order, &rules)?;
    let quote = state.order_quote(&order).await.map_err(sdk)?;
    let quote = quote.ok_or_else(|| CliError::Usage("no balance can hold what that costs".into()))?;

    let mut spending = Spending::new(&chain, &signer, context);
    describe(&arguments.what, &order, &quote, &rules, slot).into_iter().for_each(|line| spending.note(line));
    spending.hold("payments, at most", quote.funds);
    spending.hold("deposit, until the order is over", quote.deposit);
    spending.call(StorageCall::Place(order)).await?;
    let report = spending.run(&arguments.agreed).await?;
    let number = report.order.unwrap_or_default();
    output::result(context.json, &report, || {
        format!("order {number} is placed; `stoa order show {number}` tells who keeps it")
    })
}

/// What the chain would refuse, said before anything is signed.
fn check(order: &NewOrder, rules: &Rules) -> Result<(), CliError> {
    let refuse = |text: String| Err(CliError::Usage(text));
    if order.windows < rules.min_term {
        return refuse(format!(
            "an order has at least {} windows, and this one {}",
            rules.min_term, order.windows
        ));
    }
    if !(rules.min_price..=rules.max_price).contains(&order.max_price) {
        return refuse(format!(
            "a price of {} is outside what the chain allows for a GiB and window: {} to {}",
            amount(order.max_price),
            amount(rules.min_price),
            amount(rules.max_price)
        ));
    }
    let named = u32::try_from(order.named.len()).unwrap_or(u32::MAX);
    if named > 0 && named < order.replicas {
        return refuse(format!("{named} providers are named for {} replicas", order.replicas));
    }
    if !(1..=32).contains(&order.replicas) || named > 32 || order.hints.len() > 4 {
        return refuse("an order has 1 to 32 replicas, at most 32 named providers and 4 hints".into());
    }
    Ok(())
}

async fn hints(chain: &Chain, given: Vec<PeerId>) -> Result<Vec<PeerId>, CliError> {
    if given.is_empty() { Ok(vec![chain.node_contact().await.map_err(sdk)?.peer]) } else { Ok(given) }
}

fn describe(what: &str, order: &NewOrder, quote: &Quote, rules: &Rules, slot: Duration) -> Vec<String> {
    let window = slot.saturating_mul(rules.window);
    let who = match order.named.len() {
        0 => "any provider".to_owned(),
        count => format!("{count} named providers"),
    };
    vec![
        format!("{what}: {} kept by {} of {who}", output::size(order.piece.size), order.replicas),
        format!(
            "  for {} proven windows of {}, {} in all",
            order.windows,
            show_period(window),
            show_period(window.saturating_mul(order.windows))
        ),
        format!(
            "  at most {} for a GiB and window, {} for a window of all replicas",
            amount(order.max_price),
            amount(quote.funds.checked_div(order.windows.into()).unwrap_or_default())
        ),
    ]
}

#[derive(Serialize)]
struct Orders {
    orders: Vec<Order>,
}

async fn list(arguments: List, context: &Context) -> Result<(), CliError> {
    let List { what, open, after } = arguments;
    let own = if what.is_none() && !open { Some(context.address()?) } else { None };
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let orders = match (what, own) {
        (Some(what), _) => {
            let piece = piece_of(context, &state, &what).await?;
            let mut orders = Vec::new();
            for id in state.orders_of_piece(piece.root, None, MAX_LISTED).await.map_err(sdk)? {
                orders.extend(state.order(id).await.map_err(sdk)?);
            }
            orders
        }
        (None, Some(own)) => state.orders_of(&own).await.map_err(sdk)?,
        (None, None) => state.open_orders(after, MAX_LISTED).await.map_err(sdk)?,
    };
    let listed = Orders { orders };
    output::result(context.json, &listed, || table(&listed.orders))
}

fn table(orders: &[Order]) -> String {
    if orders.is_empty() {
        return "no orders".into();
    }
    let mut lines = vec![format!(
        "{:>8}  {:16}  {:>10}  {:>5}  {:>5}  {:>7}  payer",
        "order", "piece", "size", "open", "kept", "windows"
    )];
    lines.extend(orders.iter().map(|order| {
        format!(
            "{:>8}  {:16}  {:>10}  {:>5}  {:>5}  {:>7}  {}",
            order.id,
            short_root(&order.piece),
            output::size(order.piece.size),
            order.open,
            order.active,
            order.windows,
            short_account(&order.payer)
        )
    }));
    lines.join("\n")
}

fn short_root(piece: &Piece) -> String {
    piece.root.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

async fn order_of(state: &ChainState, id: u64) -> Result<Order, CliError> {
    let found = state.order(id).await.map_err(sdk)?;
    found.ok_or_else(|| CliError::NotFound(format!("there is no order {id}; it may have ended")))
}

async fn show(arguments: Show, context: &Context) -> Result<(), CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let order = order_of(&state, arguments.order).await?;
    output::result(context.json, &order, || shown(&order, state.block()))
}

fn shown(order: &Order, now: u64) -> String {
    let root: String = order.piece.root.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut lines = vec![
        format!("order {} of {}", order.id, order.payer),
        format!("  piece      {root}, {}", output::size(order.piece.size)),
        format!("  price      at most {} for a GiB and window", amount(order.max_price)),
        format!(
            "  windows    {} for each replica, cancelled after {} at the earliest",
            order.windows, order.min_term
        ),
        format!("  deposit    {}", amount(order.deposit)),
    ];
    if order.open > 0 {
        let until = match u64::from(order.expires_at).checked_sub(now) {
            Some(left) => format!("for {left} blocks more"),
            None => "but its time is over: `stoa order cancel` brings the money back".into(),
        };
        lines.push(format!("  open       {} replicas, {until}", order.open));
    }
    if !order.named.is_empty() {
        lines.push(format!("  named      {} providers", order.named.len()));
    }
    for replica in &order.replicas {
        lines.push(format!(
            "  kept by    {}: paid for {} windows, owed for {} ({}), {} to come{}",
            replica.provider,
            replica.earned,
            replica.due_windows,
            amount(replica.due),
            replica.left.saturating_sub(replica.due_windows),
            replica.leaves_at.map_or_else(String::new, |at| format!(", leaves in window {at}"))
        ));
    }
    lines.join("\n")
}

/// How a replica that its payer doesn't want any more can be ended now; none when it can't be yet.
fn ending(order: &Order, replica: &Replica, standing: Standing) -> Option<StorageCall> {
    let earned = replica.earned.saturating_add(replica.due_windows);
    if standing != Standing::Active {
        Some(StorageCall::CloseJailed(order.id, replica.provider))
    } else if replica.left <= replica.due_windows {
        Some(StorageCall::CloseReplica(order.id, replica.provider))
    } else {
        (earned >= order.min_term).then_some(StorageCall::CancelReplica(order.id, replica.provider))
    }
}

async fn cancel(arguments: Cancel, context: &Context) -> Result<(), CliError> {
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let state = chain.state().await.map_err(sdk)?;
    let order = order_of(&state, arguments.order).await?;
    let account = signer.public_key().to_account_id();
    if order.payer != account {
        return Err(CliError::Denied(format!(
            "order {} is paid by {}, not by {account}",
            order.id, order.payer
        )));
    }
    let mut spending = Spending::new(&chain, &signer, context);
    let mut calls = Vec::new();
    if order.open > 0 {
        spending.note(format!("{} replicas that nobody took are cancelled", order.open));
        calls.push(StorageCall::CancelOrder(order.id));
    }
    for replica in &order.replicas {
        let provider = state.provider(&replica.provider).await.map_err(sdk)?;
        let standing = provider.as_ref().map_or(Standing::Active, |provider| provider.standing);
        match ending(&order, replica, standing) {
            Some(call) => {
                spending.note(format!("the replica of {} ends", replica.provider));
                calls.push(call);
            }
            None => spending.note(format!(
                "the replica of {} stays: it has earned {} of the {} windows that it was promised",
                replica.provider,
                replica.earned.saturating_add(replica.due_windows),
                order.min_term
            )),
        }
    }
    if calls.is_empty() {
        let term = order.min_term;
        return Err(CliError::Denied(format!(
            "nothing of order {} can be cancelled yet: each of its providers was promised {term} paid windows",
            order.id
        )));
    }
    for call in calls {
        spending.call(call).await?;
    }
    let report = spending.run(&arguments.agreed).await?;
    output::result(context.json, &report, || {
        format!("order {} is cancelled as far as it can be\n{}", order.id, report.text())
    })
}

async fn settle(arguments: Settle, context: &Context) -> Result<(), CliError> {
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let state = chain.state().await.map_err(sdk)?;
    let mut replicas = Vec::new();
    match arguments.provider {
        Some(account) => {
            let provider = state.provider(&account).await.map_err(sdk)?;
            let provider =
                provider.ok_or_else(|| CliError::NotFound(format!("{account} isn't a provider")))?;
            replicas.extend(state.due_to(&provider).await.map_err(sdk)?);
        }
        None => {
            for id in arguments.orders {
                replicas.extend(order_of(&state, id).await?.replicas);
            }
        }
    }
    replicas.retain(|replica| replica.due > 0);
    if replicas.is_empty() {
        return Err(CliError::Denied("nothing is due: no window was proven since the last payment".into()));
    }
    let due = replicas.iter().map(|replica| replica.due).fold(0, u128::saturating_add);
    let mut spending = Spending::new(&chain, &signer, context);
    spending.note(format!(
        "{} payments of {} in all, out of what the orders hold",
        replicas.len(),
        amount(due)
    ));
    for batch in replicas.chunks(MAX_SETTLED) {
        let due = batch.iter().map(|replica| (replica.order, replica.provider));
        spending.call(StorageCall::Settle(due.collect())).await?;
    }
    let report = spending.run(&arguments.agreed).await?;
    output::result(context.json, &report, || {
        format!("{} payments are made\n{}", report.payments.len(), report.text())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules {
            window: 600,
            response: 150,
            challenges: 32,
            slash: 1,
            max_misses: 3,
            notice: 24,
            stake_per_gib: 430,
            min_price: 10,
            max_price: 100,
            min_term: 24,
            accept_within: 9,
            provider_deposit: 1,
        }
    }

    fn new_order(replicas: u32, windows: u32, max_price: u128, named: usize) -> NewOrder {
        NewOrder {
            piece: Piece { root: [1; 32], size: 3 << 20 },
            replicas,
            windows,
            max_price,
            named: vec![AccountId32([1; 32]); named],
            hints: Vec::new(),
        }
    }

    fn replica(earned: u32, due: u32, left: u32) -> Replica {
        Replica {
            order: 4,
            provider: AccountId32([7; 32]),
            leaf_price: 2,
            earned,
            left,
            ends: 100,
            leaves_at: None,
            due_windows: due,
            due: u128::from(due) * 5,
        }
    }

    fn order(open: u32, replicas: Vec<Replica>) -> Order {
        Order {
            id: 4,
            payer: AccountId32([9; 32]),
            piece: Piece { root: [0xab; 32], size: 3 << 20 },
            open,
            active: replicas.len() as u32,
            windows: 40,
            max_price: 50,
            named: Vec::new(),
            expires_at: 100,
            min_term: 24,
            deposit: 7,
            replicas,
        }
    }

    #[test]
    fn pieces_are_read_from_root_and_size() {
        let root = "ab".repeat(32);
        let piece = Piece { root: [0xab; 32], size: 90 };
        assert_eq!(parse_piece(&format!("{root}:90")), Some(piece));
        assert_eq!(parse_piece(&format!("0x{}:90", root.to_uppercase())), Some(piece));
        for bad in [
            "",
            "a/b",
            "a/b@main",
            ":1",
            &format!("{root}:"),
            &format!("{root}:-1"),
            &format!("{}é:1", &root[..62]),
        ] {
            assert_eq!(parse_piece(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_period_is_rounded_up_to_whole_windows() {
        let slot = Duration::from_secs(3);
        let window = Duration::from_secs(1_800);
        assert_eq!(windows_in(window * 48, &rules(), slot).unwrap(), 48);
        assert_eq!(windows_in(window * 48 + Duration::from_millis(1), &rules(), slot).unwrap(), 49);
        assert_eq!(windows_in(Duration::ZERO, &rules(), slot).unwrap(), 0);
        assert!(windows_in(Duration::MAX, &rules(), slot).is_err());
    }

    #[test]
    fn what_the_chain_would_refuse_is_told_before_signing() {
        assert!(check(&new_order(3, 24, 10, 0), &rules()).is_ok());
        for (bad, told) in [
            (new_order(3, 23, 10, 0), "at least 24 windows"),
            (new_order(3, 24, 9, 0), "outside what the chain allows"),
            (new_order(3, 24, 101, 0), "outside what the chain allows"),
            (new_order(3, 24, 10, 2), "2 providers are named for 3"),
            (new_order(0, 24, 10, 0), "1 to 32 replicas"),
            (new_order(33, 24, 10, 0), "1 to 32 replicas"),
        ] {
            let error = check(&bad, &rules()).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_replica_is_ended_as_its_state_allows() {
        let order = order(0, Vec::new());
        let who = AccountId32([7; 32]);
        let end = |replica, standing| ending(&order, &replica, standing);
        assert_eq!(end(replica(20, 3, 20), Standing::Active), None);
        assert_eq!(end(replica(20, 4, 20), Standing::Active), Some(StorageCall::CancelReplica(4, who)));
        assert_eq!(end(replica(36, 4, 4), Standing::Active), Some(StorageCall::CloseReplica(4, who)));
        assert_eq!(
            end(replica(1, 0, 39), Standing::Jailed { since: 3 }),
            Some(StorageCall::CloseJailed(4, who))
        );
    }

    #[test]
    fn the_whole_cost_is_told() {
        let quote = Quote { leaves: 3_072, funds: 960, deposit: 7 };
        let lines =
            describe("a/b", &new_order(3, 48, 50, 0), &quote, &rules(), Duration::from_secs(3)).join("\n");
        assert!(lines.contains("3.00 MiB kept by 3 of any provider"), "{lines}");
        assert!(lines.contains("48 proven windows of 30 min, 1 d in all"), "{lines}");
        assert!(lines.contains("0.00000000002 STOA for a window of all replicas"), "{lines}");
    }

    #[test]
    fn an_order_is_shown_with_who_keeps_it() {
        let text = shown(&order(1, vec![replica(3, 2, 37)]), 60);
        assert!(text.contains("1 replicas, for 40 blocks more"), "{text}");
        assert!(text.contains("paid for 3 windows, owed for 2 (0.00000000001 STOA), 35 to come"), "{text}");
        assert!(shown(&order(1, Vec::new()), 101).contains("its time is over"));
        assert_eq!(table(&[]), "no orders");
        assert!(table(&[order(1, Vec::new())]).contains("abababababababab"));
    }
}
