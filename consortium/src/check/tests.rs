//! Files that are refused, each with its reason. All start from the example.

use super::*;

const EXAMPLE: &str = include_str!("../../../chain-specs/consortium.toml");
const LOCAL: &str = include_str!("../../../chain-specs/local-consortium.toml");

/// The example with some of its text changed.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(EXAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the example has no `{from}`");
        text.replacen(from, to, 1)
    })
}

fn problems(changes: &[(&str, &str)]) -> Vec<Problem> {
    match Config::parse(&changed(changes)).unwrap().check() {
        Ok(_) => panic!("{changes:?} was accepted"),
        Err(problems) => problems,
    }
}

/// Each case: what is changed, and where and how that is refused.
macro_rules! refuses {
    ($($name:ident: [$($from:expr => $to:expr),+ $(,)?], $at:literal, $what:literal;)*) => {$(
        #[test]
        fn $name() {
            let problems = problems(&[$(($from, $to)),+]);
            assert!(
                problems.iter().any(|problem| problem.at == $at && problem.what.contains($what)),
                "{problems:#?}"
            );
            assert!(problems.iter().all(|problem| !problem.fix.is_empty()));
        }
    )*};
}

const VALIDATOR: &str = "role = \"validator\"\naddresses = [\"/ip4/10.20.2.1/tcp/30333\"]";
const FULL: &str = "role = \"full\"\naddresses = [\"/ip4/10.20.2.1/tcp/30333\"]";
const ROOT: &str = "[governance.tracks.root]\nmax_deciding = 1 ";

