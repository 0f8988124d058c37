//! Names of columns: short ones, which nearly all are, lie in the struct that has them.
//!
//! A file may have many thousands of columns, and to allocate the name of each takes longer than all else that is done
//! with them when the file is opened.

use std::fmt::{self, Debug, Display, Formatter};
use std::ops::Deref;

/// Bytes that a text has room for in itself.
const SHORT: usize = 22;

/// A text that never changes.
#[derive(Clone)]
pub struct Text(Held);

#[derive(Clone)]
enum Held {
    /// So many bytes of UTF-8, zeros behind them.
    Short(u8, [u8; SHORT]),
    Long(Box<str>),
}

impl Text {
    /// The text that `bytes` are; what is not UTF-8 becomes replacement characters.
    pub(crate) fn lossy(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::from(text),
            Err(_) => Self::from(&*String::from_utf8_lossy(bytes)),
        }
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Held::Long(text) => text,
            Held::Short(..) => std::str::from_utf8(self.bytes()).unwrap_or_default(),
        }
    }

    /// Number of its bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Its bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.0 {
            Held::Long(text) => text.as_bytes(),
            Held::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut short = [0; SHORT];
        match (u8::try_from(text.len()), short.get_mut(..text.len())) {
            (Ok(length), Some(place)) => {
                place.copy_from_slice(text.as_bytes());
                Self(Held::Short(length, short))
            }
            _ => Self(Held::Long(text.into())),
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::from("")
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl Debug for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.as_str(), f)
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self.as_str(), f)
    }
}

/// The names from below the root down to a leaf column.
#[derive(Clone, PartialEq, Eq)]
pub struct Path {
    /// All of them with dots in between.
    dotted: Text,
    /// Where in it each name but the last ends.
    ends: Box<[usize]>,
}

impl Path {
    /// The path of the leaf of this name in these groups, from below the root.
    pub(crate) fn new(groups: &[&Text], leaf: &Text) -> Self {
        if groups.is_empty() {
            return Self { dotted: leaf.clone(), ends: Box::default() };
        }
        let mut dotted = String::new();
        let mut ends = Vec::with_capacity(groups.len());
        for name in groups {
            dotted.push_str(name);
            ends.push(dotted.len());
            dotted.push('.');
        }
        dotted.push_str(leaf);
        Self { dotted: Text::from(dotted.as_str()), ends: ends.into() }
    }

    /// The names with dots in between, the way the C ABI names columns.
    pub fn dotted(&self) -> &Text {
        &self.dotted
    }

    /// How many names there are, at least one.
    pub fn depth(&self) -> usize {
        self.ends.len().saturating_add(1)
    }

    /// The names, from below the root.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end.saturating_add(1)));
        let ends = self.ends.iter().copied().chain([self.dotted.len()]);
        starts.zip(ends).map(|(start, end)| self.dotted.get(start..end).unwrap_or_default())
    }

    /// True where a group that the leaf is in has this path.
    pub(super) fn is_below(&self, dotted: &str) -> bool {
        self.ends.binary_search(&dotted.len()).is_ok() && self.dotted.bytes().starts_with(dotted.as_bytes())
    }
}

impl Debug for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_length_are_what_they_were_made_of() {
        for length in [0, 1, 21, 22, 23, 24, 255, 256, 1000] {
            let text = "ä".repeat(length / 2) + &"b".repeat(length % 2);
            assert_eq!(Text::from(text.as_str()), text.as_str());
            assert_eq!(
                (Text::lossy(text.as_bytes()).as_str(), format!("{:?}", Text::from(text.as_str()))),
                (text.as_str(), format!("{text:?}"))
            );
        }
        assert_eq!(Text::lossy(b"a\xffb"), "a\u{fffd}b");
        assert_ne!(Text::from("a"), Text::from("a\0"));
        assert_eq!(size_of::<Text>(), 24);
    }

    #[test]
    fn paths_have_their_names_whatever_is_in_them() {
        for names in [&["a"][..], &[""], &["a", "b.c", "", "d"], &["", ""], &["a.b"]] {
            let texts: Vec<Text> = names.iter().map(|name| Text::from(*name)).collect();
            let (leaf, groups) = texts.split_last().unwrap();
            let path = Path::new(&groups.iter().collect::<Vec<_>>(), leaf);
            assert_eq!((path.names().collect::<Vec<_>>(), path.depth()), (names.to_vec(), names.len()));
            assert_eq!(*path.dotted(), names.join(".").as_str());
        }
    }
}
