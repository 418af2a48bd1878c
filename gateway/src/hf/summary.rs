//! What the index keeps of a repository, and by which words it is found.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use stoa_primitives::{
    ContentId,
    registry::{Relation, Visibility},
};

use super::{
    card::{Card, Origin, tags, words},
    names::{Kind, commit_text},
};
use crate::{HubAsset, HubRevision};

/// Shortest end of a word of a name that is searched for, so that `distilbert` is found by `bert`.
const MIN_END: usize = 3;
const MAX_WORDS: usize = 1_024;

/// A repository, as lists have it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Summary {
    /// The asset's number.
    pub(super) id: u64,
    /// `owner/name`.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) gated: bool,
    /// The revision that `main` points at.
    pub(super) commit: Option<String>,
    pub(super) content: Option<ContentId>,
    /// When the first and the last revision were published.
    pub(super) created: u64,
    pub(super) modified: u64,
    pub(super) tags: Vec<String>,
    pub(super) pipeline_tag: Option<String>,
    pub(super) library_name: Option<String>,
    /// Whether the card could be read: its bytes may not be here yet.
    pub(super) has_card: bool,
}

/// A summary on disk.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Stored {
    pub(super) summary: Summary,
    pub(super) words: Vec<String>,
}

/// Everything that a summary is made of.
pub(super) struct Facts<'a> {
    pub(super) asset: &'a HubAsset,
    pub(super) kind: Kind,
    /// The revision that is described, if there is any.
    pub(super) revision: Option<&'a HubRevision>,
    /// When the first revision was published.
    pub(super) created: u64,
    pub(super) origins: &'a [Origin],
    pub(super) card: Option<&'a Card>,
}

impl Facts<'_> {
    pub(super) fn summary(&self) -> Summary {
        let empty = Card::default();
        let card = self.card.unwrap_or(&empty);
        let of_models = |text: Option<String>| text.filter(|_| self.kind == Kind::Model);
        Summary {
            id: self.asset.id.0,
            name: self.asset.full_name(),
            kind: self.kind,
            gated: self.asset.visibility == Visibility::Gated,
            commit: self.revision.map(|revision| commit_text(&revision.commit)),
            content: self.revision.map(|revision| revision.content),
            created: self.created,
            modified: self.revision.map_or(self.created, |revision| revision.published),
            tags: tags(self.kind, card, &self.asset.licence, self.origins),
            pipeline_tag: of_models(card.text("pipeline_tag")),
            library_name: of_models(card.text("library_name")),
            has_card: self.card.is_some(),
        }
    }

    pub(super) fn stored(&self) -> Stored {
        let summary = self.summary();
        let mut found = BTreeSet::new();
        for word in words(&summary.name) {
            let ends =
                word.char_indices().map(|(at, _)| at).filter(|at| at.saturating_add(MIN_END) <= word.len());
            found.extend(ends.filter_map(|at| word.get(at..)).map(str::to_owned));
            found.insert(word);
        }
        found.extend(summary.tags.iter().flat_map(|tag| words(tag).collect::<Vec<_>>()));
        found.extend(self.card.iter().flat_map(|card| card.words.iter().cloned()));
        let words = found.into_iter().take(MAX_WORDS).collect();
        Stored { summary, words }
    }
}

/// What the hub calls the way in which a revision was made from its parent; `None` for those it has no word for.
pub(super) fn origin(relation: Relation, parent: String) -> Option<Origin> {
    match relation {
        Relation::FineTune => Some(Origin::Base(parent, Some("finetune"))),
        Relation::Adapter => Some(Origin::Base(parent, Some("adapter"))),
        Relation::Quantised => Some(Origin::Base(parent, Some("quantized"))),
        Relation::Merge => Some(Origin::Base(parent, Some("merge"))),
        Relation::TrainedOn => Some(Origin::Dataset(parent)),
        Relation::EvaluatedOn | Relation::CompiledFrom => None,
    }
}