refuses! {
    refuses_an_empty_name: ["\"Example Consortium\"" => "\" \""], "network.name", "isn't a line of text";
    refuses_an_id_that_cannot_name_files: ["\"example-consortium\"" => "\"../etc\""], "network.id", "can't name files";
    refuses_a_member_that_cannot_name_files: ["name = \"birch\"" => "name = \"Birch & Sons\""],
        "members.Birch & Sons.name", "can't name files";

    refuses_a_symbol_in_small_letters: ["\"EXC\"" => "\"exc\""], "token.symbol", "wallets";
    refuses_a_symbol_of_one_letter: ["\"EXC\"" => "\"E\""], "token.symbol", "wallets";
    refuses_a_symbol_that_is_too_long: ["\"EXC\"" => "\"EXAMPLECOIN\""], "token.symbol", "wallets";
    refuses_decimals_that_prices_are_not_made_for: ["decimals = 12" => "decimals = 6"], "token.decimals", "make no sense";
    refuses_more_decimals_than_fit: ["decimals = 12" => "decimals = 30"], "token.decimals", "make no sense";
    refuses_a_supply_of_nothing: ["supply = 100_000_000 " => "supply = 0 "], "token.supply", "nothing to pay fees with";
    refuses_a_supply_that_does_not_fit: ["supply = 100_000_000 " => "supply = \"100000000000000000000000000\" "],
        "token.supply", "doesn't fit 128 bits";
    refuses_a_supply_that_cannot_be_counted: [
        "supply = 100_000_000 " => "supply = \"340282366920938463463374607431768211455\" "
    ], "token.supply", "more than the chain can count";
    refuses_balances_above_the_supply: ["supply = 100_000_000 " => "supply = 79_999_999 "],
        "token.supply", "the balances are 80,000,000 and the supply 79,999,999";
    refuses_a_treasury_below_the_existential_deposit: [
        "supply = 100_000_000 " => "supply = \"80_000_000.0001\" "
    ], "token.supply", "too little for the treasury";
    refuses_voters_too_poor_for_the_root_track: ["supply = 100_000_000 " => "supply = 2_000_000_000 "],
        "token.supply", "no upgrade could ever pass";
    refuses_an_amount_that_is_too_fine: ["balance = 20_000_000" => "balance = \"0.0000000000001\""],
        "endowments[0].balance", "13 digits behind the point";

    refuses_a_block_time_of_zero: ["block_time = \"6s\"" => "block_time = \"0s\""], "timing.block_time", "no block time";
    refuses_a_block_time_below_two_seconds: ["block_time = \"6s\"" => "block_time = \"1999ms\""],
        "timing.block_time", "no block time";
    refuses_a_block_time_above_a_minute: ["block_time = \"6s\"" => "block_time = \"61s\""],
        "timing.block_time", "no block time";
    refuses_an_epoch_of_nine_slots: ["epoch = \"1h\"" => "epoch = \"54s\""], "timing.epoch", "9 slots";
    refuses_an_epoch_of_more_than_a_week: ["epoch = \"1h\"" => "epoch = \"8d\""], "timing.epoch", "two epochs";

    refuses_two_members_of_one_name: ["name = \"birch\"" => "name = \"acacia\""], "members.acacia", "has this name";
    refuses_an_account_with_a_wrong_digit: [
        "\"5CXnowQGgT56YVLSbg8MMDNJ2RhhpCQhRxGfRGx82HaSpCwd\"" => "\"5CXnowQGgT56YVLSbg8MMDNJ2RhhpCQhRxGfRGx82HaSpCwe\""
    ], "members.birch.account", "isn't an address (Invalid checksum)";
    refuses_an_account_that_is_no_address: [
        "\"5CXnowQGgT56YVLSbg8MMDNJ2RhhpCQhRxGfRGx82HaSpCwd\"" => "\"birch\""
    ], "members.birch.account", "isn't an address";
    refuses_an_account_of_another_network: [
        "\"5CXnowQGgT56YVLSbg8MMDNJ2RhhpCQhRxGfRGx82HaSpCwd\"" => "\"15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5\""
    ], "members.birch.account", "prefix 0";
    refuses_an_account_in_short_hex: ["\"0xb8fd9c" => "\"0xb8fd"], "endowments[0].account", "isn't 32 bytes in hex";
    refuses_an_account_that_is_named_twice: [
        "\"5CXnowQGgT56YVLSbg8MMDNJ2RhhpCQhRxGfRGx82HaSpCwd\"" => "\"5EZU9znEaKastukP1GUgQGmsYPGeFAq2LfL1GqB6vNSEs4kW\""
    ], "members.birch.account", "the one of members.acacia.account too";
    refuses_an_endowed_account_that_is_a_members: [
        "\"0xb8fd9c206148d43553354a81b58799030b0c9c7371d546068d3c572857bb0304\"" =>
            "\"0x6e68760e776226f18aac2cc95a89ac1e8b0d90b02c514257d4e214a5769b054f\""
    ], "endowments[0].account", "the one of members.acacia.account too";
    refuses_an_account_whose_secret_everybody_knows: [
        "\"5CXnowQGgT56YVLSbg8MMDNJ2RhhpCQhRxGfRGx82HaSpCwd\"" => "\"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY\""
    ], "members.birch.account", "everybody knows the secret of Alice";
    refuses_a_balance_below_the_existential_deposit: ["balance = 20_000_000" => "balance = \"0.0001\""],
        "endowments[0].balance", "below the existential deposit";
    refuses_a_committee_that_cannot_lose_one: ["balance = 15_000_000\ncommittee = true" => "balance = 15_000_000"],
        "members.committee", "two thirds of 2";

    refuses_one_validator: [
        VALIDATOR => FULL,
        "role = \"validator\"                  #" => "role = \"full\" #",
        "role = \"validator\"\naddresses = [\"/ip4/10.20.3.1/tcp/30333\"]" =>
            "role = \"full\"\naddresses = [\"/ip4/10.20.3.1/tcp/30333\"]",
    ], "nodes.role", "one validator is all of GRANDPA";
    refuses_fewer_validators_than_grandpa_needs_to_lose_one: [VALIDATOR => FULL],
        "nodes.role", "of 3 validators GRANDPA can't lose one";
    refuses_a_network_without_a_bootnode: ["bootnode = true" => "", "bootnode = true" => ""],
        "nodes.bootnode", "a new one finds nobody";
    refuses_two_nodes_of_one_name: ["name = \"birch-validator\"" => "name = \"acacia-validator\""],
        "nodes.acacia-validator", "has this name";
    refuses_a_node_of_nobody: ["member = \"birch\"" => "member = \"elder\""],
        "nodes.birch-validator.member", "no member `elder`";
    refuses_a_validator_that_cannot_pay_for_its_keys: [
        "member = \"birch\"" =>
            "member = \"birch\"\naccount = \"5DobyR4ntgwESm354GKJSNez1LZLUdpK72oWpKVBLePpzLbX\""
    ], "nodes.birch-validator.account", "can't pay the deposit";
    refuses_two_validators_for_one_account: ["member = \"birch\"" => "member = \"acacia\""],
        "nodes.birch-validator.account", "the one of nodes.acacia-validator.account too";
    refuses_an_account_on_a_full_node: [
        "gateway = \"local\"" => "account = \"5EZU9znEaKastukP1GUgQGmsYPGeFAq2LfL1GqB6vNSEs4kW\"\ngateway = \"local\""
    ], "nodes.acacia-archive.account", "needs no account";
    refuses_session_keys_on_a_full_node: [
        "gateway = \"local\"" =>
            "session_keys = { grandpa = \"0x00\", babe = \"0x00\", authority_discovery = \"0x00\" }\ngateway = \"local\""
    ], "nodes.acacia-archive.session_keys", "signs nothing";
    refuses_a_node_that_nobody_can_dial: ["[\"/ip4/10.20.2.1/tcp/30333\"]" => "[]"],
        "nodes.birch-validator.addresses", "nobody can dial it";
    refuses_an_address_that_is_no_multiaddress: ["\"/ip4/10.20.2.1/tcp/30333\"" => "\"10.20.2.1:30333\""],
        "nodes.birch-validator.addresses", "`10.20.2.1:30333` won't do";
    refuses_a_loopback_address_on_a_live_network: ["/ip4/10.20.2.1/tcp/30333" => "/ip4/127.0.0.1/tcp/30333"],
        "nodes.birch-validator.addresses", "on its own machine alone";
    refuses_an_address_that_two_nodes_share: ["/ip4/10.20.2.1/tcp/30333" => "/ip4/10.20.1.1/tcp/30333"],
        "nodes.birch-validator.addresses /ip4/10.20.1.1/tcp/30333", "this address is the one of";
    refuses_ports_that_two_nodes_of_a_machine_share: ["/ip4/10.20.1.2/tcp/30333" => "/ip4/10.20.1.1/tcp/30334"],
        "nodes.acacia-archive.ports", "this port is the one of nodes.acacia-validator.ports too";
    refuses_a_port_that_is_used_twice: ["prometheus = 9615" => "prometheus = 9944"],
        "nodes.acacia-archive.ports", "two things listen on one port";
    refuses_port_zero: ["rpc = 9944" => "rpc = 0"], "nodes.acacia-archive.ports", "port 0";
    refuses_a_peer_id_that_is_none: ["\"12D3KooWLxQLbPUoj569WcHXh1BCKZw2NDgrBKRUcCiyqCJuTxrC\"" => "\"12D3KooW\""],
        "nodes.damson-validator.peer_id", "isn't the peer id";
    refuses_an_allowed_peer_that_is_a_node_already: [
        "allowed_peers = []" => "allowed_peers = [\"12D3KooWLxQLbPUoj569WcHXh1BCKZw2NDgrBKRUcCiyqCJuTxrC\"]"
    ], "permissioned.allowed_peers[0]", "the one of nodes.damson-validator.peer_id too";
    refuses_a_list_of_peers_that_is_not_used: [
        "enabled = true" => "enabled = false",
        "allowed_peers = []" => "allowed_peers = [\"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp\"]",
    ], "permissioned.allowed_peers", "only look like a fence";
    refuses_an_open_gateway_in_permissioned_mode: ["gateway = \"local\"" => "gateway = \"open\""],
        "nodes.acacia-archive.gateway", "who may not take part";
    refuses_a_session_key_that_is_no_key: [
        "babe = \"0x4c4d6848d6f8cda9c69fa7a2d48c90fd32d1341625cd948f26078a8117452542\"" =>
            "babe = \"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\""
    ], "nodes.damson-validator.session_keys.babe", "isn't the public half of an sr25519 key";
    refuses_a_session_key_of_zeros: [
        "grandpa = \"5DobyR4ntgwESm354GKJSNez1LZLUdpK72oWpKVBLePpzLbX\"" =>
            "grandpa = \"0x0000000000000000000000000000000000000000000000000000000000000000\""
    ], "nodes.damson-validator.session_keys.grandpa", "isn't the public half of an ed25519 key";
    refuses_a_session_key_that_two_validators_share: [
        VALIDATOR => "role = \"validator\"\naddresses = [\"/ip4/10.20.2.1/tcp/30333\"]\nsession_keys = { grandpa = \"5DobyR4ntgwESm354GKJSNez1LZLUdpK72oWpKVBLePpzLbX\", babe = \"0x6e68760e776226f18aac2cc95a89ac1e8b0d90b02c514257d4e214a5769b054f\", authority_discovery = \"0x6e68760e776226f18aac2cc95a89ac1e8b0d90b02c514257d4e214a5769b054f\" }"
    ], "nodes.damson-validator.session_keys", "this session key is the one of nodes.birch-validator.session_keys too";
    refuses_a_monitor_that_is_no_ip_address: ["\"10.20.0.9\"" => "\"prometheus\""],
        "monitoring.from[0]", "isn't an IP address";

    refuses_a_track_that_does_not_exist: ["[governance.tracks.validator_admin]" => "[governance.tracks.validators]"],
        "governance.tracks.validators", "no such track";
    refuses_a_decision_period_of_zero: ["decision_period = \"14d\"" => "decision_period = \"0s\""],
        "governance.tracks.root.decision_period", "nothing happens in no time";
    refuses_a_confirm_period_of_zero: ["confirm_period = \"1d\"" => "confirm_period = \"0h\""],
        "governance.tracks.root.confirm_period", "nothing happens in no time";
    refuses_to_confirm_for_longer_than_is_decided: ["confirm_period = \"1d\"" => "confirm_period = \"15d\""],
        "governance.tracks.root.confirm_period", "nothing could ever pass";
    refuses_a_track_that_decides_nothing: [ROOT => "[governance.tracks.root]\nmax_deciding = 0 "],
        "governance.tracks.root.max_deciding", "no referendum could ever be decided";
    refuses_a_deposit_that_nobody_can_put_down: ["decision_deposit = 10_000 " => "decision_deposit = 20_000_000 "],
        "governance.tracks.root.decision_deposit", "nobody can put down 20,000,001";
    refuses_referenda_that_time_out_before_they_are_decided: [
        "undeciding_timeout = \"14d\"" => "undeciding_timeout = \"2h\""
    ], "governance.tracks.root.prepare_period", "would time out";
    refuses_a_spend_period_of_zero: ["spend_period = \"6d\"" => "spend_period = \"0d\""],
        "governance.pace.spend_period", "nothing happens in no time";
    refuses_a_period_of_more_blocks_than_a_chain_counts: ["payout_period = \"30d\"" => "payout_period = \"1000000d\""],
        "governance.pace.payout_period", "can't count the blocks";
    refuses_more_validators_as_minimum_than_there_are: ["minimum_validators = 4" => "minimum_validators = 5"],
        "governance.minimum_validators", "5 of 4 validators";
    refuses_a_minimum_of_no_validators: ["minimum_validators = 4" => "minimum_validators = 0"],
        "governance.minimum_validators", "0 of 4 validators";
    refuses_a_parameter_that_does_not_exist: ["byte_deposit" => "bit_deposit"],
        "parameters.storage.bit_deposit", "no such parameter";
    refuses_records_that_cost_nothing: ["byte_deposit = \"0.0001\"" => "byte_deposit = 0"],
        "parameters.storage.byte_deposit", "for nothing";
    refuses_a_policy_of_several_lines: ["\"moderation@example.org\"" => "\"a\\nb\""],
        "moderation.contact", "isn't a line of text";
}

