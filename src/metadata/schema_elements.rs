//! The flat list of schema elements of a footer, read and put together into the tree [`Schema`].
//!
//! The list is the tree in depth-first order, each group saying how many children follow. Building needs a stack in
//! memory only, so that any depth of nesting is fine. What an element claims is checked here: counts of children that
//! the list does not bear out, lengths and decimals that cannot be.

use crate::error::{Error, Result};
use crate::metadata::logical_type::{RawLogical, converted};
use crate::metadata::thrift::{Failure, Kind, Read, Reader};
use crate::schema::{Leaf, LogicalType, Node, Path, PhysicalType, Repetition, Schema, Text};

/// Memory that the paths of all leaves may take, per byte of the footer and besides. Every leaf has its whole path,
/// so a deep tree of a small footer could ask for much.
const LARGEST_PATH_BYTES_PER_FOOTER_BYTE: usize = 64;
const LARGEST_PATH_BYTES_BESIDES: usize = 16 * 1024 * 1024;

/// One `SchemaElement` as it comes.
#[derive(Debug, Default)]
pub(super) struct Element {
    physical: Option<i32>,
    type_length: Option<i32>,
    repetition: Option<i32>,
    name: Text,
    child_count: Option<i32>,
    converted: Option<i32>,
    scale: Option<i32>,
    precision: Option<i32>,
    field_id: Option<i32>,
    logical: Option<RawLogical>,
}

impl Element {
    pub(super) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let mut element = Self::default();
        let mut has_name = false;
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::I32) => element.physical = Some(reader.i32()?),
                (2, Kind::I32) => element.type_length = Some(reader.i32()?),
                (3, Kind::I32) => element.repetition = Some(reader.i32()?),
                (4, Kind::Binary) => {
                    element.name = Text::lossy(reader.binary()?);
                    has_name = true;
                }
                (5, Kind::I32) => element.child_count = Some(reader.i32()?),
                (6, Kind::I32) => element.converted = Some(reader.i32()?),
                (7, Kind::I32) => element.scale = Some(reader.i32()?),
                (8, Kind::I32) => element.precision = Some(reader.i32()?),
                (9, Kind::I32) => element.field_id = Some(reader.i32()?),
                (10, Kind::Struct) => element.logical = RawLogical::read(reader)?,
                (_, kind) => reader.skip(kind)?,
            }
        }
        if has_name { Ok(element) } else { Err(Failure::Corrupt("a schema element has no name")) }
    }

    /// The number of children, none for a leaf.
    fn child_count(&self) -> Result<Option<usize>> {
        let count = usize::try_from(self.child_count.unwrap_or(0)).map_err(|_| {
            Error::corrupt(format!(
                "schema element \"{}\" says that it has {} children",
                self.name,
                self.child_count.unwrap_or(0)
            ))
        })?;
        Ok((count > 0 || self.physical.is_none()).then_some(count))
    }

    fn repetition(&self) -> Result<Repetition> {
        match self.repetition {
            // Some writers leave it out where it is REQUIRED, the number 0.
            None | Some(0) => Ok(Repetition::Required),
            Some(1) => Ok(Repetition::Optional),
            Some(2) => Ok(Repetition::Repeated),
            Some(other) => Err(Error::corrupt(format!("schema element \"{}\" has repetition {other}", self.name))),
        }
    }

    fn physical(&self) -> Result<PhysicalType> {
        Ok(match self.physical {
            Some(0) => PhysicalType::Boolean,
            Some(1) => PhysicalType::Int32,
            Some(2) => PhysicalType::Int64,
            Some(3) => PhysicalType::Int96,
            Some(4) => PhysicalType::Float,
            Some(5) => PhysicalType::Double,
            Some(6) => PhysicalType::ByteArray,
            Some(7) => PhysicalType::FixedLenByteArray(self.fixed_length()?),
            other => {
                let number = other.unwrap_or(-1);
                return Err(Error::unsupported(format!("column \"{}\" has physical type {number}", self.name)));
            }
        })
    }

    fn fixed_length(&self) -> Result<u32> {
        let length = self.type_length.unwrap_or(0);
        u32::try_from(length)
            .ok()
            .filter(|&length| length > 0)
            .ok_or_else(|| Error::corrupt(format!("column \"{}\" has values of fixed length {length}", self.name)))
    }

    /// The logical type, else what the converted type says. `is_leaf` because UNKNOWN means nothing on a group.
    fn logical(&self, is_leaf: bool) -> Result<Option<LogicalType>> {
        if self.logical.is_none() && self.converted.is_none() {
            return Ok(None);
        }
        let logical = match &self.logical {
            Some(RawLogical { member: 5, integers: [scale, precision], .. }) => Some(self.decimal(*precision, *scale)?),
            Some(raw) => raw.known(),
            None => None,
        };
        let logical = match (logical, self.converted) {
            (None, Some(5)) => Some(self.decimal(self.precision, self.scale)?),
            (None, Some(number)) => converted(number),
            (known, _) => known,
        };
        let logical = logical.unwrap_or(LogicalType::Other);
        let is_of_leaves_only = matches!(logical, LogicalType::Null | LogicalType::Other);
        Ok((is_leaf || !is_of_leaves_only).then_some(logical))
    }

    /// A decimal; some writers leave the scale out where it is 0.
    fn decimal(&self, precision: Option<i32>, scale: Option<i32>) -> Result<LogicalType> {
        let (precision, scale) = (precision.unwrap_or(0), scale.unwrap_or(0));
        match (u32::try_from(precision), u32::try_from(scale)) {
            (Ok(precision @ 1..), Ok(scale)) => Ok(LogicalType::Decimal { precision, scale }),
            _ => Err(Error::corrupt(format!(
                "column \"{}\" is a decimal of precision {precision} and scale {scale}",
                self.name
            ))),
        }
    }
}

