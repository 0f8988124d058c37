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
pub(crate) mod wish;

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
    pub name: String,
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
    pub path: Vec<String>,
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
    pub fn dotted_path(&self) -> String {
        self.path.join(".")
    }

    fn matches(&self, dotted_path: &str) -> Option<Match> {
        let mut rest = dotted_path;
        let mut names = self.path.iter();
        while let Some(name) = names.next() {
            rest = rest.strip_prefix(name.as_str())?;
            if rest.is_empty() {
                return Some(if names.len() == 0 { Match::Leaf } else { Match::Group });
            }
            rest = rest.strip_prefix('.')?;
        }
        None
    }
}

impl Schema {
    /// The leaf columns that a dotted path names, ascending: the leaf (or leaves) of exactly this path, else all
    /// leaves of the group of this path. Empty where there is neither.
    ///
    /// Names may have dots in them: what counts is the path as it reads once its names are joined.
    pub fn leaves_of(&self, dotted_path: &str) -> Vec<usize> {
        let matching = |wanted: Match| -> Vec<usize> {
            let leaves = self.leaves.iter().enumerate();
            leaves.filter(|(_, leaf)| leaf.matches(dotted_path) == Some(wanted)).map(|(ordinal, _)| ordinal).collect()
        };
        match matching(Match::Leaf) {
            none if none.is_empty() => matching(Match::Group),
            leaves => leaves,
        }
    }
}

impl Schema {
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

/// What a path names, seen from a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    /// The leaf.
    Leaf,
    /// A group that the leaf is in.
    Group,
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
        }
    }
}
