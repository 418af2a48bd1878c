//! Tokens that ended before their time, in a table that survives restarts. An entry goes when its token would have
//! expired anyway.

use std::{collections::HashMap, path::Path};

use parking_lot::Mutex;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::{Token, TokenId};
use crate::Account;

/// Account and token: when it would have expired.
const TOKENS: TableDefinition<(&[u8; 32], &[u8; 16]), u64> = TableDefinition::new("revoked");
/// Account: tokens that were issued until then have ended.
const ALL: TableDefinition<&[u8; 32], u64> = TableDefinition::new("revoked-until");
/// Single tokens of one account; whoever revokes more ends all at once.
const MAX_TOKENS: usize = 256;
/// Accounts that revoked anything.
const MAX_ACCOUNTS: usize = 100_000;

/// A token can't be revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokedError {
    /// The file can't be opened or is damaged, or a write failed.
    #[error("the table of revoked tokens failed: {0}")]
    Table(#[from] redb::Error),
    /// There is no room.
    #[error("too many tokens were revoked one by one: end all at once with `stoa token revoke --all`")]
    Full,
}

#[derive(Default)]
struct Ended {
    until: Option<u64>,
    tokens: HashMap<TokenId, u64>,
}

/// The table, and all of it in memory.
pub(super) struct Revoked {
    table: Database,
    accounts: Mutex<HashMap<Account, Ended>>,
}

fn failed(error: impl Into<redb::Error>) -> RevokedError {
    RevokedError::Table(error.into())
}

impl Revoked {
    /// Opens the table, and drops entries of tokens that have expired.
    pub(super) fn open(path: &Path, now: u64) -> Result<Self, RevokedError> {
        let table = Database::create(path).map_err(failed)?;
        let write = table.begin_write().map_err(failed)?;
        {
            let mut tokens = write.open_table(TOKENS).map_err(failed)?;
            tokens.retain(|_, expires| expires > now).map_err(failed)?;
            write.open_table(ALL).map_err(failed)?;
        }
        write.commit().map_err(failed)?;
        let mut accounts: HashMap<Account, Ended> = HashMap::new();
        let read = table.begin_read().map_err(failed)?;
        for entry in read.open_table(TOKENS).map_err(failed)?.iter().map_err(failed)? {
            let (key, expires) = entry.map_err(failed)?;
            let (account, id) = key.value();
            accounts.entry(Account(*account)).or_default().tokens.insert(*id, expires.value());
        }
        for entry in read.open_table(ALL).map_err(failed)?.iter().map_err(failed)? {
            let (account, until) = entry.map_err(failed)?;
            accounts.entry(Account(*account.value())).or_default().until = Some(until.value());
        }
        drop(read);
        Ok(Self { table, accounts: Mutex::new(accounts) })
    }

    /// Whether a token has ended.
    pub(super) fn has(&self, token: &Token) -> bool {
        self.accounts.lock().get(&token.account).is_some_and(|ended| {
            ended.until.is_some_and(|until| token.issued <= until) || ended.tokens.contains_key(&token.id)
        })
    }

    /// Ends a token.
    pub(super) fn end(&self, token: &Token, now: u64) -> Result<(), RevokedError> {
        let mut gone = Vec::new();
        {
            let mut accounts = self.accounts.lock();
            check_room(&accounts, &token.account)?;
            if let Some(ended) = accounts.get_mut(&token.account)
                && ended.tokens.len() >= MAX_TOKENS
            {
                gone.extend(ended.tokens.iter().filter(|(_, expires)| **expires <= now).map(|(id, _)| *id));
                if gone.is_empty() {
                    return Err(RevokedError::Full);
                }
                ended.tokens.retain(|id, _| !gone.contains(id));
            }
        }
        let write = self.table.begin_write().map_err(failed)?;
        {
            let mut tokens = write.open_table(TOKENS).map_err(failed)?;
            for id in &gone {
                tokens.remove((&token.account.0, id)).map_err(failed)?;
            }
            tokens.insert((&token.account.0, &token.id), token.expires).map_err(failed)?;
        }
        write.commit().map_err(failed)?;
        self.accounts.lock().entry(token.account).or_default().tokens.insert(token.id, token.expires);
        Ok(())
    }

    /// Ends all tokens of an account that were issued until then.
    pub(super) fn end_all(&self, account: &Account, until: u64) -> Result<(), RevokedError> {
        let until = {
            let accounts = self.accounts.lock();
            check_room(&accounts, account)?;
            accounts.get(account).and_then(|ended| ended.until).unwrap_or_default().max(until)
        };
        let write = self.table.begin_write().map_err(failed)?;
        write.open_table(ALL).map_err(failed)?.insert(&account.0, until).map_err(failed)?;
        write.commit().map_err(failed)?;
        let mut accounts = self.accounts.lock();
        let ended = &mut accounts.entry(*account).or_default().until;
        *ended = (*ended).max(Some(until));
        Ok(())
    }
}

fn check_room(accounts: &HashMap<Account, Ended>, account: &Account) -> Result<(), RevokedError> {
    match accounts.len() >= MAX_ACCOUNTS && !accounts.contains_key(account) {
        true => Err(RevokedError::Full),
        false => Ok(()),
    }
}
