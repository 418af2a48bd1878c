//! Tests of the runtime as a whole.

mod client_metadata;
mod fees;
mod governance;
mod networks;

use crate::*;
use polkadot_sdk::sp_io::TestExternalities;

/// The state after the genesis of a preset.
fn genesis_of(preset: &str) -> TestExternalities {
    let patch = genesis::preset(&preset.into()).expect("the preset exists");
    let mut externalities = TestExternalities::default();
    externalities.execute_with(|| {
        frame_support::genesis_builder_helper::build_state::<RuntimeGenesisConfig>(patch)
            .expect("the preset builds");
        System::set_block_number(1);
    });
    externalities
}
