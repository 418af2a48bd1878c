//! Work that many requests wait for and that is done once. It goes on when all of them have left.

use std::{collections::HashMap, future::Future, hash::Hash, sync::Arc};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use parking_lot::Mutex;

type Running<K, T> = Arc<Mutex<HashMap<K, Shared<BoxFuture<'static, T>>>>>;

/// Jobs that are running, by what they are about.
pub(super) struct InFlight<K, T: Clone> {
    running: Running<K, T>,
}

impl<K, T: Clone> Default for InFlight<K, T> {
    fn default() -> Self {
        Self { running: Arc::default() }
    }
}

/// Takes a job off the list when it ends, also by a panic.
struct Entry<K: Eq + Hash, T: Clone> {
    running: Running<K, T>,
    key: K,
}

impl<K: Eq + Hash, T: Clone> Drop for Entry<K, T> {
    fn drop(&mut self) {
        self.running.lock().remove(&self.key);
    }
}

impl<K, T> InFlight<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Starts the work, or joins the one that is running. `lost` is its outcome if it panics.
    pub(super) fn run<F>(&self, key: K, lost: T, work: impl FnOnce() -> F) -> Shared<BoxFuture<'static, T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut running = self.running.lock();
        if let Some(job) = running.get(&key) {
            return job.clone();
        }
        let work = work();
        let entry = Entry { running: self.running.clone(), key: key.clone() };
        let task = tokio::spawn(async move {
            let _entry = entry;
            work.await
        });
        let job = async move { task.await.unwrap_or(lost) }.boxed().shared();
        running.insert(key, job.clone());
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn work_is_done_once_for_all_who_wait() {
        let jobs = InFlight::<u8, u8>::default();
        let count = Arc::new(AtomicUsize::new(0));
        let (go, wait) = oneshot::channel::<()>();
        let start = |wait: Option<oneshot::Receiver<()>>| {
            let count = count.clone();
            jobs.run(1, 0, move || async move {
                count.fetch_add(1, Ordering::Relaxed);
                if let Some(wait) = wait {
                    wait.await.unwrap();
                }
                7
            })
        };
        let (first, second) = (start(Some(wait)), start(None));
        go.send(()).unwrap();
        assert_eq!((first.await, second.await), (7, 7));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert_eq!(start(None).await, 7);
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn work_goes_on_without_anybody_waiting() {
        let jobs = InFlight::<u8, ()>::default();
        let (done, ended) = oneshot::channel();
        drop(jobs.run(1, (), || async move { done.send(()).unwrap() }));
        ended.await.unwrap();
    }

    #[tokio::test]
    async fn work_that_panics_is_lost_and_can_be_tried_again() {
        let jobs = InFlight::<u8, bool>::default();
        assert!(!jobs.run(1, false, || async { panic!("it was bound to") }).await);
        assert!(jobs.run(1, false, || async { true }).await);
    }
}
