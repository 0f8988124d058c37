//! The flat list of schema elements of a footer, read and put together into the tree [`Schema`].
//!
//! The list is the tree in depth-first order, each group saying how many children follow. Building needs a stack in
//! memory only, so that any depth of nesting is fine. What an element claims is checked here: counts of children that
//! the list does not bear out, lengths and decimals that cannot be.

use crate::error::{Error, Result};
use crate::metadata::thrift::{Kind, Read, Reader};
use crate::schema::{Leaf, LogicalType, Node, PhysicalType, Repetition, Schema, TimeUnit};

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
    name: String,
    child_count: Option<i32>,
    converted: Option<i32>,
    scale: Option<i32>,
    precision: Option<i32>,
    field_id: Option<i32>,
    logical: Option<RawLogical>,
}

/// A `LogicalType`: which member of the union it is, and all that any member may have.
#[derive(Debug, Default)]
struct RawLogical {
    member: i16,
    /// Fields 1 and 2 of the member, where they are integers.
    integers: [Option<i32>; 2],
    /// Fields 1 and 2 of the member, where they are booleans.
    booleans: [Option<bool>; 2],
    /// Field 1, where it is a string.
    crs: Option<String>,
    /// Which member the union in field 2 is.
    unit: Option<i16>,
}

/// Reads the list of schema elements.
pub(super) fn read(reader: &mut Reader<'_>) -> Read<Vec<Element>> {
    let mut elements = Vec::new();
    for _ in 0..reader.list_of_structs()? {
        elements.push(Element::read(reader)?);
    }
    Ok(elements)
}

impl Element {
    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let mut element = Self::default();
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::I32) => element.physical = Some(reader.i32()?),
                (2, Kind::I32) => element.type_length = Some(reader.i32()?),
                (3, Kind::I32) => element.repetition = Some(reader.i32()?),
                (4, Kind::Binary) => element.name = reader.string()?,
                (5, Kind::I32) => element.child_count = Some(reader.i32()?),
                (6, Kind::I32) => element.converted = Some(reader.i32()?),
                (7, Kind::I32) => element.scale = Some(reader.i32()?),
                (8, Kind::I32) => element.precision = Some(reader.i32()?),
                (9, Kind::I32) => element.field_id = Some(reader.i32()?),
                (10, Kind::Struct) => element.logical = RawLogical::read(reader)?,
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(element)
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
        Ok(logical.filter(|logical| is_leaf || *logical != LogicalType::Null))
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

impl RawLogical {
    /// The union's member that is set, none for an empty union.
    fn read(reader: &mut Reader<'_>) -> Read<Option<Self>> {
        let mut found = None;
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match field.kind {
                Kind::Struct => found = Some(Self::read_member(reader, field.id)?),
                other => reader.skip(other)?,
            }
        }
        Ok(found)
    }

    fn read_member(reader: &mut Reader<'_>, member: i16) -> Read<Self> {
        let mut raw = Self { member, ..Self::default() };
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            let [first_integer, second_integer] = &mut raw.integers;
            let [first_boolean, second_boolean] = &mut raw.booleans;
            match (field.id, field.kind) {
                (1, Kind::I32) => *first_integer = Some(reader.i32()?),
                (2, Kind::I32) => *second_integer = Some(reader.i32()?),
                (1, Kind::Byte) => *first_integer = Some(i32::from(reader.byte()?)),
                (1, Kind::True | Kind::False) => *first_boolean = Some(field.kind == Kind::True),
                (2, Kind::True | Kind::False) => *second_boolean = Some(field.kind == Kind::True),
                (1, Kind::Binary) => raw.crs = Some(reader.string()?),
                (2, Kind::Struct) => raw.unit = Self::read(reader)?.map(|unit| unit.member),
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(raw)
    }

    /// The logical type, where this library knows it and nothing in it is missing. Decimals are made elsewhere.
    fn known(&self) -> Option<LogicalType> {
        let [utc, signed] = self.booleans;
        let [integer, algorithm] = self.integers;
        let unit = self.unit.and_then(|member| match member {
            1 => Some(TimeUnit::Millis),
            2 => Some(TimeUnit::Micros),
            3 => Some(TimeUnit::Nanos),
            _ => None,
        });
        Some(match self.member {
            1 => LogicalType::String,
            2 => LogicalType::Map,
            3 => LogicalType::List,
            4 => LogicalType::Enum,
            6 => LogicalType::Date,
            7 => LogicalType::Time { unit: unit?, utc: utc? },
            8 => LogicalType::Timestamp { unit: unit?, utc: utc? },
            10 => LogicalType::Integer { bits: u8::try_from(integer?).ok()?, signed: signed? },
            11 => LogicalType::Null,
            12 => LogicalType::Json,
            13 => LogicalType::Bson,
            14 => LogicalType::Uuid,
            15 => LogicalType::Float16,
            16 => LogicalType::Variant,
            17 => LogicalType::Geometry { crs: self.crs.clone() },
            18 => LogicalType::Geography { crs: self.crs.clone(), algorithm },
            _ => return None,
        })
    }
}

