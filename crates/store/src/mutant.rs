//! Ways to break the store on purpose, so that its tests are seen to fail.
//!
//! Compiled only with the feature `mutants`, and then asked for by `BATON_MUTANT`. A release build
//! with that feature does not compile.

#[cfg(all(feature = "mutants", not(debug_assertions)))]
compile_error!("the feature `mutants` breaks promises on purpose and is not for release builds");

/// A promise that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// Tells callers that their unit is stored before it is committed.
    AckBeforeCommit,
    /// The first commit that has something to store meets a failing disk.
    SyncFails,
    /// Commits are synced with a later checkpoint.
    SyncLater,
}

#[cfg(feature = "mutants")]
pub(crate) fn is(mutant: Mutant) -> bool {
    let name = match mutant {
        Mutant::AckBeforeCommit => "ack-before-commit",
        Mutant::SyncFails => "sync-fails",
        Mutant::SyncLater => "sync-later",
    };
    std::env::var("BATON_MUTANT").is_ok_and(|asked| asked == name)
}

#[cfg(not(feature = "mutants"))]
pub(crate) const fn is(_mutant: Mutant) -> bool {
    false
}
