//! The Parquet schema tree, its leaf columns, and the Arrow schema that they decode to.
//!
//! [`Schema`] is the tree as the file has it, kept flat in one vector so that no depth of nesting can exhaust the
//! stack. [`Leaf`] is what the column path needs to know of one leaf: physical type, logical type, maximum levels.
//! [`Schema::to_arrow`] turns the tree into Arrow fields, with the format's backward-compatibility rules for lists and
//! maps (`output`), of the types that the file gives them or that the writer's `hint` or the host wish for (`wish`),
//! where those fit (`fit`). Rests on nothing but `error`.

pub(crate) mod arrow;
mod extension;
pub(crate) mod fit;
mod flatbuffer;
pub(crate) mod hint;
pub(crate) mod output;
#[cfg(test)]
pub(crate) mod testing;
mod text;
pub(crate) mod wish;

pub use text::{Path, Text};

use std::collections::HashMap;

/// The schema of a file.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The tree in depth-first order; `nodes[0]` is the root.
    pub nodes: Vec<Node>,
    /// The leaf columns in schema order: the order of the column chunks of a row group.
    pub leaves: Vec<Leaf>,
}

/// One element of the schema tree.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name.
    pub name: Text,
    /// Required, optional or repeated. The root counts as required.
    pub repetition: Repetition,
    /// Indexes into [`Schema::nodes`] of its children; empty for a leaf, and for a group without fields.
    pub children: Vec<usize>,
    /// Index into [`Schema::leaves`] where this is a leaf.
    pub leaf: Option<usize>,
    /// What the values mean.
    pub logical: Option<LogicalType>,
    /// The field id, where the file gives one.
    pub field_id: Option<i32>,
}

/// One leaf column.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Names from below the root down to the leaf.
    pub path: Path,
    /// Index into [`Schema::nodes`].
    pub node: usize,
    /// How the values are stored.
    pub physical: PhysicalType,
    /// What the values mean.
    pub logical: Option<LogicalType>,
    /// Definition level of a present value: the number of optional and repeated elements on the path.
    pub max_definition_level: u16,
    /// Number of repeated elements on the path.
    pub max_repetition_level: u16,
}

/// Whether an element must be there, may be missing, or may be there many times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repetition {
    /// Exactly once.
    Required,
    /// Once or not at all.
    Optional,
    /// Any number of times.
    Repeated,
}

/// How values are stored: the physical types of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhysicalType {
    /// One bit a value.
    Boolean,
    /// 32-bit little-endian integer.
    Int32,
    /// 64-bit little-endian integer.
    Int64,
    /// 96 bits: nanoseconds of the day, then the Julian day (deprecated).
    Int96,
    /// IEEE 754 single.
    Float,
    /// IEEE 754 double.
    Double,
    /// Bytes with a length of their own.
    ByteArray,
    /// Bytes of the one length given here.
    FixedLenByteArray(u32),
}

/// What values mean: LogicalType, or the ConvertedType that says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the format's own
pub enum LogicalType {
    String,
    Map,
    List,
    Enum,
    Decimal {
        precision: u32,
        scale: u32,
    },
    Date,
    Time {
        unit: TimeUnit,
        utc: bool,
    },
    Timestamp {
        unit: TimeUnit,
        utc: bool,
    },
    Integer {
        bits: u8,
        signed: bool,
    },
    /// LogicalType UNKNOWN and the ConvertedType 24 of old writers: all values are null.
    Null,
    Json,
    Bson,
    Uuid,
    Float16,
    Variant,
    Geometry {
        crs: Option<String>,
    },
    Geography {
        crs: Option<String>,
        algorithm: Option<i32>,
    },
    Interval,
    /// A logical type that this library does not know: the values are those of the physical type, in an unknown order.
    Other,
}

/// Unit of times and timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum TimeUnit {
    Millis,
    Micros,
    Nanos,
}

/// Which Arrow type strings and binaries become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StringType {
    /// Utf8 and Binary: 32-bit offsets, at most 2 GiB a batch and column.
    #[default]
    Utf8,
    /// LargeUtf8 and LargeBinary: 64-bit offsets.
    LargeUtf8,
    /// Utf8View and BinaryView: no copy of values longer than 12 bytes.
    Utf8View,
}

impl Leaf {
    /// The dotted path, the way the C ABI names columns.
    pub fn dotted_path(&self) -> &str {
        self.path.dotted()
    }
}