#[test]
fn refuses_a_network_of_nobody_with_all_reasons_at_once() {
    let text = "[network]\nname = \"x\"\nid = \"x\"\n[token]\nsymbol = \"EXC\"\nsupply = 1\n[timing]\nblock_time = \"6s\"\nepoch = \"1h\"\n";
    let problems = Config::parse(text).unwrap().check().unwrap_err();
    for at in ["members", "members.committee", "nodes.role", "nodes.bootnode", "token.supply"] {
        assert!(problems.iter().any(|problem| problem.at == at), "{at}: {problems:#?}");
    }
}

#[test]
fn a_problem_says_where_what_and_what_to_do() {
    let problems = problems(&[("\"EXC\"", "\"exc\"")]);
    let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["token.symbol: wallets don't show `exc` well; use 2 to 8 of A-Z and 0-9, with a letter first"]
    );
}

#[test]
fn the_examples_are_accepted() {
    let network = Config::parse(EXAMPLE).unwrap().check().unwrap();
    assert_eq!(network.validators().count(), 4);
    assert_eq!(network.faults(), 1);
    assert_eq!(network.nodes.len(), 5);
    assert_eq!(network.block_time_ms, 6_000);
    assert_eq!(network.epoch_slots, 600);
    assert_eq!(network.treasury, 20_000_000 * 10u128.pow(12));
    assert!(network.permissioned.is_some());

    let network = Config::parse(LOCAL).unwrap().check().unwrap();
    assert_eq!(network.validators().count(), 4);
    assert_eq!(network.kind, Kind::Local);
    let [root, ..] = network.tracks.as_slice() else { panic!("no tracks") };
    let passes_after = root.prepare_period + root.confirm_period + root.min_enactment_period;
    assert!(u64::from(passes_after) * network.block_time_ms < 120_000);
}

