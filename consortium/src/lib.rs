//! A network of one's own from one configuration file: genesis, keys, units and a runbook.
