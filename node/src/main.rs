//! Stoa's node.

fn main() -> polkadot_sdk::sc_cli::Result<()> {
    stoa_node::run()
}
