//! What the archive was asked, for whoever watches it.

use crate::ArchiveError;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Something that the archive was asked for, and had an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `put`, `get`, `head`, `list` or `delete`.
    pub operation: &'static str,
    /// How much was put or got.
    pub bytes: u64,
    /// How long it took, with all tries.
    pub took: Duration,
    /// Whether the answer was none; a file that is not there is one.
    pub failed: bool,
}

type Told = dyn Fn(&Asked) + Send + Sync;

/// Tells somebody, if anybody is there, of everything that the archive is asked.
#[derive(Clone, Default)]
pub(crate) struct Watch(Option<Arc<Told>>);

impl Watch {
    pub(crate) fn by(told: impl Fn(&Asked) + Send + Sync + 'static) -> Watch {
        Watch(Some(Arc::new(told)))
    }

    /// Awaits an answer, and tells of it.
    pub(crate) async fn tell<T>(
        &self,
        operation: &'static str,
        bytes: impl FnOnce(&T) -> usize,
        ask: impl Future<Output = Result<T, ArchiveError>>,
    ) -> Result<T, ArchiveError> {
        let began = Instant::now();
        let answer = ask.await;
        if let Watch(Some(told)) = self {
            let bytes = answer.as_ref().map_or(0, |answer| u64::try_from(bytes(answer)).unwrap_or(u64::MAX));
            let failed = answer.as_ref().is_err_and(|error| !matches!(error, ArchiveError::Missing(_)));
            told(&Asked { operation, bytes, took: began.elapsed(), failed });
        }
        answer
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Watch")
    }
}
