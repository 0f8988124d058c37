//! Statistics of one leaf column as Arrow arrays: one row for each row group, or for each page of the page index.
//!
//! Only what can be relied on is told ([`crate::metadata::TrustedBounds`]): a null says that it is not known. The first
//! fields are the same in both arrays, so that whoever prunes by the one can prune by the other.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::UInt64Type;
use arrow_array::{ArrayRef, BooleanArray, ListArray, StructArray, UInt64Array};
use arrow_schema::{DataType, Field};

use crate::column::{Side, bounds_array};
use crate::error::{Error, Result};
use crate::metadata::{Bound, ColumnChunk, ColumnIndex, Metadata, TrustedBounds};
use crate::schema::{Leaf, StringType};

impl Metadata {
    /// What the row groups say about the values of a leaf column: one row for each row group, in file order.
    ///
    /// | field | type | what it is |
    /// |---|---|---|
    /// | `min`, `max` | that of the column in [`Metadata::arrow_schema`] | no value that is neither null nor NaN lies outside |
    /// | `min_is_exact`, `max_is_exact` | Boolean | the bound is equal to a value |
    /// | `null_count` | UInt64 | nulls |
    /// | `distinct_count` | UInt64 | distinct values, nulls not counted |
    /// | `nan_count` | UInt64 | NaNs |
    /// | `row_count` | UInt64 | rows; never null |
    /// | `unencoded_bytes` | UInt64 | bytes of BYTE_ARRAY values before any encoding |
    /// | `value_count` | UInt64 | values and nulls: in lists, more or fewer than rows; never null |
    /// | `repetition_levels` | List(UInt64) | how many entries have each repetition level, from 0 up |
    /// | `definition_levels` | List(UInt64) | the same of definition levels |
    ///
    /// Null where the file does not say, or where what it says cannot be relied on. Fails with `InvalidArgument` where
    /// the file has no such column, with `Unsupported` where it cannot be decoded, with `Corrupt` where what the footer says
    /// of a chunk cannot be.
    pub fn column_statistics(&self, column: usize, string_type: StringType) -> Result<StructArray> {
        self.column_statistics_as(column, |leaf| self.leaf_type(column, leaf, string_type))
    }

    /// The same, with bounds of the type that `data_type` makes of the leaf.
    pub(crate) fn column_statistics_as(
        &self,
        column: usize,
        data_type: impl FnOnce(&Leaf) -> DataType,
    ) -> Result<StructArray> {
        let mut table = Table::new(self, column, data_type)?;
        let mut value_counts = Vec::new();
        for (ordinal, group) in self.row_groups.iter().enumerate() {
            let chunk = self.chunk(ordinal, column)?;
            let details = self.chunk_details(ordinal, column);
            let statistics = details.statistics.unwrap_or_default();
            let none_can_be_null = table.leaf.max_definition_level == 0;
            table.push(Facts {
                bounds: self.trusted_bounds(column, &statistics),
                null_count: statistics.null_count.or(none_can_be_null.then_some(0)),
                distinct_count: statistics.distinct_count,
                nan_count: statistics.nan_count,
                row_count: group.row_count,
                most: chunk.value_count,
                unencoded_bytes: details.size_statistics.as_ref().and_then(|sizes| sizes.unencoded_bytes),
                levels: details.size_statistics.map(|sizes| [sizes.repetition_levels, sizes.definition_levels]),
            });
            value_counts.push(chunk.value_count);
        }
        table.finish(vec![("value_count", value_counts)])
    }

    /// What the page index says about the values of a leaf column: one row for each data page that it lists, in file
    /// order. Row groups whose chunk has no offset index have none; without a column index bounds are null.
    ///
    /// The fields are those of [`column_statistics`](Self::column_statistics) up to `unencoded_bytes`; `distinct_count` and whether bounds are exact are always null, since the page index does not have them. Then
    ///
    /// | field | type | what it is |
    /// |---|---|---|
    /// | `row_group` | UInt64 | ordinal of the row group |
    /// | `first_row` | UInt64 | row of the row group that the page begins with |
    /// | `file_offset` | UInt64 | where the page begins |
    /// | `compressed_bytes` | UInt64 | its bytes in the file, header included |
    /// | `repetition_levels`, `definition_levels` | List(UInt64) | as for row groups |
    pub fn page_statistics(&self, column: usize, string_type: StringType) -> Result<StructArray> {
        let row_groups = 0..self.row_groups.len();
        self.page_statistics_as(column, row_groups, |leaf| self.leaf_type(column, leaf, string_type))
    }

