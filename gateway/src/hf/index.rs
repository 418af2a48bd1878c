//! The search index: summaries in memory, words on disk, and the download counts of this node.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};

use super::{
    names::Kind,
    summary::{Stored, Summary},
    table::{TableError, Tables},
};

/// What a list is ordered by, largest first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Sort {
    #[default]
    Modified,
    Created,
    Downloads,
}

/// The place in an ordered list after which a page starts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Cursor {
    pub(super) key: u64,
    pub(super) id: u64,
}

/// What a list is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    pub(super) kind: Kind,
    /// All of them must be the start of a word.
    pub(super) words: Vec<String>,
    /// All of them must be tags.
    pub(super) tags: Vec<String>,
    pub(super) author: Option<String>,
    pub(super) pipeline_tag: Option<String>,
    pub(super) gated: Option<bool>,
    pub(super) sort: Sort,
    pub(super) limit: usize,
    pub(super) after: Option<Cursor>,
}

impl Query {
    fn wants(&self, summary: &Summary) -> bool {
        let author = summary.name.split('/').next().unwrap_or_default();
        summary.kind == self.kind
            && self.gated.is_none_or(|gated| gated == summary.gated)
            && self.author.as_ref().is_none_or(|wanted| author.eq_ignore_ascii_case(wanted))
            && self.pipeline_tag.as_ref().is_none_or(|wanted| summary.pipeline_tag.as_ref() == Some(wanted))
            && self.tags.iter().all(|wanted| summary.tags.iter().any(|tag| tag.eq_ignore_ascii_case(wanted)))
    }
}

/// A page of a list.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<Arc<Summary>>,
    /// Where the next page starts; `None` after the last one.
    pub(super) next: Option<Cursor>,
}

#[derive(Default)]
struct Downloads {
    counts: HashMap<u64, u64>,
    unsaved: HashSet<u64>,
}

pub(super) struct Index {
    tables: Tables,
    summaries: RwLock<BTreeMap<u64, Arc<Summary>>>,
    downloads: Mutex<Downloads>,
    most: usize,
}

impl Index {
    /// `most` is how many repositories are kept.
    pub(super) fn open(path: &Path, most: usize) -> Result<Self, TableError> {
        let tables = Tables::open(path)?;
        let summaries =
            tables.summaries()?.into_iter().map(|summary| (summary.id, Arc::new(summary))).collect();
        let downloads =
            Downloads { counts: tables.downloads()?.into_iter().collect(), unsaved: HashSet::new() };
        Ok(Self { tables, summaries: RwLock::new(summaries), downloads: Mutex::new(downloads), most })
    }

    /// The tables that don't need anything in memory.
    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    pub(super) fn summary(&self, asset: u64) -> Option<Arc<Summary>> {
        self.summaries.read().get(&asset).cloned()
    }

    /// Keeps a summary, unless there are too many or it is kept already.
    pub(super) fn put(&self, stored: &Stored) -> Result<(), TableError> {
        let summary = &stored.summary;
        {
            let summaries = self.summaries.read();
            let known = summaries.get(&summary.id);
            if known.is_some_and(|known| **known == *summary)
                || (known.is_none() && summaries.len() >= self.most)
            {
                return Ok(());
            }
        }
        self.tables.put_summary(summary.id, Some(stored))?;
        self.summaries.write().insert(summary.id, Arc::new(summary.clone()));
        Ok(())
    }

    pub(super) fn remove(&self, asset: u64) -> Result<(), TableError> {
        if self.summaries.write().remove(&asset).is_some() {
            self.tables.put_summary(asset, None)?;
        }
        Ok(())
    }

    /// The numbers of all repositories that are kept.
    pub(super) fn ids(&self) -> Vec<u64> {
        self.summaries.read().keys().copied().collect()
    }

    /// A page of what the query asks for. Reads the disk when it has words.
    pub(super) fn search(&self, query: &Query) -> Result<Page, TableError> {
        let mut found: Option<BTreeSet<u64>> = None;
        for word in &query.words {
            let having: BTreeSet<u64> = self.tables.having(word)?.into_iter().collect();
            found = Some(match found {
                None => having,
                Some(found) => found.intersection(&having).copied().collect(),
            });
        }
        let mut entries: Vec<(Cursor, Arc<Summary>)> = {
            let summaries = self.summaries.read();
            let downloads = self.downloads.lock();
            let place = |summary: &Arc<Summary>| {
                let key = match query.sort {
                    Sort::Modified => summary.modified,
                    Sort::Created => summary.created,
                    Sort::Downloads => downloads.counts.get(&summary.id).copied().unwrap_or_default(),
                };
                (Cursor { key, id: summary.id }, summary.clone())
            };
            let wanted = |(cursor, summary): &(Cursor, Arc<Summary>)| {
                query.after.is_none_or(|after| *cursor < after) && query.wants(summary)
            };
            match &found {
                Some(ids) => {
                    ids.iter().filter_map(|id| summaries.get(id)).map(place).filter(wanted).collect()
                }
                None => summaries.values().map(place).filter(wanted).collect(),
            }
        };
        entries.sort_unstable_by_key(|(cursor, _)| Reverse(*cursor));
        let more = entries.len() > query.limit;
        entries.truncate(query.limit);
        let next = entries.last().map(|(cursor, _)| *cursor).filter(|_| more);
        Ok(Page { entries: entries.into_iter().map(|(_, summary)| summary).collect(), next })
    }

    /// Counts a download.
    pub(super) fn downloaded(&self, asset: u64) {
        let mut downloads = self.downloads.lock();
        let count = downloads.counts.entry(asset).or_default();
        *count = count.saturating_add(1);
        downloads.unsaved.insert(asset);
    }

