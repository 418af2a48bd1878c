//! The model card: what a `README.md` says of an asset in its front matter, as on the Hugging Face Hub.

use crate::names::AssetName;
use serde_yaml_ng::{Mapping, Value};
use std::{
    fs::File,
    io,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};
use stoa_primitives::registry::{AssetKind, Relation};

/// The card's file.
pub const CARD_FILE: &str = "README.md";
/// Largest front matter that is read.
const MAX_FRONT_MATTER: u64 = 64 * 1024;
/// Most entries that are kept of a list, and the longest of them.
const MAX_ENTRIES: usize = 256;
const MAX_ENTRY: usize = 256;

/// Why a card couldn't be read.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The card.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no end to the front matter.
    #[error("{}: the front matter isn't closed by a line of `---` within {MAX_FRONT_MATTER} bytes", .0.display())]
    Unclosed(PathBuf),
    /// The front matter isn't YAML.
    #[error("{}: the front matter isn't valid YAML: {reason}", path.display())]
    Yaml {
        /// The card.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
    /// A field has a shape that can't be read.
    #[error("{}: the field `{field}` must be a text or a list of texts", path.display())]
    Field {
        /// The card.
        path: PathBuf,
        /// The field.
        field: &'static str,
    },
}

/// What a card says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Card {
    /// `license`, an SPDX-like id in the Hub's spelling; the first, when there are several.
    pub license: Option<String>,
    /// `base_model`.
    pub base_models: Vec<String>,
    /// `datasets`.
    pub datasets: Vec<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// What the fields show that the asset is, when they show it.
    pub kind: Option<AssetKind>,
    /// `base_model_relation`, when it is one that the registry knows.
    pub base_model_relation: Option<Relation>,
}

impl Card {
    /// Reads the card in a folder; `None` when there is none, or none with a front matter.
    pub fn read(dir: &Path) -> Result<Option<Self>, CardError> {
        let path = dir.join(CARD_FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(CardError::Io { path, source }),
        };
        match front_matter(file) {
            Ok(FrontMatter::None) => Ok(None),
            Ok(FrontMatter::Unclosed) => Err(CardError::Unclosed(path)),
            Ok(FrontMatter::Text(text)) => Self::parse(&text, &path).map(Some),
            Err(source) => Err(CardError::Io { path, source }),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, CardError> {
        let yaml = |reason: String| CardError::Yaml { path: path.to_owned(), reason };
        let fields = match serde_yaml_ng::from_str(text).map_err(|error| yaml(error.to_string()))? {
            Value::Mapping(fields) => fields,
            Value::Null => Mapping::new(),
            _ => return Err(yaml("it isn't a list of fields".into())),
        };
        let list =
            |field| texts(fields.get(field)).ok_or_else(|| CardError::Field { path: path.to_owned(), field });
        let tags = list("tags")?;
        let base_models = list("base_model")?;
        let relation = list("base_model_relation")?.first().and_then(|word| relation_of(word));
        let kind = if fields.contains_key("sdk") {
            Some(AssetKind::Space)
        } else if ["dataset_info", "task_categories", "size_categories"]
            .iter()
            .any(|key| fields.contains_key(*key))
        {
            Some(AssetKind::Dataset)
        } else if !base_models.is_empty()
            || ["library_name", "pipeline_tag", "datasets", "model-index"]
                .iter()
                .any(|key| fields.contains_key(*key))
        {
            Some(AssetKind::Model)
        } else {
            None
        };
        let license = list("license")?.into_iter().next();
        Ok(Self {
            license,
            base_models,
            datasets: list("datasets")?,
            tags,
            kind,
            base_model_relation: relation,
        })
    }

    /// The parents that the card claims, as far as they have the form of asset names. Whether the chain knows
    /// them is for the caller to ask.
    pub fn parents(&self) -> Vec<(AssetName, Relation)> {
        let relation = self.base_model_relation.unwrap_or_else(|| {
            if self.tags.iter().any(|tag| matches!(tag.as_str(), "adapter" | "lora" | "peft")) {
                Relation::Adapter
            } else if self.base_models.len() > 1 {
                Relation::Merge
            } else {
                Relation::FineTune
            }
        });
        let models = self.base_models.iter().map(|name| (name, relation));
        let datasets = self.datasets.iter().map(|name| (name, Relation::TrainedOn));
        models.chain(datasets).filter_map(|(name, relation)| Some((name.parse().ok()?, relation))).collect()
    }
}

enum FrontMatter {
    None,
    Unclosed,
    Text(String),
}

fn front_matter(file: impl Read) -> io::Result<FrontMatter> {
    let mut lines = BufReader::new(file.take(MAX_FRONT_MATTER));
    let mut text = Vec::new();
    let mut line = Vec::new();
    let mut opened = false;
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(if opened { FrontMatter::Unclosed } else { FrontMatter::None });
        }
        let bare = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| !opened).unwrap_or(&line).trim_ascii_end();
        match (opened, bare == b"---") {
            (false, true) => opened = true,
            (false, false) => return Ok(FrontMatter::None),
            (true, true) => return Ok(FrontMatter::Text(String::from_utf8_lossy(&text).into_owned())),
            (true, false) => text.extend_from_slice(&line),
        }
    }
}

