//! Model cards: the front matter of README.md, and the words of what follows it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;

use super::names::Kind;

/// Longest README that is read.
pub(super) const MAX_README: u64 = 1 << 20;
/// Longest front matter that is parsed.
const MAX_FRONT: usize = 256 << 10;
/// Brackets that may be open at once: the parser's time grows with their number times the text's length.
const MAX_OPEN: usize = 64;
/// Longest front matter that is kept, as JSON.
const MAX_DATA: usize = 64 << 10;
/// Fields that are dropped first when it is longer: results and layouts, which nobody searches.
const LONG_FIELDS: [&str; 4] = ["model-index", "widget", "dataset_info", "configs"];
/// Fields that the client's constructors would trip over.
const FORBIDDEN_FIELDS: [&str; 2] = ["self", "ignore_metadata_errors"];
/// Part of the text that is searched.
const MAX_TEXT: usize = 16 << 10;
const MAX_WORDS: usize = 256;
const WORD_LENGTHS: std::ops::RangeInclusive<usize> = 2..=32;
const MAX_TAGS: usize = 256;
const MAX_TAG: usize = 128;

/// What is kept of a README.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Card {
    /// The front matter.
    pub(super) data: Map<String, Value>,
    /// Distinct words of the text, in lower case.
    pub(super) words: Vec<String>,
}

impl Card {
    /// Reads a README. Front matter that isn't YAML counts as none.
    pub(super) fn parse(readme: &str) -> Self {
        let (front, text) = split(readme);
        let data = front.map(|front| data(front).unwrap_or_default()).unwrap_or_default();
        let mut seen = BTreeSet::new();
        let words =
            words(cut(text, MAX_TEXT)).filter(|word| seen.insert(word.clone())).take(MAX_WORDS).collect();
        Self { data, words }
    }

    /// A field that is one text.
    pub(super) fn text(&self, field: &str) -> Option<String> {
        self.data.get(field).and_then(scalar)
    }

    /// A field that is one text or a list of them.
    fn list(&self, field: &str) -> Vec<String> {
        match self.data.get(field) {
            Some(Value::Array(values)) => values.iter().filter_map(scalar).collect(),
            Some(value) => scalar(value).into_iter().collect(),
            None => Vec::new(),
        }
    }
}

/// What a revision was made from, as the chain has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    /// A base model, with the hub's word for how, if it has one.
    Base(String, Option<&'static str>),
    Dataset(String),
}

/// The tags of a repository, as the hub writes them. The chain's word on licence and origins comes first.
pub(super) fn tags(kind: Kind, card: &Card, licence: &str, origins: &[Origin]) -> Vec<String> {
    let mut tags = Tags::default();
    if kind == Kind::Model {
        tags.extend("", card.text("library_name"));
    }
    tags.extend("", card.list("tags"));
    match kind {
        Kind::Model => {
            tags.extend("", card.text("pipeline_tag"));
            tags.extend("", card.list("language"));
        }
        Kind::Dataset => {
            for field in [
                "task_categories",
                "task_ids",
                "language",
                "language_creators",
                "annotations_creators",
                "multilinguality",
                "size_categories",
                "source_datasets",
            ] {
                tags.extend(&format!("{field}:"), card.list(field));
            }
        }
        Kind::Space => tags.extend("", card.text("sdk")),
    }
    for origin in origins {
        match origin {
            Origin::Base(name, how) => {
                tags.extend("base_model:", [name]);
                if let Some(how) = how {
                    tags.extend(&format!("base_model:{how}:"), [name]);
                }
            }
            Origin::Dataset(name) => tags.extend("dataset:", [name]),
        }
    }
    let bases = card.list("base_model");
    tags.extend("base_model:", &bases);
    if let Some(how) = card.text("base_model_relation") {
        tags.extend(&format!("base_model:{how}:"), &bases);
    }
    if kind != Kind::Dataset {
        tags.extend("dataset:", card.list("datasets"));
    }
    match licence {
        "" => tags.extend("license:", card.list("license")),
        licence => tags.extend("license:", [licence]),
    }
    tags.list
}