/// A group that is still to get children.
struct Open {
    node: usize,
    children_left: usize,
    definition_level: u16,
    repetition_level: u16,
}

/// Puts the tree together, element by element.
pub(super) struct Builder {
    schema: Schema,
    /// The groups from the root down to the one that gets the next element.
    open: Vec<Open>,
    path_bytes_left: usize,
}

impl Builder {
    /// `footer_bytes` is the length of the footer, which bounds the memory. There may be so many `elements`.
    pub(super) fn new(footer_bytes: usize, elements: usize) -> Self {
        Self {
            schema: Schema { nodes: Vec::with_capacity(elements), leaves: Vec::with_capacity(elements) },
            open: Vec::new(),
            path_bytes_left: footer_bytes
                .saturating_mul(LARGEST_PATH_BYTES_PER_FOOTER_BYTE)
                .saturating_add(LARGEST_PATH_BYTES_BESIDES),
        }
    }

    /// Adds the next element of the list.
    pub(super) fn add(&mut self, element: Element) -> Result<()> {
        if self.schema.nodes.is_empty() {
            self.root(element)
        } else {
            self.close_full_groups();
            self.below_root(element)
        }
    }

    /// The tree, after the last element.
    pub(super) fn finish(mut self) -> Result<Schema> {
        self.close_full_groups();
        let count = self.schema.nodes.len();
        match self.open.pop() {
            _ if count == 0 => Err(Error::corrupt("the schema is empty")),
            None => Ok(self.schema),
            Some(group) => {
                let name = self.schema.nodes.get(group.node).map_or("", |node| node.name.as_str());
                let left = group.children_left;
                let message = format!("schema group \"{name}\" lacks {left} children behind its {count} elements");
                Err(Error::corrupt(message))
            }
        }
    }

    fn root(&mut self, element: Element) -> Result<()> {
        let children_left = element.child_count()?.unwrap_or(0);
        self.schema.nodes.push(Node {
            name: element.name,
            repetition: Repetition::Required,
            children: Vec::new(),
            leaf: None,
            logical: None,
            field_id: element.field_id,
        });
        self.open.push(Open { node: 0, children_left, definition_level: 0, repetition_level: 0 });
        Ok(())
    }

    fn close_full_groups(&mut self) {
        while self.open.pop_if(|group| group.children_left == 0).is_some() {}
    }

    fn below_root(&mut self, element: Element) -> Result<()> {
        let index = self.schema.nodes.len();
        let Some(parent) = self.open.last_mut() else {
            let message = format!("the schema tree ends after {index} elements, but \"{}\" follows", element.name);
            return Err(Error::corrupt(message));
        };
        parent.children_left = parent.children_left.saturating_sub(1);
        if let Some(parent) = self.schema.nodes.get_mut(parent.node) {
            parent.children.push(index);
        }
        let repetition = element.repetition()?;
        let too_deep = || Error::unsupported(format!("column \"{}\" is nested too deep", element.name));
        let defined = u16::from(repetition != Repetition::Required);
        let repeated = u16::from(repetition == Repetition::Repeated);
        let definition_level = parent.definition_level.checked_add(defined).ok_or_else(too_deep)?;
        let repetition_level = parent.repetition_level.checked_add(repeated).ok_or_else(too_deep)?;
        let children = element.child_count()?;
        let logical = element.logical(children.is_none())?;
        let leaf = match children {
            Some(children_left) => {
                self.open.push(Open { node: index, children_left, definition_level, repetition_level });
                None
            }
            None => {
                let logical = logical.clone();
                Some(self.add_leaf(&element, index, logical, [definition_level, repetition_level])?)
            }
        };
        self.schema.nodes.push(Node {
            repetition,
            children: Vec::new(),
            leaf,
            logical,
            field_id: element.field_id,
            name: element.name,
        });
        Ok(())
    }

