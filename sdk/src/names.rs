//! Names as people write them: `owner/name`, `owner/name@revision`, `owner/name@revision:relation`.

use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};
use stoa_primitives::registry::{
    AssetKind, CommitId, NameError, Relation, Visibility, check_name, check_ref_name, name_key,
};

/// The branch that is meant when none is named.
pub const DEFAULT_BRANCH: &str = "main";

/// Why a name was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameParseError {
    /// Not of the form `owner/name`.
    #[error("`{0}` isn't an asset: write it as owner/name")]
    Asset(String),
    /// A half that breaks the rules of names.
    #[error("`{name}` can't be a name: {}", explain(.reason))]
    Name {
        /// The half.
        name: String,
        /// What is wrong with it.
        reason: NameError,
    },
    /// A revision that is neither a commit id nor a valid branch or tag.
    #[error("`{name}` is neither a branch, nor a tag, nor a commit id of 40 hex digits: {}", explain(.reason))]
    Reference {
        /// The revision.
        name: String,
        /// What is wrong with it.
        reason: NameError,
    },
    /// A parent without its relation.
    #[error("`{0}` isn't a parent: write it as owner/name@revision:relation")]
    Parent(String),
    /// A word that isn't in its list.
    #[error("`{word}` is unknown: use one of {allowed}")]
    Word {
        /// The word.
        word: String,
        /// All that may stand there.
        allowed: String,
    },
}

fn explain(reason: &NameError) -> &'static str {
    match reason {
        NameError::Length => "it must have 1 to 96 characters",
        NameError::Character => "only letters, digits, `.`, `_` and `-` are allowed",
        NameError::Edge => "it can't start or end with `-` or `.`",
        NameError::Repeated => "`--` and `..` aren't allowed",
    }
}

/// An asset's full name. Two names that differ only in case are equal, as on the chain.
#[derive(Clone, Debug)]
pub struct AssetName {
    namespace: String,
    name: String,
}

impl AssetName {
    /// The `owner` half.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The half after the slash.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl PartialEq for AssetName {
    fn eq(&self, other: &Self) -> bool {
        let key = |name: &Self| (name_key(name.namespace.as_bytes()), name_key(name.name.as_bytes()));
        key(self) == key(other)
    }
}

impl Eq for AssetName {}

impl fmt::Display for AssetName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

impl Serialize for AssetName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for AssetName {
    type Err = NameParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (namespace, name) = text.split_once('/').ok_or_else(|| NameParseError::Asset(text.to_owned()))?;
        for half in [namespace, name] {
            check_name(half.as_bytes())
                .map_err(|reason| NameParseError::Name { name: half.to_owned(), reason })?;
        }
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

/// A branch, a tag or a commit id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reference(String);

impl Reference {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The commit id, when it is one.
    pub fn commit(&self) -> Option<CommitId> {
        let mut bytes = [0; 20];
        hex::decode_to_slice(&self.0, &mut bytes).ok()?;
        Some(CommitId(bytes))
    }
}

impl Default for Reference {
    fn default() -> Self {
        Self(DEFAULT_BRANCH.to_owned())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Reference {
    type Err = NameParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let commit = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !commit {
            check_ref_name(text.as_bytes())
                .map_err(|reason| NameParseError::Reference { name: text.to_owned(), reason })?;
        }
        Ok(Self(if commit { text.to_ascii_lowercase() } else { text.to_owned() }))
    }
}

/// `owner/name@revision`; without a revision, the branch [`DEFAULT_BRANCH`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AssetAt {
    /// The asset.
    pub asset: AssetName,
    /// Which revision of it.
    pub reference: Reference,
}

impl fmt::Display for AssetAt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.asset, self.reference)
    }
}

impl Serialize for AssetAt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for AssetAt {
    type Err = NameParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (asset, reference) = match text.split_once('@') {
            Some((asset, reference)) => (asset, reference.parse()?),
            None => (text, Reference::default()),
        };
        Ok(Self { asset: asset.parse()?, reference })
    }
}

/// `owner/name@revision:relation`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParentSpec {
    /// The parent.
    pub parent: AssetAt,
    /// How the child was made from it.
    pub relation: Relation,
}

impl fmt::Display for ParentSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.parent, word_of(RELATIONS, &self.relation))
    }
}

impl FromStr for ParentSpec {
    type Err = NameParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (parent, relation) =
            text.rsplit_once(':').ok_or_else(|| NameParseError::Parent(text.to_owned()))?;
        Ok(Self { parent: parent.parse()?, relation: parse_relation(relation)? })
    }
}

