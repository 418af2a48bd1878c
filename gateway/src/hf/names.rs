//! Names in URLs: kinds of repositories, repo ids and revisions.

use serde::{Deserialize, Serialize};
use stoa_primitives::registry::{AssetKind, CommitId, check_name, check_ref_name};

/// The branch that a request without a revision means.
pub(super) const MAIN: &str = "main";

/// A kind of repository that the API knows. Programs have none.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Kind {
    Model,
    Dataset,
    Space,
}

impl Kind {
    /// The kind in `/api/<text>`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "models" => Some(Self::Model),
            "datasets" => Some(Self::Dataset),
            "spaces" => Some(Self::Space),
            _ => None,
        }
    }

    pub(super) fn of(kind: AssetKind) -> Option<Self> {
        match kind {
            AssetKind::Model => Some(Self::Model),
            AssetKind::Dataset => Some(Self::Dataset),
            AssetKind::Space => Some(Self::Space),
            AssetKind::Program => None,
        }
    }

    /// What stands before a repository's name in its URL.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Model => "",
            Self::Dataset => "datasets/",
            Self::Space => "spaces/",
        }
    }

    /// As in `/api/<text>`.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
            Self::Space => "spaces",
        }
    }
}

/// Words that the gateway has for itself as the first part of a path. A namespace of that name is on the chain and in
/// `stoa`, and not here.
const RESERVED: [&str; 18] = [
    "api", "buckets", "datasets", "gateway", "health", "ipfs", "ipns", "join", "kernels", "lfs", "login",
    "metrics", "models", "routing", "settings", "spaces", "token", "upload",
];

/// `owner/name`, if both could be somebody's.
pub(super) fn full_name(namespace: &str, name: &str) -> Option<String> {
    let valid = check_name(namespace.as_bytes()).is_ok()
        && check_name(name.as_bytes()).is_ok()
        && !RESERVED.iter().any(|word| word.eq_ignore_ascii_case(namespace));
    valid.then(|| format!("{namespace}/{name}"))
}

/// The reference that a revision in a URL means; `None` when nothing can have that name. `HEAD` is `main`.
pub(super) fn reference(revision: &str) -> Option<String> {
    if revision == "HEAD" {
        return Some(MAIN.into());
    }
    if is_commit(revision) {
        return Some(revision.to_ascii_lowercase());
    }
    check_ref_name(revision.as_bytes()).is_ok().then(|| revision.to_owned())
}

/// Whether a revision in a URL can never mean another commit.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The commit id as the clients write it.
pub(super) fn commit_text(commit: &CommitId) -> String {
    hex::encode(commit.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_the_registry_takes_are_asked_for() {
        assert_eq!(full_name("acme", "tiny-0.1"), Some("acme/tiny-0.1".into()));
        for (namespace, name) in
            [("", "a"), ("a", ""), ("..", "a"), ("a", "b/c"), ("a", "b\0"), ("a", "b%2f")]
        {
            assert_eq!(full_name(namespace, name), None, "{namespace} {name}");
        }
    }

    #[test]
    fn words_of_the_gateway_are_no_namespaces() {
        for namespace in ["api", "Datasets", "spaces", "models", "ipfs", "routing", "upload", "health"] {
            assert_eq!(full_name(namespace, "a"), None, "{namespace}");
        }
        assert!(full_name("apis", "api").is_some());
    }

    #[test]
    fn revisions_are_refs_or_commits() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(reference("HEAD"), Some("main".into()));
        assert_eq!(reference("feature/x"), Some("feature/x".into()));
        assert_eq!(reference(&commit.to_uppercase()), Some(commit.into()));
        for bad in ["", "..", "a/../b", "a b", "a\0", "/main"] {
            assert_eq!(reference(bad), None, "{bad}");
        }
        assert!(is_commit(commit) && !is_commit("main"));
    }

    #[test]
    fn kinds_are_the_api_s() {
        for kind in [Kind::Model, Kind::Dataset, Kind::Space] {
            assert_eq!(Kind::parse(kind.plural()), Some(kind));
        }
        assert_eq!(Kind::parse("programs"), None);
        assert_eq!(Kind::of(AssetKind::Program), None);
    }
}