    /// Adds the leaf whose node will be at `node`, and gives its ordinal. `levels` are its maximum definition and repetition
    /// level.
    fn add_leaf(
        &mut self,
        element: &Element,
        node: usize,
        logical: Option<LogicalType>,
        levels: [u16; 2],
    ) -> Result<usize> {
        let groups = self.open.iter().skip(1).filter_map(|group| self.schema.nodes.get(group.node));
        let groups: Vec<&Text> = groups.map(|group| &group.name).collect();
        for name in groups.iter().copied().chain([&element.name]) {
            let bytes = name.len().saturating_add(size_of::<String>());
            self.path_bytes_left = self.path_bytes_left.checked_sub(bytes).ok_or_else(|| {
                Error::limit("the paths of the schema's columns take too much memory for so small a footer")
            })?;
        }
        let ordinal = self.schema.leaves.len();
        let [max_definition_level, max_repetition_level] = levels;
        self.schema.leaves.push(Leaf {
            path: Path::new(&groups, &element.name),
            node,
            physical: element.physical()?,
            logical,
            max_definition_level,
            max_repetition_level,
        });
        Ok(ordinal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::metadata::testing::{Record, group, leaf, root};
    use crate::schema::TimeUnit;

    fn schema(elements: Vec<Record>) -> Result<Schema> {
        let elements: Vec<_> = elements.into_iter().map(Record::finish).collect();
        let mut builder = Builder::new(elements.iter().map(Vec::len).sum(), elements.len());
        for element in elements {
            builder.add(Element::read(&mut Reader::new(&element)).unwrap())?;
        }
        builder.finish()
    }

    /// The leaf of a schema that has only it.
    fn one(element: Record) -> Result<Leaf> {
        schema(vec![root(1), element]).map(|mut schema| schema.leaves.remove(0))
    }

    fn of_type(physical: i32) -> Record {
        Record::new().i32(1, physical).i32(3, 0).binary(4, b"a")
    }

    fn logical(physical: i32, member: u8, fields: Record) -> Option<LogicalType> {
        one(of_type(physical).record(10, Record::new().record(member, fields))).unwrap().logical
    }

    #[test]
    fn leaves_have_their_paths_and_levels() {
        let schema = schema(vec![
            root(3),
            leaf("a", 0),
            group("b", 1, 2),
            group("list", 2, 1),
            leaf("c", 1),
            leaf("d", 0),
            leaf("e", 2).i32(9, 7),
        ])
        .unwrap();
        let leaves = schema.leaves.iter();
        let leaves: Vec<_> =
            leaves.map(|leaf| (leaf.dotted_path(), leaf.max_definition_level, leaf.max_repetition_level)).collect();
        let expected = [("a", 0, 0), ("b.list.c", 3, 1), ("b.d", 1, 0), ("e", 1, 1)];
        assert_eq!(leaves, expected);
        assert_eq!(schema.nodes[0].children, [1, 2, 6]);
        assert_eq!(schema.nodes[2].children, [3, 5]);
        assert_eq!((schema.nodes[6].leaf, schema.nodes[6].field_id), (Some(3), Some(7)));
    }

    #[test]
    fn a_tree_that_does_not_come_out_is_corrupt() {
        for elements in [
            vec![],
            vec![root(1)],
            vec![root(0), leaf("a", 0)],
            vec![root(1), leaf("a", 0), leaf("b", 0)],
            vec![root(2), leaf("a", 0)],
            vec![root(i32::MAX), leaf("a", 0)],
            vec![root(-1), leaf("a", 0)],
            vec![root(1), group("g", 0, 2), leaf("a", 0)],
            vec![root(1), group("g", 0, -1)],
            vec![root(1), leaf("a", 3)],
            vec![root(1), leaf("a", -1)],
        ] {
            assert_eq!(schema(elements).unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn an_element_has_a_name() {
        assert!(matches!(Element::read(&mut Reader::new(&[0])), Err(Failure::Corrupt(_))));
        assert_eq!(schema(vec![root(1), leaf("", 0)]).unwrap().leaves[0].path.names().collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn a_file_may_have_no_columns() {
        assert_eq!(schema(vec![root(0)]).unwrap().leaves.len(), 0);
        let with_empty_group = schema(vec![root(2), group("g", 1, 0), leaf("a", 0)]).unwrap();
        assert_eq!((with_empty_group.leaves.len(), with_empty_group.nodes[0].children.len()), (1, 2));
    }

    #[test]
    fn no_depth_exhausts_the_stack() {
        let nested = |depth: usize| {
            let groups = (0..depth).map(|_| group("g", 2, 1));
            schema([root(1)].into_iter().chain(groups).chain([leaf("a", 0)]).collect())
        };
        assert_eq!(nested(60_000).unwrap().leaves[0].max_repetition_level, 60_000);
        assert_eq!(nested(70_000).unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn paths_may_not_take_much_more_memory_than_the_footer() {
        let depth = 3000;
        let groups = (0..depth).map(|_| group("g", 0, 1));
        let leaves = (0..depth).map(|ordinal| leaf(&ordinal.to_string(), 0));
        let last = group("g", 0, depth);
        let elements = [root(1)].into_iter().chain(groups).chain([last]).chain(leaves).collect();
        assert_eq!(schema(elements).unwrap_err().kind(), ErrorKind::Limit);
    }

    #[test]
    fn physical_types_are_those_of_the_format() {
        let physical = |number| one(of_type(number)).map(|leaf| leaf.physical);
        assert_eq!(physical(0).unwrap(), PhysicalType::Boolean);
        assert_eq!(physical(3).unwrap(), PhysicalType::Int96);
        assert_eq!(physical(6).unwrap(), PhysicalType::ByteArray);
        assert_eq!(physical(7).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(physical(8).unwrap_err().kind(), ErrorKind::Unsupported);
        let fixed = |length| one(Record::new().i32(1, 7).i32(2, length).i32(3, 0).binary(4, b"a"));
        assert_eq!(fixed(16).unwrap().physical, PhysicalType::FixedLenByteArray(16));
        assert_eq!(fixed(0).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(fixed(-1).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn converted_types_say_the_same_as_logical_ones() {
        let converted = |number| one(of_type(1).i32(6, number)).unwrap().logical;
        assert_eq!(converted(0), Some(LogicalType::String));
        assert_eq!(converted(6), Some(LogicalType::Date));
        assert_eq!(converted(9), Some(LogicalType::Timestamp { unit: TimeUnit::Millis, utc: true }));
        assert_eq!(converted(12), Some(LogicalType::Integer { bits: 16, signed: false }));
        assert_eq!(converted(24), Some(LogicalType::Null));
        assert_eq!(converted(99), Some(LogicalType::Other));
        let decimal = one(of_type(1).i32(6, 5).i32(7, 2).i32(8, 9)).unwrap().logical;
        assert_eq!(decimal, Some(LogicalType::Decimal { precision: 9, scale: 2 }));
        assert_eq!(one(of_type(1).i32(6, 5).i32(7, 2)).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn logical_types_have_their_parameters() {
        let unit = |member| Record::new().record(member, Record::new());
        let timestamp = Record::new().boolean(1, false).record(2, unit(3));
        assert_eq!(logical(2, 8, timestamp), Some(LogicalType::Timestamp { unit: TimeUnit::Nanos, utc: false }));
        let time = Record::new().boolean(1, true).record(2, unit(2));
        assert_eq!(logical(2, 7, time), Some(LogicalType::Time { unit: TimeUnit::Micros, utc: true }));
        let decimal = Record::new().i32(1, 3).i32(2, 20);
        assert_eq!(logical(6, 5, decimal), Some(LogicalType::Decimal { precision: 20, scale: 3 }));
        assert_eq!(logical(6, 11, Record::new()), Some(LogicalType::Null));
        let crs = Record::new().binary(1, b"EPSG:4326");
        assert_eq!(logical(6, 17, crs), Some(LogicalType::Geometry { crs: Some("EPSG:4326".to_owned()) }));
        let other = Some(LogicalType::Other);
        assert_eq!(logical(2, 8, Record::new().boolean(1, false)), other, "without its unit");
        assert_eq!(logical(2, 30, Record::new()), other, "of a later format");
    }

    #[test]
    fn the_logical_type_goes_before_the_converted_one() {
        let local = Record::new().boolean(1, false).record(2, Record::new().record(1, Record::new()));
        let both = of_type(2).i32(6, 9).record(10, Record::new().record(8, local));
        let expected = LogicalType::Timestamp { unit: TimeUnit::Millis, utc: false };
        assert_eq!(one(both).unwrap().logical, Some(expected));
        let unknown = of_type(6).i32(6, 0).record(10, Record::new().record(30, Record::new()));
        assert_eq!(one(unknown).unwrap().logical, Some(LogicalType::String));
    }

    #[test]
    fn the_unknown_type_means_nothing_on_a_group() {
        let unknown = || Record::new().record(11, Record::new());
        let schema = schema(vec![root(1), group("g", 1, 1).record(10, unknown()), leaf("a", 0)]).unwrap();
        assert_eq!(schema.nodes[1].logical, None);
    }
}