#[test]
fn every_field_of_the_example_is_needed_or_has_a_default() {
    // Comments aside, each line that is taken out is either refused as missing or has a default.
    for (number, line) in EXAMPLE.lines().enumerate().filter(|(_, line)| line.contains(" = ")) {
        if line.starts_with('#') {
            continue;
        }
        let rest: String = EXAMPLE
            .lines()
            .enumerate()
            .filter(|(at, _)| *at != number)
            .map(|(_, line)| format!("{line}\n"))
            .collect();
        match Config::parse(&rest) {
            Err(error) => assert!(error.what.contains("missing field"), "{line}: {error}"),
            Ok(config) => {
                if let Err(problems) = config.check() {
                    assert!(
                        line.contains("committee") || line.contains("addresses") || line.contains("enabled"),
                        "{line}: {problems:#?}"
                    );
                }
            }
        }
    }
}

#[test]
fn parsing_refuses_nonsense_and_says_where() {
    for (changes, line, what) in [
        (("[network]\nname", "[network]\nnmae"), "nmae", "unknown field `nmae`"),
        (("[timing]", "[timings]"), "[timings]", "unknown field `timings`"),
        (("symbol = \"EXC\"", ""), "[token]", "missing field `symbol`"),
        (("decimals = 12", "decimals = 300"), "decimals", "300"),
        (("decimals = 12", "decimals = \"twelve\""), "decimals", "invalid type: string"),
        (("supply = 100_000_000", "supply = 1.5"), "supply", "put an amount with a fraction in quotes"),
        (("supply = 100_000_000", "supply = -1"), "supply", "expected an amount in whole tokens"),
        (("supply = 100_000_000", "supply = \"lots\""), "supply", "expected an amount in whole tokens"),
        (("block_time = \"6s\"", "block_time = 6"), "block_time", "expected a period with its unit"),
        (("block_time = \"6s\"", "block_time = \"6 sec\""), "block_time", "expected a period with its unit"),
        (("block_time = \"6s\"", "block_time = \"-6s\""), "block_time", "expected a period with its unit"),
        (("role = \"validator\"", "role = \"king\""), "role", "unknown variant `king`"),
        (("kind = \"live\"", "kind = \"dead\""), "kind", "unknown variant `dead`"),
        (("committee = true", "committee = \"yes\""), "committee", "expected a boolean"),
        (("rpc = 9944", "rpc = 99440"), "ports", "99440"),
        (("name = \"Example Consortium\"", "name = \"Example"), "name", "invalid basic string"),
        (("[[members]]", "[members]"), "", "members"),
        (("id = \"example-consortium\"", "id = \"a\"\nid = \"b\""), "id", "duplicate key `id`"),
    ] {
        let error = Config::parse(&changed(&[changes])).unwrap_err();
        assert!(error.near.contains(line), "{changes:?}: {error}");
        assert!(error.what.contains(what), "{changes:?}: {error}");
        assert!(error.to_string().contains(&format!("line {}", error.line)), "{error}");
    }
    for text in ["", "\0", "[[[", "{}", "network = 1", &"[".repeat(100_000)] {
        assert!(Config::parse(text).is_err(), "{text:.20?}");
    }
}

proptest::proptest! {
    /// Whatever a file says, it is accepted or refused, and what is accepted adds up.
    #[test]
    fn no_file_makes_it_panic(
        cuts in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), 0usize..40, ".{0,8}"), 1..4)
    ) {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for (start, length, new) in cuts {
            let start = start.index(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, new.chars());
        }
        let text: String = text.into_iter().collect();
        if let Ok(config) = Config::parse(&text)
            && let Ok(network) = config.check()
        {
            let sum: u128 = network.balances().into_iter().map(|(_, balance)| balance).sum();
            assert_eq!(sum, network.supply);
        }
    }
}
