//! What can go wrong, and where in the file it did.
//!
//! An [`Error`] says who is at fault ([`ErrorKind`]: the caller, the file, a limit, a missing feature, the library),
//! in words a person can act on, and, where known, the file offset, row group and leaf column. It is cheap to clone,
//! because a decoder gives the same error again on every call after the one that failed.
//!
//! Inner layers know only their own numbers; the layers above add the place as the error passes through
//! ([`Error::at_offset`], [`Error::in_row_group`], [`Error::in_column`]), never overwriting what is already known.

use std::fmt;
use std::sync::Arc;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Who is at fault, in the groups that the C ABI reports as status codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call is wrong: an unknown column, a length that does not fit, contradicting bytes.
    InvalidArgument,
    /// The call is wrong at this moment: a push after the end.
    InvalidState,
    /// The bytes are not a Parquet file at all.
    NotParquet,
    /// The file ends inside something.
    Truncated,
    /// The bytes contradict the format or themselves.
    Corrupt,
    /// A page checksum does not match its page.
    Checksum,
    /// A codec, encoding, type, option or encryption that this build lacks.
    Unsupported,
    /// The file is encrypted and the key is missing or wrong.
    Key,
    /// Memory could not be allocated.
    OutOfMemory,
    /// A limit that the caller set, or the built-in one, would be passed.
    Limit,
    /// A callback of the host refused.
    Callback,
    /// A defect of this library.
    Internal,
}

/// An error with its place in the file.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    file_offset: Option<u64>,
    row_group: Option<usize>,
    column: Option<(usize, String)>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident),* $(,)?) => {
        impl Error {
            $($(#[$doc])*
            #[cold]
            pub(crate) fn $name(message: impl Into<String>) -> Self {
                Self::new(ErrorKind::$kind, message)
            })*
        }
    };
}

constructors! {
    invalid_argument => InvalidArgument,
    invalid_state => InvalidState,
    not_parquet => NotParquet,
    truncated => Truncated,
    corrupt => Corrupt,
    checksum => Checksum,
    unsupported => Unsupported,
    key => Key,
    out_of_memory => OutOfMemory,
    limit => Limit,
    callback => Callback,
    internal => Internal,
}

impl Error {
    /// An error of `kind` with no place yet.
    #[cold]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), file_offset: None, row_group: None, column: None }))
    }

    /// Adds the byte offset in the file, unless a layer below knew it better.
    #[cold]
    pub(crate) fn at_offset(mut self, offset: u64) -> Self {
        Arc::make_mut(&mut self.0).file_offset.get_or_insert(offset);
        self
    }

    /// Adds the row group.
    #[cold]
    pub(crate) fn in_row_group(mut self, row_group: usize) -> Self {
        Arc::make_mut(&mut self.0).row_group.get_or_insert(row_group);
        self
    }

    /// Adds the leaf column: its ordinal and its dotted path.
    #[cold]
    pub(crate) fn in_column(mut self, column: usize, path: &str) -> Self {
        Arc::make_mut(&mut self.0).column.get_or_insert_with(|| (column, path.to_owned()));
        self
    }

    /// Who is at fault.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Byte offset in the file, where known.
    pub fn file_offset(&self) -> Option<u64> {
        self.0.file_offset
    }

    /// Row group ordinal, where known.
    pub fn row_group(&self) -> Option<usize> {
        self.0.row_group
    }

    /// Leaf column ordinal, where known.
    pub fn column(&self) -> Option<usize> {
        self.0.column.as_ref().map(|(ordinal, _)| *ordinal)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut separator = " (";
        if let Some((ordinal, path)) = &self.0.column {
            write!(f, "{separator}column {ordinal} \"{path}\"")?;
            separator = ", ";
        }
        if let Some(row_group) = self.0.row_group {
            write!(f, "{separator}row group {row_group}")?;
            separator = ", ";
        }
        if let Some(offset) = self.0.file_offset {
            write!(f, "{separator}file offset {offset}")?;
            separator = ", ";
        }
        if separator == ", " {
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_added_once_and_shown() {
        let error = Error::corrupt("run past the end").at_offset(40).at_offset(7).in_row_group(2).in_column(3, "a.b");
        assert_eq!(error.to_string(), "run past the end (column 3 \"a.b\", row group 2, file offset 40)");
        assert_eq!((error.file_offset(), error.row_group(), error.column()), (Some(40), Some(2), Some(3)));
        assert_eq!(Error::limit("too much").to_string(), "too much");
    }
}
