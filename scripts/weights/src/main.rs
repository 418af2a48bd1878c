//! Runs the benchmarks of a runtime's pallets and writes their weights.

use clap::Parser;
use sp_runtime::traits::BlakeTwo256;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    benchmark: frame_benchmarking_cli::PalletCmd,
}

fn main() -> sc_cli::Result<()> {
    Cli::parse().benchmark.run_with_spec::<BlakeTwo256, sp_io::SubstrateHostFunctions>(None)
}