    /// The same of some row groups, with bounds of the type that `data_type` makes of the leaf.
    pub(crate) fn page_statistics_as(
        &self,
        column: usize,
        row_groups: Range<usize>,
        data_type: impl FnOnce(&Leaf) -> DataType,
    ) -> Result<StructArray> {
        let mut table = Table::new(self, column, data_type)?;
        let mut places = [const { Vec::new() }; 4];
        let groups = self.row_groups.iter().enumerate();
        for (ordinal, group) in groups.take(row_groups.end).skip(row_groups.start) {
            let chunk = self.chunk(ordinal, column)?;
            let pages = chunk.offset_index().map_or(&[][..], |index| &index.pages);
            let ends = pages.iter().skip(1).map(|page| page.first_row).chain([group.row_count]);
            for (page, (place, end)) in pages.iter().zip(ends).enumerate() {
                table.push(self.page_facts(column, chunk, page, end.saturating_sub(place.first_row)));
                let place = [ordinal as u64, place.first_row, place.offset, place.compressed_bytes];
                places.iter_mut().zip(place).for_each(|(column, value)| column.push(value));
            }
        }
        let names = ["row_group", "first_row", "file_offset", "compressed_bytes"];
        table.finish(names.into_iter().zip(places).collect())
    }

    /// What the page index says about one page.
    fn page_facts<'a>(&self, column: usize, chunk: &'a ColumnChunk, page: usize, row_count: u64) -> Facts<'a> {
        let at = |counts: &Option<Vec<u64>>| counts.as_ref().and_then(|counts| counts.get(page).copied());
        let index = chunk.column_index();
        let levels_of = |levels: fn(&ColumnIndex) -> &Option<Vec<u64>>, highest: u16| {
            let count = usize::from(highest).saturating_add(1);
            let start = page.saturating_mul(count);
            let of_page = levels(index?).as_ref()?.get(start..start.saturating_add(count))?;
            Some(of_page.to_vec())
        };
        let has_values = index.and_then(|index| index.null_pages.get(page)) == Some(&false);
        let (leaf, order) = (self.schema.leaves.get(column), self.value_order(column));
        let bound = |bytes: Option<&'a [u8]>, is_min| {
            let bytes = order?.trusted(leaf?, bytes.filter(|_| has_values)?, is_min)?;
            Some(Bound { bytes, is_exact: None })
        };
        Facts {
            bounds: TrustedBounds {
                min: bound(index.and_then(|index| index.min_values.get(page)), true),
                max: bound(index.and_then(|index| index.max_values.get(page)), false),
            },
            null_count: index.and_then(|index| at(&index.null_counts)),
            distinct_count: None,
            nan_count: index.and_then(|index| at(&index.nan_counts)),
            row_count,
            most: chunk.value_count,
            unencoded_bytes: chunk.offset_index().and_then(|index| at(&index.unencoded_bytes)),
            levels: leaf.map(|leaf| {
                let repetition = levels_of(|index| &index.repetition_levels, leaf.max_repetition_level);
                let definition = levels_of(|index| &index.definition_levels, leaf.max_definition_level);
                [repetition, definition].map(Option::unwrap_or_default)
            }),
        }
    }
}

/// What is known of the values of a chunk or page.
struct Facts<'a> {
    bounds: TrustedBounds<'a>,
    null_count: Option<u64>,
    distinct_count: Option<u64>,
    nan_count: Option<u64>,
    row_count: u64,
    /// No count of values can be larger.
    most: u64,
    unencoded_bytes: Option<u64>,
    /// How many entries have each repetition and definition level; empty where that is not known.
    levels: Option<[Vec<u64>; 2]>,
}

/// The array that is being made, by columns.
struct Table<'a> {
    leaf: &'a Leaf,
    data_type: DataType,
    bounds: [Vec<Option<&'a [u8]>>; 2],
    exact: [Vec<Option<bool>>; 2],
    /// Nulls, distinct values, NaNs.
    counts: [Vec<Option<u64>>; 3],
    row_counts: Vec<u64>,
    unencoded_bytes: Vec<Option<u64>>,
    levels: [Vec<Option<Vec<u64>>>; 2],
}