/// A text or a list of texts; `None` when it is something else.
fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    let entries = match value {
        None | Some(Value::Null) => return Some(Vec::new()),
        Some(Value::Sequence(entries)) => {
            entries.iter().take(MAX_ENTRIES).map(text).collect::<Option<Vec<_>>>()?
        }
        Some(value) => vec![text(value)?],
    };
    Some(entries.into_iter().filter(|entry| !entry.is_empty() && entry.len() <= MAX_ENTRY).collect())
}

/// The Hub's words for `base_model_relation`.
fn relation_of(word: &str) -> Option<Relation> {
    match word {
        "finetune" => Some(Relation::FineTune),
        "adapter" => Some(Relation::Adapter),
        "quantized" => Some(Relation::Quantised),
        "merge" => Some(Relation::Merge),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Card>, CardError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(CARD_FILE), text).unwrap();
        Card::read(dir.path())
    }

    #[test]
    fn fields_are_read_as_texts_and_as_lists() {
        let card = read(
            "---\nlicense: apache-2.0\nbase_model: a/b\ndatasets:\n- c/d\n- plain\ntags: [x, 3]\nother: {deep: [1]}\n---\n# T\n",
        )
        .unwrap()
        .unwrap();
        assert_eq!(card.license.as_deref(), Some("apache-2.0"));
        assert_eq!(card.base_models, ["a/b"]);
        assert_eq!(card.tags, ["x", "3"]);
        assert_eq!(card.kind, Some(AssetKind::Model));
        let parents: Vec<_> =
            card.parents().iter().map(|(name, relation)| (name.to_string(), *relation)).collect();
        assert_eq!(parents, [("a/b".into(), Relation::FineTune), ("c/d".into(), Relation::TrainedOn)]);
    }

    #[test]
    fn the_relation_to_the_base_model_is_read_or_guessed() {
        let relation = |text: &str| read(&format!("---\n{text}\n---\n")).unwrap().unwrap().parents()[0].1;
        assert_eq!(relation("base_model: a/b\nbase_model_relation: quantized"), Relation::Quantised);
        assert_eq!(relation("base_model: a/b\ntags: [lora]"), Relation::Adapter);
        assert_eq!(relation("base_model: [a/b, c/d]"), Relation::Merge);
    }

    #[test]
    fn the_kind_is_known_by_the_fields_of_datasets_and_spaces() {
        let kind = |text: &str| read(&format!("---\n{text}\n---\n")).unwrap().unwrap().kind;
        assert_eq!(kind("task_categories: [text-generation]"), Some(AssetKind::Dataset));
        assert_eq!(kind("sdk: gradio"), Some(AssetKind::Space));
        assert_eq!(kind("pipeline_tag: sentence-similarity"), Some(AssetKind::Model));
        assert_eq!(kind("license: mit"), None);
    }

    #[test]
    fn cards_without_a_front_matter_say_nothing() {
        for text in ["", "# Title\n---\nlicense: mit\n---\n", "text"] {
            assert_eq!(read(text).unwrap(), None, "{text}");
        }
        assert_eq!(Card::read(Path::new("/nonexistent")).unwrap(), None);
        assert_eq!(read("---\n---\n").unwrap(), Some(Card::default()));
        assert!(read("\u{feff}---\r\nlicense: mit\r\n---\r\n").unwrap().unwrap().license.is_some());
    }

    #[test]
    fn broken_cards_are_errors_that_name_the_card() {
        for text in
            ["---\nlicense: mit\n", "---\n: [\n---\n", "---\n- a\n---\n", "---\nlicense: {a: b}\n---\n"]
        {
            assert!(read(text).unwrap_err().to_string().contains(CARD_FILE), "{text}");
        }
        let long = format!("---\n{}", "a: b\n".repeat(20_000));
        assert!(matches!(read(&long), Err(CardError::Unclosed(_))));
    }
}
