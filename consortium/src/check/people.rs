//! The token, and who has how much of it.

use super::Checker;
use crate::{
    amount::{self, Amount},
    config::{Config, TimingTable},
    network::Member,
    runtime,
};
use polkadot_sdk::sp_core::crypto::AccountId32;

/// Who has what.
pub(super) struct People {
    pub(super) supply: u128,
    pub(super) treasury: u128,
    pub(super) members: Vec<Member>,
    pub(super) endowments: Vec<(AccountId32, u128)>,
}

impl People {
    /// What the richest account has, which is what one account can put down.
    pub(super) fn richest(&self) -> u128 {
        let endowments = self.endowments.iter().map(|(_, balance)| *balance);
        self.members.iter().map(|member| member.balance).chain(endowments).max().unwrap_or_default()
    }
}

impl Checker {
    pub(super) fn timing(&mut self, timing: &TimingTable) -> (u64, u64) {
        let block_time_ms = timing.block_time.ms();
        if !runtime::BLOCK_TIME_MS.contains(&block_time_ms) {
            self.refuse(
                "timing.block_time",
                format!("{} is no block time that the runtime can keep", timing.block_time),
                "choose from 2s to 60s; it can't be changed later",
            );
        }
        let slots = timing.epoch.ms().div_ceil(block_time_ms.max(1));
        if slots < runtime::MIN_EPOCH_SLOTS {
            self.refuse(
                "timing.epoch",
                format!("{} are {slots} slots, too few for BABE to hand over", timing.epoch),
                format!("choose at least {} times the block time", runtime::MIN_EPOCH_SLOTS),
            );
        }
        if timing.epoch.ms() > runtime::MAX_EPOCH_MS {
            self.refuse(
                "timing.epoch",
                format!("a validator would come or go two epochs of {} after the vote", timing.epoch),
                "choose at most 7d; it can't be changed later",
            );
        }
        (block_time_ms, slots)
    }

    /// Plancks of an amount; 0 when it was refused.
    pub(super) fn plancks(&mut self, at: &str, amount: &Amount, decimals: u8) -> u128 {
        amount.plancks(decimals).unwrap_or_else(|error| {
            self.refuse(at, error.to_string(), "write fewer digits");
            0
        })
    }

    fn token(&mut self, config: &Config) -> u128 {
        let token = &config.token;
        let symbol = &token.symbol;
        let good = (2..=8).contains(&symbol.len())
            && symbol.starts_with(|first: char| first.is_ascii_uppercase())
            && symbol.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if !good {
            self.refuse(
                "token.symbol",
                format!("wallets don't show `{symbol}` well"),
                "use 2 to 8 of A-Z and 0-9, with a letter first",
            );
        }
        if !(9..=18).contains(&token.decimals) {
            self.refuse(
                "token.decimals",
                format!(
                    "with {} of them, the runtime's prices and its existential deposit of {} plancks make no sense",
                    token.decimals,
                    runtime::EXISTENTIAL_DEPOSIT
                ),
                "choose from 9 to 18; 12 is what the runtime's prices are made for",
            );
        }
        let supply = self.plancks("token.supply", &token.supply, token.decimals);
        if supply == 0 {
            self.refuse("token.supply", "there is nothing to pay fees with", "give the members tokens");
        }
        if supply > runtime::MAX_SUPPLY {
            self.refuse(
                "token.supply",
                "votes count up to six times a balance, and that doesn't fit 128 bits",
                "choose a smaller supply or fewer decimals",
            );
        }
        supply
    }

    fn balance(&mut self, at: &str, amount: &Amount, config: &Config) -> u128 {
        let at = format!("{at}.balance");
        let balance = self.plancks(&at, amount, config.token.decimals);
        if balance < runtime::EXISTENTIAL_DEPOSIT {
            let least = amount::show(runtime::EXISTENTIAL_DEPOSIT, config.token.decimals);
            self.refuse(&at, "it is below the existential deposit", format!("give at least {least}"));
        }
        balance
    }

