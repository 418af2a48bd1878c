//! Tests of the runtime as a whole.

mod client_metadata;
mod fees;
mod governance;
mod hub;
mod networks;

use crate::*;
use polkadot_sdk::sp_io::TestExternalities;
use serde_json::Value;

/// Lays a patch over a configuration, as nodes do with a preset.
fn patched(config: &mut Value, patch: Value) {
    match (config, patch) {
        (Value::Object(config), Value::Object(patch)) => {
            for (key, value) in patch {
                patched(config.entry(key).or_insert(Value::Null), value);
            }
        }
        (config, value) => *config = value,
    }
}

/// The state after the genesis of a preset.
fn genesis_of(preset: &str) -> TestExternalities {
    let patch = genesis::preset(&preset.into()).expect("the preset exists");
    let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("it is JSON");
    patched(&mut config, serde_json::from_slice(&patch).expect("it is JSON"));
    let mut externalities = TestExternalities::default();
    externalities.execute_with(|| {
        genesis::build(config.to_string().into_bytes()).expect("the preset builds");
        System::set_block_number(1);
    });
    externalities
}
