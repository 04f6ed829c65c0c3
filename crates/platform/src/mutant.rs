//! Ways to break the platform on purpose, so that its tests are seen to fail.
//!
//! Compiled only with the feature `mutants`, and then chosen by `BATON_MUTANT`. A release build
//! with that feature does not compile.

#[cfg(all(feature = "mutants", not(debug_assertions)))]
compile_error!("the feature `mutants` breaks promises on purpose and is not for release builds");

/// A promise that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// The driver does not hear of commits.
    DriverDeaf,
}

#[cfg(feature = "mutants")]
pub(crate) fn is(mutant: Mutant) -> bool {
    let name = match mutant {
        Mutant::DriverDeaf => "platform-driver-deaf",
    };
    std::env::var("BATON_MUTANT").is_ok_and(|asked| asked == name)
}

#[cfg(not(feature = "mutants"))]
pub(crate) const fn is(_mutant: Mutant) -> bool {
    false
}
