//! What can be changed without a new runtime.

use super::governance::RootOrHubParameters;
use crate::*;
use frame_support::{
    dynamic_params::{dynamic_pallet_params, dynamic_params},
    traits::{EnsureOrigin, EnsureOriginWithArg},
};

/// Parameters with the values that hold until they are first set.
#[dynamic_params(RuntimeParameters, pallet_parameters::Parameters::<Runtime>)]
#[allow(missing_docs, reason = "the macro makes items that can't be documented")]
pub mod dynamic_params {
    use super::*;

    /// What it costs to keep a record on the chain. A deposit that was taken stays what it was.
    #[dynamic_pallet_params]
    #[codec(index = 0)]
    pub mod storage {
        use super::super::{Balance, MICRO, MILLI};

        /// Held for each record.
        #[codec(index = 0)]
        pub static RecordDeposit: Balance = 50 * MILLI;
        /// Held for each byte.
        #[codec(index = 1)]
        pub static ByteDeposit: Balance = 100 * MICRO;
    }
}

/// Root and referenda on the hub's parameters set them.
pub struct ParameterAdmin;
impl EnsureOriginWithArg<RuntimeOrigin, RuntimeParametersKey> for ParameterAdmin {
    type Success = ();

    fn try_origin(origin: RuntimeOrigin, _: &RuntimeParametersKey) -> Result<(), RuntimeOrigin> {
        RootOrHubParameters::try_origin(origin).map(|_| ())
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn try_successful_origin(_: &RuntimeParametersKey) -> Result<RuntimeOrigin, ()> {
        Ok(RuntimeOrigin::root())
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl Default for RuntimeParameters {
    fn default() -> Self {
        RuntimeParameters::Storage(dynamic_params::storage::Parameters::ByteDeposit(
            dynamic_params::storage::ByteDeposit,
            Some(MICRO),
        ))
    }
}

impl pallet_parameters::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeParameters = RuntimeParameters;
    type AdminOrigin = ParameterAdmin;
    type WeightInfo = ();
}
