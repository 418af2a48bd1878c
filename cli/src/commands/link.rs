//! `stoa link`: what an asset was built on, and what it owes for that.

use crate::{
    context::Context,
    deal::{Bill, Charge, Deal, Signing, asset},
    error::{CliError, sdk},
    output,
};
use clap::Args;
use serde::Serialize;
use stoa_sdk::{
    chain::{
        ChainState, Included,
        royalties::{self, Deposit, Parts, Terms, Upstream},
    },
    names::AssetName,
    primitives::registry::AssetId,
};

/// What to link.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The asset, which isn't open yet; alone, its links are shown
    #[arg(value_name = "OWNER/NAME")]
    asset: AssetName,
    /// What it was built on, which is open
    #[arg(value_name = "PARENT", requires = "terms")]
    parent: Option<AssetName>,
    /// Owe the parent this percentage of every sale of the asset, and of everything that is built on it
    #[arg(long, value_name = "PERCENT", group = "terms", requires = "parent")]
    absolute: Option<Parts>,
    /// Owe the parent this percentage of what the asset receives after that
    #[arg(long, value_name = "PERCENT", group = "terms", requires = "parent")]
    relative: Option<Parts>,
    /// Remove the link
    #[arg(long, group = "terms", requires = "parent")]
    remove: bool,
    /// Owe all ancestors together at most this percentage [default: what it comes to now]
    #[arg(long, value_name = "PERCENT", requires = "parent", conflicts_with = "remove")]
    max_upstream: Option<Parts>,
    /// Ask at least this percentage of every sale of those who link to the asset from now on
    #[arg(long, value_name = "PERCENT", group = "ask", conflicts_with = "parent")]
    ask_absolute: Option<Parts>,
    /// Ask at least this percentage of what those who link to the asset from now on receive
    #[arg(long, value_name = "PERCENT", group = "ask", conflicts_with = "parent")]
    ask_relative: Option<Parts>,
    /// Ask nothing of those who link to the asset from now on
    #[arg(long, group = "ask", conflicts_with = "parent")]
    ask_nothing: bool,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Serialize)]
struct Shown {
    asset: String,
    open: bool,
    #[serde(flatten)]
    upstream: Upstream,
    asks: Option<Terms>,
}

#[derive(Serialize)]
struct Done {
    asset: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    terms: Option<Terms>,
    #[serde(flatten)]
    bill: Bill,
    #[serde(flatten)]
    included: Included,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    if arguments.ask_absolute.is_some() || arguments.ask_relative.is_some() || arguments.ask_nothing {
        return ask(&arguments, context).await;
    }
    match &arguments.parent {
        Some(parent) if arguments.remove => unlink(parent, &arguments, context).await,
        Some(parent) => link(parent, &arguments, context).await,
        None => show(&arguments.asset, context).await,
    }
}

async fn show(name: &AssetName, context: &Context) -> Result<(), CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let found = asset(&state, name).await?;
    let vault = state.vault(found.id).await.map_err(sdk)?;
    let shown = Shown {
        asset: found.name.to_string(),
        open: vault.as_ref().is_some_and(|vault| vault.open),
        upstream: state.upstream(found.id).await.map_err(sdk)?,
        asks: vault.and_then(|vault| vault.offer),
    };
    let mut lines = vec![format!(
        "{} ({}) links to {} parents, and owes {} ancestors",
        shown.asset,
        if shown.open { "open" } else { "not open" },
        shown.upstream.parents.len(),
        shown.upstream.stack.len()
    )];
    for ancestor in &shown.upstream.stack {
        let name = state.asset_by_id(ancestor.asset).await.map_err(sdk)?;
        let name = name.map_or_else(|| format!("asset {}", ancestor.asset.0), |found| found.name.to_string());
        lines.push(format!("  {name}: {}", ancestor.terms));
    }
    if let Some(asks) = shown.asks {
        lines.push(format!("  asks of those who link to it at least {asks}"));
    }
    output::result(context.json, &shown, || lines.join("\n"))
}

