//! Scenarios of what is asked for: a scan of a file, here and by the push decoder of the `parquet` crate, each fed with what
//! it asks for.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, Scalar};
use arrow_schema::ArrowError;
use bytes::Bytes;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, RowFilter, RowSelection,
};
use parquet::arrow::push_decoder::ParquetPushDecoderBuilder;
use parquet::file::metadata::PageIndexPolicy;
use pqpush::predicate::{Comparison, Predicate};
use pqpush::{ByteRange, ScanOptions};

use super::host::scan;
use super::layout::Layout;

/// A comparison that both take as a predicate.
#[derive(Debug, Clone)]
pub struct Filter {
    pub column: String,
    pub op: Comparison,
    pub literal: ArrayRef,
}

impl Filter {
    /// Of a column with an array of length 1.
    pub fn new(column: &str, op: Comparison, literal: ArrayRef) -> Self {
        Self { column: column.to_owned(), op, literal }
    }

    fn ours(&self) -> Predicate {
        Predicate::compare(&self.column, self.op, self.literal.clone()).expect("one literal")
    }

    fn theirs(&self, mask: ProjectionMask) -> Box<dyn ArrowPredicate> {
        let filter = self.clone();
        Box::new(ArrowPredicateFn::new(mask, move |batch| filter.of(&batch)))
    }

    /// The answer for the only leaf of `batch`; structs around it are never null.
    fn of(&self, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        use arrow_ord::cmp;
        let mut values = batch.column(0).clone();
        while let Some(group) = values.clone().as_struct_opt() {
            assert_eq!(group.null_count(), 0, "structs of predicate columns are never null");
            values = group.column(0).clone();
        }
        let literal = Scalar::new(&self.literal);
        match self.op {
            Comparison::Equal => cmp::eq(&values, &literal),
            Comparison::NotEqual => cmp::neq(&values, &literal),
            Comparison::Less => cmp::lt(&values, &literal),
            Comparison::LessOrEqual => cmp::lt_eq(&values, &literal),
            Comparison::Greater => cmp::gt(&values, &literal),
            Comparison::GreaterOrEqual => cmp::gt_eq(&values, &literal),
        }
    }
}

/// What a scan asked for, and how many rows it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub steps: Vec<Vec<ByteRange>>,
    pub rows: usize,
}

impl Asked {
    /// All bytes asked for.
    pub fn bytes(&self) -> u64 {
        self.steps.iter().flatten().map(|range| range.length).sum()
    }
}

/// How much the reference asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    AsksTheSame,
    /// The reason stands with the scenario.
    AsksForMore,
}

/// One scan of one file.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub file: Bytes,
    pub layout: Layout,
    /// Without predicates.
    pub options: ScanOptions,
    pub filters: Vec<Filter>,
}

impl Scenario {
    /// Asserts what is asked for, step by step, that the reference gives as many rows, and that it asks for as much or for
    /// more.
    pub fn assert_asks(&self, expected: &[&[&str]], reference: Reference) {
        let ours = self.ours();
        let names: Vec<Vec<String>> = ours.steps.iter().map(|ranges| self.layout.names(ranges)).collect();
        assert_eq!(names, expected);
        let theirs = self.theirs();
        assert_eq!(ours.rows, theirs.rows, "rows here and there");
        let (here, there) = (ours.bytes(), theirs.bytes());
        match reference {
            Reference::AsksTheSame => assert_eq!(here, there, "bytes asked for, there by {:?}", theirs.steps),
            Reference::AsksForMore => assert!(here < there, "{here} bytes asked for here, {there} there"),
        }
    }

    /// What is asked for here.
    pub fn ours(&self) -> Asked {
        let predicates = self.filters.iter().map(Filter::ours).collect();
        let scan = scan(&self.file, ScanOptions { predicates, ..self.options.clone() }).expect("a readable file");
        Asked { rows: scan.row_count(), steps: scan.asked }
    }

    /// What the push decoder of the `parquet` crate asks for. Bounds and gaps are options that it does not have.
    pub fn theirs(&self) -> Asked {
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&self.file, options).expect("a readable footer");
        let schema = metadata.metadata().file_metadata().schema_descr_ptr();
        let mask = |names: &[String]| ProjectionMask::columns(&schema, names.iter().map(String::as_str));
        let mut builder = ParquetPushDecoderBuilder::new_with_metadata(metadata);
        builder = builder.with_batch_size(self.options.batch_rows).with_offset(self.options.offset as usize);
        if let Some(columns) = &self.options.columns {
            builder = builder.with_projection(mask(columns));
        }
        if let Some(groups) = &self.options.row_groups {
            builder = builder.with_row_groups(groups.iter().map(|group| *group as usize).collect());
        }
        if let Some(selection) = &self.options.row_selection {
            let ranges = selection.ranges().map(|rows| rows.start as usize..rows.end as usize);
            builder =
                builder.with_row_selection(RowSelection::from_consecutive_ranges(ranges, selection.len() as usize));
        }
        if let Some(limit) = self.options.limit {
            builder = builder.with_limit(limit as usize);
        }
        if !self.filters.is_empty() {
            let predicate = |filter: &Filter| filter.theirs(mask(std::slice::from_ref(&filter.column)));
            builder = builder.with_row_filter(RowFilter::new(self.filters.iter().map(predicate).collect()));
        }
        self.drive(builder)
    }

    fn drive(&self, builder: ParquetPushDecoderBuilder) -> Asked {
        let mut decoder = builder.build().expect("good options");
        let mut asked = Asked { steps: Vec::new(), rows: 0 };
        loop {
            match decoder.try_decode().expect("a file that the reference reads") {
                DecodeResult::Finished => return asked,
                DecodeResult::Data(batch) => asked.rows += batch.num_rows(),
                DecodeResult::NeedsData(ranges) => {
                    asked.steps.push(ranges.iter().map(|range| ByteRange::between(range.start, range.end)).collect());
                    let slice =
                        |range: &std::ops::Range<u64>| self.file.slice(range.start as usize..range.end as usize);
                    let data = ranges.iter().map(slice).collect();
                    decoder.push_ranges(ranges, data).expect("bytes that were asked for");
                }
            }
        }
    }
}
