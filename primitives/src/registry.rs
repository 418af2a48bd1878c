//! Ids and small enums of the registry: what the chain keeps and every client reads.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Longest namespace or asset name, in bytes, as on the Hugging Face Hub.
pub const MAX_NAME_LEN: u32 = 96;
/// Longest name of a branch or tag, in bytes.
pub const MAX_REF_LEN: u32 = 96;

macro_rules! record {
    ($(#[$meta:meta])* $vis:vis $kind:ident $name:ident $body:tt $($rest:tt)?) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, Hash, MaxEncodedLen, Ord, PartialEq,
            PartialOrd, TypeInfo,
        )]
        #[cfg_attr(feature = "std", derive(serde::Deserialize, serde::Serialize))]
        #[cfg_attr(feature = "std", serde(rename_all = "kebab-case"))]
        $vis $kind $name $body $($rest)?
    };
}

record! {
    /// An asset's number, given in the order of creation.
    pub struct AssetId(pub u64);
}

record! {
    /// The first 20 bytes of a revision's hash; 40 hex digits, like a git commit.
    pub struct CommitId(pub [u8; 20]);
}

record! {
    /// What an asset is.
    pub enum AssetKind {
        /// Weights and configuration.
        Model,
        /// Data.
        Dataset,
        /// A WebAssembly program for compute jobs.
        Program,
        /// An application.
        Space,
    }
}

record! {
    /// Who may read an asset's content.
    pub enum Visibility {
        /// Anybody.
        Public,
        /// Those who hold a grant; the record is public.
        Gated,
        /// Those who hold a key: the content is encrypted before it is packed.
        Private,
    }
}

record! {
    /// What a collaborator may do with an asset.
    pub enum Role {
        /// Publish revisions and move refs.
        Writer,
        /// All of that, and manage visibility and collaborators.
        Admin,
    }
}

record! {
    /// How a revision was made from its parent.
    pub enum Relation {
        /// Trained further from the parent's weights.
        FineTune,
        /// An adapter that needs the parent.
        Adapter,
        /// The parent's weights at a lower precision.
        Quantised,
        /// A merge that the parent went into.
        Merge,
        /// Trained on the parent's data.
        TrainedOn,
        /// Evaluated on the parent's data.
        EvaluatedOn,
        /// Compiled from the parent's source.
        CompiledFrom,
    }
}

record! {
    /// A branch moves with every publish, a tag never does.
    pub enum RefKind {
        /// Can be moved.
        Branch,
        /// Can't be moved.
        Tag,
    }
}

record! {
    /// Whether a node may hand out a piece, from everything that the registry says of it.
    pub enum PieceAccess {
        /// No revision names the piece.
        Unknown,
        /// The asset that controls it is public and not taken down.
        Public,
        /// The asset that controls it is gated or private, or none does.
        Restricted,
        /// It, or the asset that controls it, was taken down.
        Denied,
    }
}

/// Why a name was refused.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum NameError {
    /// Empty, or longer than the limit.
    Length,
    /// A character outside `[A-Za-z0-9._-]`.
    Character,
    /// `-` or `.` at either end.
    Edge,
    /// `--` or `..` inside.
    Repeated,
}

/// Checks the namespace or the asset half of a repo id by the Hugging Face Hub's rules: 1 to 96 characters
/// of `[A-Za-z0-9._-]`, no `-` or `.` at either end, no `--` or `..`.
pub fn check_name(name: &[u8]) -> Result<(), NameError> {
    if name.is_empty() || name.len() > MAX_NAME_LEN as usize {
        return Err(NameError::Length);
    }
    if !name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')) {
        return Err(NameError::Character);
    }
    let separator = |byte: Option<&u8>| matches!(byte, Some(b'-' | b'.'));
    if separator(name.first()) || separator(name.last()) {
        return Err(NameError::Edge);
    }
    if name.windows(2).any(|pair| matches!(pair, b"--" | b"..")) {
        return Err(NameError::Repeated);
    }
    Ok(())
}

/// Checks the name of a branch or tag, by the part of git's rules for refs that concerns a URL: 1 to 96
/// characters of `[A-Za-z0-9._/-]`; no part between slashes is empty or starts or ends with `-` or `.`;
/// no `..`. A name of 40 hex digits is refused, because it would be read as a commit id.
pub fn check_ref_name(name: &[u8]) -> Result<(), NameError> {
    if name.is_empty() || name.len() > MAX_REF_LEN as usize {
        return Err(NameError::Length);
    }
    if name.len() == 40 && name.iter().all(u8::is_ascii_hexdigit) {
        return Err(NameError::Character);
    }
    for part in name.split(|byte| *byte == b'/') {
        let separator = |byte: Option<&u8>| matches!(byte, None | Some(b'-' | b'.'));
        if separator(part.first()) || separator(part.last()) {
            return Err(NameError::Edge);
        }
        if !part.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')) {
            return Err(NameError::Character);
        }
        if part.windows(2).any(|pair| pair == b"..") {
            return Err(NameError::Repeated);
        }
    }
    Ok(())
}

/// The form under which a name is unique: names that differ only in case are the same name.
pub fn name_key(name: &[u8]) -> Vec<u8> {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_hub_are_accepted() {
        for name in ["sentence-transformers", "all-MiniLM-L6-v2", "a", "gpt2", "Llama-3.1_8B", "0x"] {
            assert_eq!(check_name(name.as_bytes()), Ok(()), "{name}");
        }
        assert_eq!(check_name(&[b'a'; 96]), Ok(()));
    }

    #[test]
    fn bad_names_are_refused_with_the_reason() {
        let too_long = "a".repeat(97);
        for (name, error) in [
            ("", NameError::Length),
            (too_long.as_str(), NameError::Length),
            ("a/b", NameError::Character),
            ("naïve", NameError::Character),
            ("-a", NameError::Edge),
            ("a.", NameError::Edge),
            ("a--b", NameError::Repeated),
            ("a..b", NameError::Repeated),
        ] {
            assert_eq!(check_name(name.as_bytes()), Err(error), "{name}");
        }
    }

    #[test]
    fn ref_names_follow_git() {
        for name in ["main", "v1.0", "feature/fast-path", "refs/pr/1"] {
            assert_eq!(check_ref_name(name.as_bytes()), Ok(()), "{name}");
        }
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for name in ["", "a//b", "/a", "a/", ".a", "a..b", "a b", "a\0", commit] {
            assert!(check_ref_name(name.as_bytes()).is_err(), "{name}");
        }
    }
}