    pub(super) fn people(&mut self, config: &Config) -> People {
        let supply = self.token(config);
        let kind = config.network.kind;
        let mut members = Vec::new();
        for member in &config.members {
            let at = format!("members.{}", member.name);
            self.name(&format!("{at}.name"), &member.name);
            if members.iter().any(|other: &Member| other.name == member.name) {
                self.refuse(&at, "another member has this name", "give each its own");
            }
            let account = self.account(&format!("{at}.account"), &member.account, kind);
            if let Some(account) = &account {
                self.once(&format!("{at}.account"), "account", crate::network::ss58(account));
            }
            let balance = self.balance(&at, &member.balance, config);
            let account = account.unwrap_or(AccountId32::new([0; 32]));
            members.push(Member { name: member.name.clone(), account, balance, committee: member.committee });
        }
        let mut endowments = Vec::new();
        for (number, endowment) in config.endowments.iter().enumerate() {
            let at = format!("endowments[{number}]");
            let account = self.account(&format!("{at}.account"), &endowment.account, kind);
            let balance = self.balance(&at, &endowment.balance, config);
            if let Some(account) = account {
                self.once(&format!("{at}.account"), "account", crate::network::ss58(&account));
                endowments.push((account, balance));
            }
        }
        if members.is_empty() {
            self.refuse("members", "nobody runs this network", "add a [[members]] entry for each");
        }
        self.committee(&members);
        let treasury = self.sums(supply, &members, &endowments, config);
        People { supply, treasury, members, endowments }
    }

    fn committee(&mut self, members: &[Member]) {
        let committee = members.iter().filter(|member| member.committee).count();
        if committee < runtime::MIN_COMMITTEE {
            self.refuse(
                "members.committee",
                format!(
                    "two thirds of {committee} decide on the brakes and the whitelist, so nobody may be missing, or one decides alone"
                ),
                format!("set committee = true for at least {}", runtime::MIN_COMMITTEE),
            );
        }
        if committee > runtime::MAX_COMMITTEE {
            self.refuse(
                "members.committee",
                format!("the technical committee has at most {} members", runtime::MAX_COMMITTEE),
                "let some of them vote in referenda alone",
            );
        }
    }

    /// What the treasury has: the rest.
    fn sums(
        &mut self,
        supply: u128,
        members: &[Member],
        endowments: &[(AccountId32, u128)],
        config: &Config,
    ) -> u128 {
        let voters = members.iter().map(|member| member.balance);
        let balances = voters.chain(endowments.iter().map(|(_, balance)| *balance));
        let sum = balances.fold(0u128, u128::saturating_add);
        let decimals = config.token.decimals;
        let Some(treasury) = supply.checked_sub(sum) else {
            self.refuse(
                "token.supply",
                format!(
                    "the balances are {} and the supply {}",
                    amount::show(sum, decimals),
                    amount::show(supply, decimals)
                ),
                "raise the supply or lower balances",
            );
            return 0;
        };
        if (1..runtime::EXISTENTIAL_DEPOSIT).contains(&treasury) {
            self.refuse(
                "token.supply",
                format!(
                    "the {} that nobody is given are too little for the treasury",
                    amount::show(treasury, decimals)
                ),
                "give them to somebody, or leave the treasury more",
            );
        }
        // Not `sum * 100 < supply * 5`: the left side could overflow.
        if supply > 0 && sum < supply / 100 * runtime::ROOT_SUPPORT_PERCENT {
            self.refuse(
                "token.supply",
                format!(
                    "the accounts have {} of {}, and the root track needs the votes of {} %: no upgrade could ever pass",
                    amount::show(sum, decimals),
                    amount::show(supply, decimals),
                    runtime::ROOT_SUPPORT_PERCENT
                ),
                "leave the treasury less",
            );
        }
        treasury
    }
}
