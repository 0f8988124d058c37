//! A plan in words: what is read and where it lies, what is not read and why not.

use std::fmt::{self, Display, Formatter};

use super::chunk_demand::ChunkDemand;
use super::plan::{Plan, PlannedRowGroup};
use super::{RowGroupScan, RowSelection};
use crate::byte_range::ByteRange;
use crate::metadata::{ColumnChunk, codec_name, encoding_name};

/// So many ranges of a column are written out; of more only the number.
const SHOWN_RANGES: usize = 4;

impl Plan {
    /// The plan in words, for people: the predicates, then one line for each row group that says what is read of it or
    /// why it is not, and below it one line for each column that is read with its bytes and pages.
    ///
    /// What decoders find out later, from dictionaries, bloom filters and values, is not in it: with predicates, bytes and
    /// pages are the most that may be read.
    pub fn explain(&self) -> String {
        Explained(self).to_string()
    }
}

struct Explained<'a>(&'a Plan);

impl Display for Explained<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.summary(f)?;
        for (index, condition) in self.0.conditions.iter().enumerate() {
            writeln!(f, "predicate {}: {condition}", index.saturating_add(1))?;
        }
        for planned in &self.0.row_groups {
            self.row_group(f, planned)?;
        }
        Ok(())
    }
}

impl Explained<'_> {
    fn summary(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plan = self.0;
        let row_groups = plan.scans().count();
        let rows: u64 = plan.scans().map(|scan| scan.rows.selected()).fold(0, u64::saturating_add);
        let of_rows = plan.row_groups.iter().map(|planned| planned.row_count).fold(0, u64::saturating_add);
        let bytes = plan.scans().map(|scan| self.bytes(scan)).fold(0, u64::saturating_add);
        let chosen = plan.row_groups.len();
        let columns = plan.projection.columns.len();
        let of_columns = plan.metadata.schema.leaves.len();
        writeln!(f, "reads {rows} of {of_rows} rows in {row_groups} of {chosen} row groups, {bytes} bytes")?;
        write!(f, "output: {columns} of {of_columns} columns")?;
        let batch_rows = plan.options.batch_rows;
        write!(f, ", batches of {batch_rows} rows")?;
        match (plan.options.offset, plan.options.limit) {
            (0, None) => {}
            (offset, None) => write!(f, ", without the first {offset} rows")?,
            (0, Some(limit)) => write!(f, ", at most {limit} rows")?,
            (offset, Some(limit)) => write!(f, ", at most {limit} rows behind the first {offset}")?,
        }
        writeln!(f)
    }

    fn bytes(&self, scan: &RowGroupScan) -> u64 {
        let demands =
            self.0.leaves_read(scan).into_iter().map(|leaf| self.0.chunk_demand(scan.row_group, leaf, &scan.rows));
        demands.map(|demand| demand.map_or(0, |demand| demand.bytes())).fold(0, u64::saturating_add)
    }

    fn row_group(&self, f: &mut Formatter<'_>, planned: &PlannedRowGroup) -> fmt::Result {
        let scan = &planned.scan;
        let (chosen, rows) = (planned.chosen.selected(), scan.rows.selected());
        write!(f, "row group {}: ", scan.row_group)?;
        if rows == planned.row_count {
            write!(f, "all {rows} rows")?;
        } else {
            write!(f, "{} of {} rows", Rows(&scan.rows), planned.row_count)?;
        }
        if chosen < planned.row_count {
            write!(f, "; {} not selected", planned.row_count.saturating_sub(chosen))?;
        }
        if self.0.predicates.is_empty() && rows < chosen {
            write!(f, "; {} outside of offset and limit", chosen.saturating_sub(rows))?;
        }
        if let Some(index) = planned.by_stats {
            write!(f, "; {chosen} ruled out by statistics of the row group and predicate {}", index.saturating_add(1))?;
        }
        for (index, rows) in &planned.by_pages {
            write!(f, "; {rows} ruled out by the page index and predicate {}", index.saturating_add(1))?;
        }
        let certain = (0..self.0.predicates.len()).filter(|index| rows > 0 && scan.is_certain(*index));
        for index in certain {
            write!(f, "; predicate {} keeps all", index.saturating_add(1))?;
        }
        for leaf in scan.bloom_filters.iter().filter_map(|leaf| self.0.metadata.schema.leaves.get(*leaf)) {
            write!(f, "; the bloom filter of {} is asked first", leaf.dotted_path())?;
        }
        writeln!(f)?;
        if rows > 0 { self.columns(f, scan) } else { Ok(()) }
    }

    fn columns(&self, f: &mut Formatter<'_>, scan: &RowGroupScan) -> fmt::Result {
        for leaf in self.0.leaves_read(scan) {
            let Some(column) = self.0.metadata.schema.leaves.get(leaf) else { continue };
            write!(f, "  {}: ", column.dotted_path())?;
            match (self.0.chunk(scan.row_group, leaf), self.0.chunk_demand(scan.row_group, leaf, &scan.rows)) {
                (Ok(chunk), Ok(demand)) => self.chunk(f, scan, leaf, chunk, &demand)?,
                (Err(error), _) | (_, Err(error)) => write!(f, "{error}")?,
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn chunk(
        &self,
        f: &mut Formatter<'_>,
        scan: &RowGroupScan,
        leaf: usize,
        chunk: &ColumnChunk,
        demand: &ChunkDemand,
    ) -> fmt::Result {
        write!(f, "{} of {} bytes", demand.bytes(), chunk.compressed_bytes)?;
        write!(f, " at {}", Ranges(&demand.ranges))?;
        match demand.pages {
            Some((needed, all)) => write!(f, ", {needed} of {all} pages")?,
            None => write!(f, ", no offset index")?,
        }
        write!(f, ", {}", codec_name(chunk.codec.to_thrift()).to_string_lossy())?;
        for encoding in chunk.encodings.iter() {
            write!(f, " {}", encoding_name(encoding.to_thrift()).to_string_lossy())?;
        }
        if chunk.encrypted {
            write!(f, ", encrypted")?;
        }
        let is_output = self.0.projection.columns.iter().any(|column| column.leaf == leaf);
        let of = self.0.asked(scan).filter(|(_, predicate)| predicate.leaves().contains(&leaf));
        let names = of.map(|(index, _)| format!("predicate {}", index.saturating_add(1)));
        let names: Vec<String> = names.chain(is_output.then(|| "output".to_owned())).collect();
        write!(f, ", for {}", names.join(", "))
    }
}

/// How many rows are selected, and where.
struct Rows<'a>(&'a RowSelection);

impl Display for Rows<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut ranges = self.0.ranges();
        match (ranges.next(), ranges.count()) {
            (None, _) => write!(f, "none"),
            (Some(rows), 0) => write!(f, "{} (from row {})", self.0.selected(), rows.start),
            (Some(rows), more) => {
                write!(f, "{} (from row {} on, in {} runs)", self.0.selected(), rows.start, more.saturating_add(1))
            }
        }
    }
}

/// The first few of some ranges.
struct Ranges<'a>(&'a [ByteRange]);

impl Display for Ranges<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().take(SHOWN_RANGES).enumerate() {
            let comma = if index > 0 { " " } else { "" };
            write!(f, "{comma}{}..{}", range.offset, range.end())?;
        }
        match self.0.len().saturating_sub(SHOWN_RANGES) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