    /// Downloads from this node.
    pub(super) fn downloads(&self, asset: u64) -> u64 {
        self.downloads.lock().counts.get(&asset).copied().unwrap_or_default()
    }

    /// Writes the counts that changed.
    pub(super) fn save_downloads(&self) -> Result<(), TableError> {
        let changed: Vec<(u64, u64)> = {
            let mut downloads = self.downloads.lock();
            let Downloads { counts, unsaved } = &mut *downloads;
            unsaved.drain().filter_map(|asset| Some((asset, *counts.get(&asset)?))).collect()
        };
        match changed.is_empty() {
            true => Ok(()),
            false => self.tables.put_downloads(&changed),
        }
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        if let Err(error) = self.save_downloads() {
            tracing::warn!(target: "gateway", "the last downloads aren't counted: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(id: u64, name: &str, words: &[&str]) -> Stored {
        let summary = Summary {
            id,
            name: name.into(),
            kind: Kind::Model,
            gated: false,
            commit: None,
            content: None,
            created: 100 - id,
            modified: 10 * id,
            tags: vec!["license:mit".into()],
            pipeline_tag: None,
            library_name: None,
            has_card: true,
        };
        Stored { summary, words: words.iter().map(|word| (*word).to_owned()).collect() }
    }

    fn query() -> Query {
        Query {
            kind: Kind::Model,
            words: Vec::new(),
            tags: Vec::new(),
            author: None,
            pipeline_tag: None,
            gated: None,
            sort: Sort::Modified,
            limit: 10,
            after: None,
        }
    }

    fn names(index: &Index, query: &Query) -> Vec<String> {
        index.search(query).unwrap().entries.iter().map(|summary| summary.name.clone()).collect()
    }

    fn filled(folder: &Path) -> Index {
        let index = Index::open(&folder.join("hub.redb"), 3).unwrap();
        for entry in [
            stored(1, "acme/bert", &["acme", "bert", "vision"]),
            stored(2, "acme/gpt", &["acme", "gpt"]),
            stored(3, "Duck/bert", &["bert", "duck"]),
        ] {
            index.put(&entry).unwrap();
        }
        index
    }

    #[test]
    fn words_filters_and_authors_narrow_a_list() {
        let folder = tempfile::tempdir().unwrap();
        let index = filled(folder.path());
        assert_eq!(names(&index, &query()), ["Duck/bert", "acme/gpt", "acme/bert"]);
        let words =
            |words: &[&str]| Query { words: words.iter().map(|word| (*word).into()).collect(), ..query() };
        assert_eq!(names(&index, &words(&["ber"])), ["Duck/bert", "acme/bert"]);
        assert_eq!(names(&index, &words(&["ber", "visi"])), ["acme/bert"]);
        assert!(names(&index, &words(&["ert"])).is_empty());
        assert_eq!(names(&index, &Query { author: Some("duck".into()), ..query() }), ["Duck/bert"]);
        assert_eq!(names(&index, &Query { tags: vec!["License:MIT".into()], ..query() }).len(), 3);
        assert!(names(&index, &Query { tags: vec!["license".into()], ..query() }).is_empty());
        assert!(names(&index, &Query { gated: Some(true), ..query() }).is_empty());
        assert!(names(&index, &Query { kind: Kind::Dataset, ..query() }).is_empty());
    }

    #[test]
    fn pages_follow_each_other_in_every_order() {
        let folder = tempfile::tempdir().unwrap();
        let index = filled(folder.path());
        index.downloaded(2);
        for (sort, expected) in [
            (Sort::Modified, ["Duck/bert", "acme/gpt", "acme/bert"]),
            (Sort::Created, ["acme/bert", "acme/gpt", "Duck/bert"]),
            (Sort::Downloads, ["acme/gpt", "Duck/bert", "acme/bert"]),
        ] {
            let mut query = Query { sort, limit: 1, ..query() };
            let mut seen = Vec::new();
            loop {
                let page = index.search(&query).unwrap();
                seen.extend(page.entries.iter().map(|summary| summary.name.clone()));
                query.after = page.next;
                if page.next.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_changed_summary_is_found_by_its_new_words_alone_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let index = filled(folder.path());
        index.put(&stored(1, "acme/renamed", &["acme", "renamed"])).unwrap();
        index.remove(2).unwrap();
        drop(index);
        let index = Index::open(&folder.path().join("hub.redb"), 3).unwrap();
        let words = |word: &str| Query { words: vec![word.into()], ..query() };
        assert_eq!(names(&index, &words("bert")), ["Duck/bert"]);
        assert_eq!(names(&index, &words("renamed")), ["acme/renamed"]);
        assert_eq!(names(&index, &query()), ["Duck/bert", "acme/renamed"]);
    }

    #[test]
    fn no_more_than_the_limit_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let index = filled(folder.path());
        index.put(&stored(4, "acme/fourth", &[])).unwrap();
        assert!(index.summary(4).is_none());
        index.put(&stored(3, "Duck/other", &[])).unwrap();
        assert_eq!(index.summary(3).unwrap().name, "Duck/other");
    }

    #[test]
    fn downloads_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let index = filled(folder.path());
        index.downloaded(1);
        index.downloaded(1);
        drop(index);
        let index = Index::open(&folder.path().join("hub.redb"), 3).unwrap();
        assert_eq!((index.downloads(1), index.downloads(2)), (2, 0));
    }

    #[test]
    fn a_damaged_file_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.redb");
        std::fs::write(&path, b"this is no database, and long enough to be read as one".repeat(100)).unwrap();
        let index = Index::open(&path, 3).unwrap();
        assert!(names(&index, &query()).is_empty());
        assert!(path.with_extension("damaged").exists());
    }
}