/// What a `ConvertedType` other than DECIMAL means.
fn converted(number: i32) -> Option<LogicalType> {
    let time = |unit| LogicalType::Time { unit, utc: true };
    let timestamp = |unit| LogicalType::Timestamp { unit, utc: true };
    let integer = |bits, signed| LogicalType::Integer { bits, signed };
    Some(match number {
        0 => LogicalType::String,
        // MAP_KEY_VALUE stands for MAP where old writers put it on the outer group.
        1 | 2 => LogicalType::Map,
        3 => LogicalType::List,
        4 => LogicalType::Enum,
        6 => LogicalType::Date,
        7 => time(TimeUnit::Millis),
        8 => time(TimeUnit::Micros),
        9 => timestamp(TimeUnit::Millis),
        10 => timestamp(TimeUnit::Micros),
        11 => integer(8, false),
        12 => integer(16, false),
        13 => integer(32, false),
        14 => integer(64, false),
        15 => integer(8, true),
        16 => integer(16, true),
        17 => integer(32, true),
        18 => integer(64, true),
        19 => LogicalType::Json,
        20 => LogicalType::Bson,
        21 => LogicalType::Interval,
        24 => LogicalType::Null,
        _ => return None,
    })
}

/// A group that is still to get children.
struct Open {
    node: usize,
    children_left: usize,
    definition_level: u16,
    repetition_level: u16,
}

/// Puts the tree together. `footer_bytes` is the length of the footer, which bounds the memory.
pub(super) fn build(elements: Vec<Element>, footer_bytes: usize) -> Result<Schema> {
    let count = elements.len();
    let mut builder = Builder {
        schema: Schema { nodes: Vec::with_capacity(count), leaves: Vec::new() },
        open: Vec::new(),
        path_bytes_left: footer_bytes
            .saturating_mul(LARGEST_PATH_BYTES_PER_FOOTER_BYTE)
            .saturating_add(LARGEST_PATH_BYTES_BESIDES),
    };
    let mut elements = elements.into_iter();
    let root = elements.next().ok_or_else(|| Error::corrupt("the schema is empty"))?;
    builder.root(root)?;
    for element in elements {
        builder.close_full_groups();
        builder.add(element)?;
    }
    builder.close_full_groups();
    match builder.open.pop() {
        None => Ok(builder.schema),
        Some(group) => {
            let name = builder.schema.nodes.get(group.node).map_or("", |node| &node.name);
            let left = group.children_left;
            Err(Error::corrupt(format!("schema group \"{name}\" lacks {left} children behind its {count} elements")))
        }
    }
}

struct Builder {
    schema: Schema,
    /// The groups from the root down to the one that gets the next element.
    open: Vec<Open>,
    path_bytes_left: usize,
}

impl Builder {
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

    fn add(&mut self, element: Element) -> Result<()> {
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
        let leaf = match children {
            Some(children_left) => {
                self.open.push(Open { node: index, children_left, definition_level, repetition_level });
                None
            }
            None => Some(self.add_leaf(&element, index, definition_level, repetition_level)?),
        };
        self.schema.nodes.push(Node {
            repetition,
            children: Vec::new(),
            leaf,
            logical: element.logical(leaf.is_some())?,
            field_id: element.field_id,
            name: element.name,
        });
        Ok(())
    }

    /// Adds the leaf whose node will be at `node`, and gives its ordinal.
    fn add_leaf(
        &mut self,
        element: &Element,
        node: usize,
        definition_level: u16,
        repetition_level: u16,
    ) -> Result<usize> {
        let mut path = Vec::with_capacity(self.open.len());
        let groups = self.open.iter().skip(1).filter_map(|group| self.schema.nodes.get(group.node));
        for name in groups.map(|group| &group.name).chain([&element.name]) {
            let bytes = name.len().saturating_add(size_of::<String>());
            self.path_bytes_left = self.path_bytes_left.checked_sub(bytes).ok_or_else(|| {
                Error::limit("the paths of the schema's columns take too much memory for so small a footer")
            })?;
            path.push(name.clone());
        }
        let ordinal = self.schema.leaves.len();
        self.schema.leaves.push(Leaf {
            path,
            node,
            physical: element.physical()?,
            logical: element.logical(true)?,
            max_definition_level: definition_level,
            max_repetition_level: repetition_level,
        });
        Ok(ordinal)
    }
}
