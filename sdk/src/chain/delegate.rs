//! Lets a gateway's key make calls of the registry for an account, and nothing else.

use super::{
    Chain, ChainError,
    client::api,
    types::{Included, Wait},
};
use crate::keys::Keypair;
use api::runtime_types::stoa_runtime::configs::accounts::ProxyType;
use subxt::utils::{AccountId32, MultiAddress};

impl Chain {
    /// Lets a key publish for the signer, if `delegate` isn't allowed to yet, and gives it money for fees.
    pub async fn authorise_gateway(
        &self,
        signer: &Keypair,
        delegate: &AccountId32,
        is_new: bool,
        fund: u128,
        wait: Wait,
    ) -> Result<Included, ChainError> {
        let address = || MultiAddress::Id(delegate.clone());
        let mut calls = Vec::new();
        if is_new {
            calls.push(api::Call::Proxy(api::proxy::Call::add_proxy {
                delegate: address(),
                proxy_type: ProxyType::Registry,
                delay: 0,
            }));
        }
        if fund > 0 {
            calls.push(api::Call::Balances(api::balances::Call::transfer_keep_alive {
                dest: address(),
                value: fund,
            }));
        }
        let call = api::transactions().utility().batch_all(calls);
        Ok(self.send(&call, signer, wait).await?.0)
    }

    /// Takes back what [`Chain::authorise_gateway`] allowed. Money that the key has stays with it.
    pub async fn revoke_gateway(
        &self,
        signer: &Keypair,
        delegate: &AccountId32,
        wait: Wait,
    ) -> Result<Included, ChainError> {
        let delegate = MultiAddress::Id(delegate.clone());
        let call = api::transactions().proxy().remove_proxy(delegate, ProxyType::Registry, 0);
        Ok(self.send(&call, signer, wait).await?.0)
    }
}