impl<'a> Table<'a> {
    fn new(metadata: &'a Metadata, column: usize, data_type: impl FnOnce(&Leaf) -> DataType) -> Result<Self> {
        let leaf = metadata.schema.leaves.get(column).ok_or_else(|| {
            let count = metadata.schema.leaves.len();
            Error::invalid_argument(format!("there is no column {column}, the file has {count}"))
        })?;
        Ok(Self {
            leaf,
            data_type: data_type(leaf),
            bounds: Default::default(),
            exact: Default::default(),
            counts: Default::default(),
            row_counts: Vec::new(),
            unencoded_bytes: Vec::new(),
            levels: Default::default(),
        })
    }

    fn push(&mut self, facts: Facts<'a>) {
        let both = [facts.bounds.min, facts.bounds.max];
        for ((bounds, exact), bound) in self.bounds.iter_mut().zip(&mut self.exact).zip(both) {
            bounds.push(bound.map(|bound| bound.bytes));
            exact.push(bound.and_then(|bound| bound.is_exact));
        }
        let counts = [facts.null_count, facts.distinct_count, facts.nan_count];
        for (column, count) in self.counts.iter_mut().zip(counts) {
            column.push(count.filter(|count| *count <= facts.most));
        }
        self.row_counts.push(facts.row_count);
        self.unencoded_bytes.push(facts.unencoded_bytes);
        let highest = [self.leaf.max_repetition_level, self.leaf.max_definition_level];
        for ((column, counts), highest) in self.levels.iter_mut().zip(facts.levels.unwrap_or_default()).zip(highest) {
            column.push(Some(counts).filter(|counts| counts.len() == usize::from(highest).saturating_add(1)));
        }
    }

    /// The array, with these columns of numbers behind the others.
    fn finish(self, more: Vec<(&str, Vec<u64>)>) -> Result<StructArray> {
        let [min, max] = &self.bounds;
        let min = bounds_array(self.leaf, &self.data_type, min, Side::Min)?;
        let max = bounds_array(self.leaf, &self.data_type, max, Side::Max)?;
        let known = |bounds: &ArrayRef, exact: Vec<Option<bool>>| -> ArrayRef {
            // A bound that the type cannot hold is none, and is not exact either.
            let exact = exact.into_iter().enumerate().map(|(row, exact)| exact.filter(|_| bounds.is_valid(row)));
            Arc::new(BooleanArray::from_iter(exact))
        };
        let [min_exact, max_exact] = self.exact;
        let exact = [known(&min, min_exact), known(&max, max_exact)];
        let [nulls, distinct, nans] = self.counts.map(|counts| Arc::new(UInt64Array::from(counts)) as ArrayRef);
        let [min_is_exact, max_is_exact] = exact;
        let mut columns = vec![
            ("min", min, true),
            ("max", max, true),
            ("min_is_exact", min_is_exact, true),
            ("max_is_exact", max_is_exact, true),
            ("null_count", nulls, true),
            ("distinct_count", distinct, true),
            ("nan_count", nans, true),
            ("row_count", Arc::new(UInt64Array::from(self.row_counts)), false),
            ("unencoded_bytes", Arc::new(UInt64Array::from(self.unencoded_bytes)), true),
        ];
        columns.extend(more.into_iter().map(|(name, values)| (name, Arc::new(UInt64Array::from(values)) as _, false)));
        let lists = |levels: Vec<Option<Vec<u64>>>| -> ArrayRef {
            let lists = levels.into_iter().map(|counts| counts.map(|counts| counts.into_iter().map(Some)));
            Arc::new(ListArray::from_iter_primitive::<UInt64Type, _, _>(lists))
        };
        let [repetition, definition] = self.levels.map(lists);
        columns.extend([("repetition_levels", repetition, true), ("definition_levels", definition, true)]);
        let (fields, arrays): (Vec<_>, Vec<_>) = columns
            .into_iter()
            .map(|(name, array, nullable)| (Field::new(name, array.data_type().clone(), nullable), array))
            .unzip();
        StructArray::try_new(fields.into(), arrays, None)
            .map_err(|error| Error::internal(format!("statistics do not fit together: {error}")))
    }
}
