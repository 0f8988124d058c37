//! In place of the parser where the feature `sql` is off.

use super::Predicate;
use crate::error::{Error, Result};

impl Predicate {
    /// Fails with `Unsupported`: the parser of conditions in SQL is no part of this build.
    pub fn parse(_: &str) -> Result<Self> {
        Err(Error::unsupported("conditions in SQL are switched off in this build: they take the cargo feature \"sql\""))
    }
}