#[derive(Default)]
struct Tags {
    list: Vec<String>,
    seen: BTreeSet<String>,
}

impl Tags {
    fn extend(&mut self, prefix: &str, values: impl IntoIterator<Item = impl AsRef<str>>) {
        for value in values {
            let value = value.as_ref().trim();
            if value.is_empty() || value.len() > MAX_TAG || self.list.len() >= MAX_TAGS {
                continue;
            }
            let tag = format!("{prefix}{value}");
            if self.seen.insert(tag.clone()) {
                self.list.push(tag);
            }
        }
    }
}

/// The words of a text, in lower case.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| WORD_LENGTHS.contains(&word.len()))
        .map(str::to_lowercase)
}

/// The front matter, if there is any, and the text after it.
fn split(readme: &str) -> (Option<&str>, &str) {
    let readme = readme.strip_prefix('\u{feff}').unwrap_or(readme);
    let Some(first) = readme.split_inclusive('\n').next().filter(|line| line.trim_end() == "---") else {
        return (None, readme);
    };
    let rest = readme.get(first.len()..).unwrap_or_default();
    let mut at = 0usize;
    for line in rest.split_inclusive('\n') {
        let end = at.saturating_add(line.len());
        if line.trim_end() == "---" {
            return (rest.get(..at), rest.get(end..).unwrap_or_default());
        }
        at = end;
    }
    (None, readme)
}

/// What is wrong with a README's front matter, if it has any.
pub(super) fn front_matter_fault(readme: &str) -> Option<String> {
    let (front, _) = split(readme);
    let front = front?;
    if !is_tame(front) {
        return Some(format!("the front matter is longer than {MAX_FRONT} bytes, or nested too deeply"));
    }
    match serde_yaml_ng::from_str::<Yaml>(front) {
        Err(error) => Some(format!("the front matter isn't YAML: {error}")),
        Ok(Yaml::Mapping(_) | Yaml::Null) => None,
        Ok(_) => Some("the front matter isn't a list of `name: value`".into()),
    }
}

/// At most so many bytes of a text, cut between letters.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

