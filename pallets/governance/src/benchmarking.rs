//! What each call costs. Every track is looked through to find the last one.

use crate::{Call, Config, Pace, Pallet, TrackRules, pallet::SharedPace};
use polkadot_sdk::{
    frame_benchmarking::v2::*,
    frame_support::traits::{EnsureOrigin, Get},
};

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn set_rules() -> Result<(), BenchmarkError> {
        let (track, default) = T::DefaultRules::get().pop().ok_or("there is no track")?;
        let rules = TrackRules { max_deciding: default.max_deciding.saturating_add(1), ..default };
        let origin = T::AdminOrigin::try_successful_origin().map_err(|()| "nobody may")?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, track, rules);
        assert_eq!(Pallet::<T>::rules(track), Some(rules));
        Ok(())
    }

    #[benchmark]
    fn set_pace() -> Result<(), BenchmarkError> {
        let pace = Pace { submission_deposit: 7_u32.into(), ..T::DefaultPace::get() };
        let origin = T::AdminOrigin::try_successful_origin().map_err(|()| "nobody may")?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, pace);
        assert_eq!(SharedPace::<T>::get(), Some(pace));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::genesis(Default::default()), crate::tests::Test);
}
