use super::*;
use crate::types::Claim;
use polkadot_sdk::{frame_support::assert_noop, sp_runtime::TokenError};

#[test]
fn anybody_attests_and_takes_it_back_with_the_deposit() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        assert_ok!(Registry::attest(signed(BOB), commit, Claim::Reproduced, content(5)));
        assert_eq!(
            last_event(),
            Event::Attested { commit, author: BOB, claim: Claim::Reproduced, evidence: content(5) }
        );
        assert!(held(BOB) > 0);
        assert_ok!(Registry::revoke_attestation(signed(BOB), commit, Claim::Reproduced));
        assert_eq!(last_event(), Event::AttestationRevoked { commit, author: BOB, claim: Claim::Reproduced });
        assert_eq!(held(BOB), 0);
    });
}

#[test]
fn one_account_makes_each_claim_once() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        assert_ok!(Registry::attest(signed(BOB), commit, Claim::Audited, content(5)));
        assert_ok!(Registry::attest(signed(BOB), commit, Claim::Disputed, content(5)));
        assert_ok!(Registry::attest(signed(CAROL), commit, Claim::Audited, content(5)));
        assert_noop!(
            Registry::attest(signed(BOB), commit, Claim::Audited, content(6)),
            Error::AttestationExists
        );
    });
}

#[test]
fn attesting_fails_when_something_is_wrong() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        assert_noop!(
            Registry::attest(signed(BOB), CommitId([9; 20]), Claim::Other, content(5)),
            Error::RevisionNotFound
        );
        assert_noop!(
            Registry::attest(signed(POOR), commit, Claim::Other, content(5)),
            TokenError::FundsUnavailable
        );
        assert_ok!(Registry::attest(signed(BOB), commit, Claim::Other, content(5)));
        assert_noop!(
            Registry::revoke_attestation(signed(CAROL), commit, Claim::Other),
            Error::AttestationNotFound
        );
    });
}

#[test]
fn an_attestation_outlives_its_revision_until_its_author_takes_it_back() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        assert_ok!(Registry::attest(signed(BOB), commit, Claim::Evaluated, content(5)));
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_ok!(Registry::remove_revision(signed(ALICE), commit));
        assert_eq!(Registry::attestations(commit, None, 9).len(), 1);
        assert_ok!(Registry::revoke_attestation(signed(BOB), commit, Claim::Evaluated));
        assert_eq!(held(BOB), 0);
    });
}