/// Whether the text is short and flat enough to be parsed. Brackets in texts count too, which nobody uses as many of.
fn is_tame(front: &str) -> bool {
    let mut open = 0usize;
    front.len() <= MAX_FRONT
        && front.bytes().all(|byte| {
            match byte {
                b'[' | b'{' => open = open.saturating_add(1),
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            open <= MAX_OPEN
        })
}

fn data(front: &str) -> Option<Map<String, Value>> {
    if !is_tame(front) {
        return None;
    }
    let Value::Object(mut data) = json(serde_yaml_ng::from_str(front).ok()?) else { return None };
    for field in FORBIDDEN_FIELDS {
        data.remove(field);
    }
    let fits =
        |data: &Map<String, Value>| serde_json::to_vec(data).is_ok_and(|bytes| bytes.len() <= MAX_DATA);
    if !fits(&data) {
        for field in LONG_FIELDS {
            data.remove(field);
        }
    }
    fits(&data).then_some(data)
}

/// YAML as JSON: keys become texts, what JSON can't say becomes null. As deep as the YAML, which its parser bounds.
fn json(value: Yaml) -> Value {
    match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), ..) => number.into(),
            (_, Some(number), _) => number.into(),
            (_, _, number) => {
                number.and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number)
            }
        },
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(values) => Value::Array(values.into_iter().map(json).collect()),
        Yaml::Mapping(fields) => Value::Object(
            fields.into_iter().filter_map(|(key, value)| Some((scalar(&json(key))?, json(value)))).collect(),
        ),
        Yaml::Tagged(tagged) => json(tagged.value),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const README: &str = "---\r\nlicense: mit\nlanguage:\n- en\n- no\ntags: [vision, 7]\nlibrary_name: transformers\n\
        pipeline_tag: text-generation\nbase_model: acme/base\nbase_model_relation: finetune\ndatasets: acme/words\n\
        1: one\n---\n# Tiny\nA tiny, tiny model that *sings*.\n";

    #[test]
    fn front_matter_and_text_are_told_apart() {
        let card = Card::parse(README);
        assert_eq!(card.text("license").as_deref(), Some("mit"));
        // A country code is no truth value.
        assert_eq!(card.data["language"], json!(["en", "no"]));
        assert_eq!(card.data["1"], json!("one"));
        assert_eq!(card.words, ["tiny", "model", "that", "sings"]);
    }

    #[test]
    fn readmes_without_usable_front_matter_have_text_alone() {
        for (readme, words) in [
            ("# Hello there", vec!["hello", "there"]),
            ("---\nnever: closed\n", vec!["never", "closed"]),
            ("---\n- a\n- list\n---\nbody", vec!["body"]),
            ("---\n{ broken\n---\nbody", vec!["body"]),
            ("", vec![]),
        ] {
            let card = Card::parse(readme);
            assert_eq!(
                (card.data.len(), card.words),
                (0, words.into_iter().map(String::from).collect()),
                "{readme}"
            );
        }
    }

    #[test]
    fn tags_are_the_hub_s() {
        let card = Card::parse(README);
        assert_eq!(
            tags(Kind::Model, &card, "", &[]),
            [
                "transformers",
                "vision",
                "7",
                "text-generation",
                "en",
                "no",
                "base_model:acme/base",
                "base_model:finetune:acme/base",
                "dataset:acme/words",
                "license:mit"
            ]
        );
        let dataset = Card::parse("---\ntask_categories: [text-retrieval]\nlanguage: ru\n---\n");
        assert_eq!(
            tags(Kind::Dataset, &dataset, "cc0-1.0", &[]),
            ["task_categories:text-retrieval", "language:ru", "license:cc0-1.0"]
        );
    }

    #[test]
    fn the_chain_s_word_comes_before_the_card_s() {
        let card = Card::parse(README);
        let origins =
            [Origin::Base("acme/other".into(), Some("quantized")), Origin::Dataset("acme/words".into())];
        let tags = tags(Kind::Model, &card, "apache-2.0", &origins);
        assert!(tags.contains(&"license:apache-2.0".into()) && !tags.contains(&"license:mit".into()));
        assert!(tags.contains(&"base_model:quantized:acme/other".into()));
        assert_eq!(tags.iter().filter(|tag| *tag == "dataset:acme/words").count(), 1);
    }

    #[test]
    fn a_card_can_not_break_the_client_that_reads_a_list() {
        let card = Card::parse("---\nself: 1\nignore_metadata_errors: 1\nlicense: mit\n---\n");
        assert_eq!(serde_json::to_value(&card.data).unwrap(), json!({ "license": "mit" }));
    }

    #[test]
    fn long_front_matter_loses_its_results_first() {
        let results = "x".repeat(MAX_DATA);
        let card = Card::parse(&format!("---\nlicense: mit\nmodel-index: {results}\n---\n"));
        assert_eq!(serde_json::to_value(&card.data).unwrap(), json!({ "license": "mit" }));
        let card = Card::parse(&format!("---\nlicense: mit\nother: {results}\n---\n"));
        assert!(card.data.is_empty());
    }

    #[test]
    fn yaml_that_unfolds_without_end_is_refused() {
        let mut bomb = String::from("---\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..30 {
            let below = level - 1;
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{below}"); 9].join(", ")));
        }
        bomb.push_str("---\n");
        assert!(Card::parse(&bomb).data.is_empty());
    }

    #[test]
    fn yaml_that_is_costly_to_parse_is_not_parsed() {
        let deep = format!("---\na: {}\n---\n", "[".repeat(100_000));
        assert!(Card::parse(&deep).data.is_empty());
        let blocks: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth % 120))).collect();
        Card::parse(&format!("---\n{blocks}---\n"));
        let long = format!("---\na: {}\n---\n", "x".repeat(MAX_FRONT));
        assert!(Card::parse(&long).data.is_empty());
    }

    #[test]
    fn texts_are_cut_between_letters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("aé", 30), "aé");
    }
}
