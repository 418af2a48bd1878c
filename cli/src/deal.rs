//! What commands that sign share: they say what it costs, ask, send, and wait.

use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::Args;
use serde::{Serialize, Serializer};
use stoa_sdk::{
    Chain, Keypair,
    chain::{Asset, ChainState, Events, Included, Payload, Wait, amount},
    keys::AccountId32,
    names::AssetName,
    observe::Stage,
};

/// Options of every command that signs.
#[derive(Args, Debug)]
pub(crate) struct Signing {
    /// Don't ask before it is signed
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Don't wait until the chain can't undo it any more
    #[arg(long)]
    pub(crate) no_finality: bool,
}

/// One entry of what something costs, in plancks.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Charge {
    /// What for.
    pub(crate) what: String,
    /// Paid to somebody, or held for them.
    #[serde(serialize_with = "plancks")]
    pub(crate) price: u128,
    /// Held while the entry stands.
    #[serde(serialize_with = "plancks")]
    pub(crate) deposit: u128,
    /// Paid for the transaction.
    #[serde(serialize_with = "plancks")]
    pub(crate) fee: u128,
}

impl Charge {
    pub(crate) fn fee(what: impl Into<String>, fee: u128) -> Self {
        Self { what: what.into(), fee, ..Self::default() }
    }

    pub(crate) fn deposit(self, deposit: u128) -> Self {
        Self { deposit, ..self }
    }

    pub(crate) fn price(self, price: u128) -> Self {
        Self { price, ..self }
    }

    fn total(&self) -> u128 {
        self.price.saturating_add(self.deposit).saturating_add(self.fee)
    }

    fn line(&self) -> String {
        let part = |word: &str, value: u128| (value > 0).then(|| format!("{word} {}", amount(value)));
        let fee = (self.fee > 0).then(|| format!("fee about {}", amount(self.fee)));
        let parts: Vec<_> =
            [part("price", self.price), part("deposit", self.deposit), fee].into_iter().flatten().collect();
        format!("  {}: {}", output::clean(&self.what), parts.join(", "))
    }
}

/// What something costs in all.
#[derive(Debug, Serialize)]
pub(crate) struct Bill {
    costs: Vec<Charge>,
    #[serde(serialize_with = "plancks")]
    total: u128,
}

/// Somebody who signs, at a chain.
pub(crate) struct Deal<'context> {
    pub(crate) context: &'context Context,
    pub(crate) chain: Chain,
    pub(crate) signer: Keypair,
    pub(crate) account: AccountId32,
    yes: bool,
    wait: Wait,
}

impl<'context> Deal<'context> {
    pub(crate) async fn open(context: &'context Context, signing: &Signing) -> Result<Self, CliError> {
        let signer = context.signer()?;
        let chain = context.chain().await?;
        let account = signer.public_key().to_account_id();
        let wait = if signing.no_finality { Wait::InBlock } else { Wait::Finalized };
        Ok(Self { context, chain, signer, account, yes: signing.yes, wait })
    }

    pub(crate) async fn state(&self) -> Result<ChainState, CliError> {
        self.chain.state().await.map_err(sdk)
    }

    pub(crate) async fn fee(&self, call: &impl Payload) -> Result<u128, CliError> {
        self.chain.fee(call, &self.signer).await.map_err(sdk)
    }

    /// Shows what will be done and what it costs, checks that there is enough, and asks.
    pub(crate) async fn agree(&self, title: &str, costs: Vec<Charge>) -> Result<Bill, CliError> {
        let balance = self.state().await?.free_balance(&self.account).await.map_err(sdk)?;
        let total = costs.iter().fold(0_u128, |sum, charge| sum.saturating_add(charge.total()));
        output::note(self.context.json, &describe(title, &costs, total, balance));
        if total > balance {
            return Err(CliError::Funds { account: self.account.to_string(), balance, total });
        }
        if !self.yes {
            self.context.confirm("Sign it?")?;
        }
        Ok(Bill { costs, total })
    }

    /// Signs a call that was agreed to, and waits for it.
    pub(crate) async fn send(&self, call: &impl Payload) -> Result<(Included, Events), CliError> {
        self.context.observer.begin(Stage::Chain, None);
        let sent = self.chain.send(call, &self.signer, self.wait).await;
        self.context.observer.end();
        sent.map_err(sdk)
    }

    /// Signs calls that were agreed to, and waits for them all. The first that failed is the result.
    pub(crate) async fn send_all(&self, calls: &[impl Payload]) -> Result<Vec<(Included, Events)>, CliError> {
        self.context.observer.begin(Stage::Chain, None);
        let sent = self.chain.send_all(calls, &self.signer, self.wait).await;
        self.context.observer.end();
        sent.into_iter().collect::<Result<_, _>>().map_err(sdk)
    }
}

fn describe(title: &str, costs: &[Charge], total: u128, balance: u128) -> String {
    let mut lines = vec![output::clean(title)];
    lines.extend(costs.iter().map(Charge::line));
    lines.push(format!(
        "  in all about {} of {}; deposits come back when entries go",
        amount(total),
        amount(balance)
    ));
    lines.join("\n")
}

/// The asset of a name, which must be there.
pub(crate) async fn asset(state: &ChainState, name: &AssetName) -> Result<Asset, CliError> {
    state.asset(name).await.map_err(sdk)?.ok_or_else(|| CliError::NoAsset(name.to_string()))
}

pub(crate) fn plancks<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_says_what_is_paid_what_is_held_and_what_there_is() {
        let costs = vec![
            Charge::fee("licence", 1_000_000_000).price(2_000_000_000_000).deposit(500_000_000_000),
            Charge::fee("claim", 1_000_000_000),
        ];
        let text = describe("Buying a/b", &costs, 2_502_000_000_000, 9_000_000_000_000);
        assert_eq!(
            text,
            "Buying a/b\n  licence: price 2 STOA, deposit 0.5 STOA, fee about 0.001 STOA\n  \
             claim: fee about 0.001 STOA\n  in all about 2.502 STOA of 9 STOA; deposits come back when entries go"
        );
        assert_eq!(costs[0].total(), 2_501_000_000_000);
        assert_eq!(serde_json::to_value(&costs[0]).unwrap()["price"], "2000000000000");
    }
}