async fn link(parent: &AssetName, arguments: &Arguments, context: &Context) -> Result<(), CliError> {
    let terms = match (arguments.absolute, arguments.relative) {
        (Some(parts), _) => Terms::Absolute(parts),
        (None, Some(parts)) => Terms::Relative(parts),
        (None, None) => return Err(CliError::Usage("say --absolute or --relative".into())),
    };
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let child = asset(&state, &arguments.asset).await?;
    let above = asset(&state, parent).await?;
    let max_upstream = match arguments.max_upstream {
        Some(most) => most,
        None => after(&state, child.id, above.id, terms).await?,
    };
    let call = royalties::link_parent(child.id, above.id, terms, max_upstream);
    let new = state.vault(child.id).await.map_err(sdk)?.is_none();
    let deposit = if new { state.royalties_deposit(Deposit::Vault).await.map_err(sdk)? } else { 0 };
    let costs = vec![Charge::fee("link", deal.fee(&call).await?).deposit(deposit)];
    let title = format!(
        "Linking {} to {}: {terms}; it will owe its ancestors at most {max_upstream} together",
        child.name, above.name
    );
    let bill = deal.agree(&title, costs).await?;
    let (included, _) = deal.send(&call).await?;
    let done = Done {
        asset: child.name.to_string(),
        parent: Some(above.name.to_string()),
        terms: Some(terms),
        bill,
        included,
    };
    output::result(context.json, &done, || format!("{} is linked to {}: {terms}", child.name, above.name))
}

/// The most that an asset can owe in all once it is linked: what it owes now, and what comes with the parent.
async fn after(state: &ChainState, child: AssetId, parent: AssetId, terms: Terms) -> Result<Parts, CliError> {
    let own = state.vault(child).await.map_err(sdk)?;
    let above = state.vault(parent).await.map_err(sdk)?;
    let own = own.map_or(0, |vault| vault.absolute.0.saturating_add(vault.relative.0));
    let inherited = above.map_or(0, |vault| vault.absolute.0);
    let (Terms::Absolute(parts) | Terms::Relative(parts)) = terms;
    Ok(Parts(own.saturating_add(inherited).saturating_add(parts.0).min(royalties::WHOLE)))
}

async fn unlink(parent: &AssetName, arguments: &Arguments, context: &Context) -> Result<(), CliError> {
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let child = asset(&state, &arguments.asset).await?;
    let above = asset(&state, parent).await?;
    let call = royalties::unlink_parent(child.id, above.id);
    let costs = vec![Charge::fee("removal", deal.fee(&call).await?)];
    let bill = deal.agree(&format!("Removing the link of {} to {}", child.name, above.name), costs).await?;
    let (included, _) = deal.send(&call).await?;
    let done = Done {
        asset: child.name.to_string(),
        parent: Some(above.name.to_string()),
        terms: None,
        bill,
        included,
    };
    output::result(context.json, &done, || format!("{} isn't linked to {} any more", child.name, above.name))
}

async fn ask(arguments: &Arguments, context: &Context) -> Result<(), CliError> {
    let terms = match (arguments.ask_absolute, arguments.ask_relative) {
        (Some(parts), _) => Some(Terms::Absolute(parts)),
        (None, Some(parts)) => Some(Terms::Relative(parts)),
        (None, None) => None,
    };
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let found = asset(&state, &arguments.asset).await?;
    let call = royalties::set_offer(found.id, terms);
    let new = state.vault(found.id).await.map_err(sdk)?.is_none();
    let deposit = if new { state.royalties_deposit(Deposit::Vault).await.map_err(sdk)? } else { 0 };
    let costs = vec![Charge::fee("offer", deal.fee(&call).await?).deposit(deposit)];
    let least = terms.map_or_else(|| "nothing".to_owned(), |terms| terms.to_string());
    let bill = deal.agree(&format!("Asking of those who link to {}: {least}", found.name), costs).await?;
    let (included, _) = deal.send(&call).await?;
    let done = Done { asset: found.name.to_string(), parent: None, terms, bill, included };
    output::result(context.json, &done, || format!("{} asks of those who link to it: {least}", found.name))
}