const KINDS: &[(&str, AssetKind)] = &[
    ("model", AssetKind::Model),
    ("dataset", AssetKind::Dataset),
    ("program", AssetKind::Program),
    ("space", AssetKind::Space),
];
const VISIBILITIES: &[(&str, Visibility)] =
    &[("public", Visibility::Public), ("gated", Visibility::Gated), ("private", Visibility::Private)];
const RELATIONS: &[(&str, Relation)] = &[
    ("fine-tune", Relation::FineTune),
    ("adapter", Relation::Adapter),
    ("quantised", Relation::Quantised),
    ("quantized", Relation::Quantised),
    ("merge", Relation::Merge),
    ("trained-on", Relation::TrainedOn),
    ("evaluated-on", Relation::EvaluatedOn),
    ("compiled-from", Relation::CompiledFrom),
];

/// Reads the word for an asset's kind.
pub fn parse_kind(word: &str) -> Result<AssetKind, NameParseError> {
    parse_word(KINDS, word)
}

/// Reads the word for a visibility.
pub fn parse_visibility(word: &str) -> Result<Visibility, NameParseError> {
    parse_word(VISIBILITIES, word)
}

/// Reads the word for a relation.
pub fn parse_relation(word: &str) -> Result<Relation, NameParseError> {
    parse_word(RELATIONS, word)
}

/// The word for an asset's kind.
pub fn kind_word(kind: AssetKind) -> &'static str {
    word_of(KINDS, &kind)
}

/// The word for a visibility.
pub fn visibility_word(visibility: Visibility) -> &'static str {
    word_of(VISIBILITIES, &visibility)
}

/// The word for a relation.
pub fn relation_word(relation: Relation) -> &'static str {
    word_of(RELATIONS, &relation)
}

fn parse_word<T: Copy>(words: &[(&str, T)], word: &str) -> Result<T, NameParseError> {
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value).ok_or_else(|| {
        NameParseError::Word {
            word: word.to_owned(),
            allowed: words.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", "),
        }
    })
}

fn word_of<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words.iter().find(|(_, known)| known == value).map_or("unknown", |(word, _)| *word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_and_without_a_revision() {
        let at: AssetAt = "sentence-transformers/all-MiniLM-L6-v2@v1.0".parse().unwrap();
        assert_eq!(at.asset.namespace(), "sentence-transformers");
        assert_eq!(at.asset.name(), "all-MiniLM-L6-v2");
        assert_eq!(at.reference.as_str(), "v1.0");
        let at: AssetAt = "a/b".parse().unwrap();
        assert_eq!(at.to_string(), "a/b@main");
        let commit = "0123456789ABCDEF0123456789abcdef01234567";
        let at: AssetAt = format!("a/b@{commit}").parse().unwrap();
        assert!(at.reference.commit().is_some());
        assert_eq!(at.reference.as_str(), commit.to_ascii_lowercase());
        assert_eq!("a/b@feature/x".parse::<AssetAt>().unwrap().reference.commit(), None);
    }

    #[test]
    fn names_are_equal_without_regard_to_case() {
        assert_eq!("A/b".parse::<AssetName>(), "a/B".parse());
    }

    #[test]
    fn parents_carry_a_relation() {
        let spec: ParentSpec = "a/b@main:fine-tune".parse().unwrap();
        assert_eq!(spec.relation, Relation::FineTune);
        assert_eq!(spec.to_string(), "a/b@main:fine-tune");
        let spec: ParentSpec = "a/b:quantized".parse().unwrap();
        assert_eq!(spec.to_string(), "a/b@main:quantised");
    }

    #[test]
    fn bad_names_say_what_is_wrong() {
        for text in ["", "a", "/b", "a/", "a/b/c", "a b/c", "a/b@", "a/b@..", "a/b@x y"] {
            let error = text.parse::<AssetAt>().unwrap_err();
            assert!(!error.to_string().is_empty(), "{text}");
        }
        for text in ["a/b", "a/b@main", "a/b:cousin", ":fine-tune"] {
            assert!(text.parse::<ParentSpec>().is_err(), "{text}");
        }
        let error = parse_kind("film").unwrap_err().to_string();
        assert!(error.contains("model, dataset, program, space"), "{error}");
    }

    #[test]
    fn every_word_is_read_back() {
        for (word, kind) in KINDS {
            assert_eq!((parse_kind(word).unwrap(), kind_word(*kind)), (*kind, *word));
        }
        for (word, visibility) in VISIBILITIES {
            assert_eq!((parse_visibility(word).unwrap(), visibility_word(*visibility)), (*visibility, *word));
        }
        for (_, relation) in RELATIONS {
            assert_eq!(parse_relation(relation_word(*relation)).unwrap(), *relation);
        }
    }
}