impl Schema {
    /// The leaf columns that a dotted path names, ascending: the leaf (or leaves) of exactly this path, else all
    /// leaves of the group of this path. Empty where there is neither.
    ///
    /// Names may have dots in them: what counts is the path as it reads once its names are joined.
    pub fn leaves_of(&self, dotted_path: &str) -> Vec<usize> {
        let ordinals = |is_meant: &dyn Fn(&Path) -> bool| -> Vec<usize> {
            let leaves = self.leaves.iter().enumerate();
            leaves.filter(|(_, leaf)| is_meant(&leaf.path)).map(|(ordinal, _)| ordinal).collect()
        };
        match ordinals(&|path| path.dotted() == dotted_path) {
            none if none.is_empty() => ordinals(&|path| path.is_below(dotted_path)),
            leaves => leaves,
        }
    }
}

impl Schema {
    /// What [`leaves_of`](Self::leaves_of) gives for each of the paths. Columns are gone through once for all of them, but
    /// for paths that name a group or nothing.
    pub(crate) fn leaves_of_all(&self, dotted_paths: &[impl AsRef<str>]) -> Vec<Vec<usize>> {
        let mut places: HashMap<&[u8], Vec<usize>> = HashMap::with_capacity(dotted_paths.len());
        let mut digests = 0u64;
        for (place, path) in dotted_paths.iter().enumerate() {
            let path = path.as_ref().as_bytes();
            digests |= digest(path);
            places.entry(path).or_default().push(place);
        }
        let mut found = vec![Vec::new(); dotted_paths.len()];
        for (ordinal, leaf) in self.leaves.iter().enumerate() {
            let path = leaf.path.dotted().bytes();
            if digests & digest(path) != 0
                && let Some(places) = places.get(path)
            {
                for place in places {
                    found.get_mut(*place).into_iter().for_each(|leaves| leaves.push(ordinal));
                }
            }
        }
        let of_none = found.iter_mut().zip(dotted_paths).filter(|(leaves, _)| leaves.is_empty());
        of_none.for_each(|(leaves, path)| *leaves = self.leaves_of(path.as_ref()));
        found
    }

    /// The leaf columns at or below `node` (an index into [`Schema::nodes`]), ascending.
    pub fn leaves_below(&self, node: usize) -> Vec<usize> {
        let mut leaves = Vec::new();
        let mut open = vec![node];
        while let Some(node) = open.pop().and_then(|index| self.nodes.get(index)) {
            leaves.extend(node.leaf);
            open.extend(node.children.iter().rev());
        }
        leaves
    }
}

/// One of 64 bits, by which most names that are not looked for are told at little cost.
fn digest(name: &[u8]) -> u64 {
    let mixed = match name {
        [.., a, b, c] => u32::from_le_bytes([*a, *b, *c, 0]),
        _ => 0,
    };
    let mixed = mixed.wrapping_add(u32::try_from(name.len()).unwrap_or(0)).wrapping_mul(0x9E37_79B1);
    1u64.checked_shl(mixed >> 26).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::testing::{group, leaf, schema};
    use super::{PhysicalType::Int32, Repetition::Optional};

    #[test]
    fn paths_name_leaves_and_groups() {
        let int = |name| leaf(name, Optional, Int32, None);
        let schema = schema(vec![
            int("a"),
            group("b", Optional, None, vec![int("c"), group("d", Optional, None, vec![int("e"), int("f.g")])]),
            int("b.c"),
            int("x.y"),
            int("a"),
            int(""),
        ]);
        for (path, leaves) in [
            ("a", &[0, 6][..]),
            ("b", &[1, 2, 3]),
            ("b.c", &[1, 4]),
            ("b.d", &[2, 3]),
            ("b.d.e", &[2]),
            ("b.d.f.g", &[3]),
            ("b.d.f", &[]),
            ("x.y", &[5]),
            ("x", &[]),
            ("b.", &[]),
            ("b.d.e.", &[]),
            ("", &[7]),
            (".", &[]),
            ("B", &[]),
        ] {
            assert_eq!(schema.leaves_of(path), leaves, "{path}");
            assert_eq!(schema.leaves_of_all(&["b.d.e", path, "a", path]), [&[2], leaves, &[0, 6], leaves], "{path}");
        }
    }
}
