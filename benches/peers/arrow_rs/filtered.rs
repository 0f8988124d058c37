//! Scans with predicates: by a `RowFilter`, and by decoding everything and filtering afterwards. Both leave out what
//! statistics rule out.

use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_select::filter::{filter_record_batch, prep_null_mask_filter};
use parquet::arrow::arrow_reader::{ArrowPredicate, ArrowPredicateFn, ArrowReaderMetadata, RowFilter};
use parquet::arrow::push_decoder::ParquetPushDecoderBuilder;
use parquet::file::metadata::PageIndexPolicy;

use crate::conditions::{Condition, and};
use crate::scan::{drain, mask, reader_metadata};
use crate::{BATCH_ROWS, Job, pruning};

/// A builder over the row groups, and with page index the rows, that statistics leave.
fn pruned(job: &Job, metadata: &ArrowReaderMetadata) -> ParquetPushDecoderBuilder {
    let groups = pruning::row_groups(metadata, &job.conditions);
    let selection = pruning::rows(metadata, &groups, &job.conditions);
    let builder = ParquetPushDecoderBuilder::new_with_metadata(metadata.clone());
    let builder = builder.with_batch_size(BATCH_ROWS).with_row_groups(groups);
    match selection {
        Some(selection) => builder.with_row_selection(selection),
        None => builder,
    }
}

/// Conditions in the decoder, those on one column as one predicate.
pub fn row_filter(job: &Job, take: &mut dyn FnMut(RecordBatch)) {
    let metadata = reader_metadata(job, PageIndexPolicy::Optional);
    let mut by_column: Vec<Vec<Condition>> = Vec::new();
    for condition in &job.conditions {
        match by_column.iter_mut().find(|conditions| conditions[0].column == condition.column) {
            Some(conditions) => conditions.push(condition.clone()),
            None => by_column.push(vec![condition.clone()]),
        }
    }
    let predicates = by_column.into_iter().map(|conditions| {
        let mask = mask(metadata.parquet_schema(), &[conditions[0].column.clone()]);
        let holds = move |batch: RecordBatch| Ok(evaluate(&batch, &conditions));
        Box::new(ArrowPredicateFn::new(mask, holds)) as Box<dyn ArrowPredicate>
    });
    let filter = RowFilter::new(predicates.collect());
    let builder = pruned(job, &metadata).with_projection(mask(metadata.parquet_schema(), &job.columns));
    drain(job, builder.with_row_filter(filter).build().expect("a decoder"), take);
}

/// Everything decoded, then filtered with Arrow's kernels.
pub fn afterwards(job: &Job, take: &mut dyn FnMut(RecordBatch)) {
    let metadata = reader_metadata(job, PageIndexPolicy::Optional);
    let mut columns = job.columns.clone();
    if !columns.is_empty() {
        columns.extend(job.conditions.iter().map(|condition| condition.column.clone()));
    }
    let builder = pruned(job, &metadata).with_projection(mask(metadata.parquet_schema(), &columns));
    let mut wanted: Option<Vec<usize>> = None;
    drain(job, builder.build().expect("a decoder"), &mut |batch| {
        let wanted = wanted.get_or_insert_with(|| wanted_columns(&batch, &job.columns));
        let kept = evaluate(&batch, &job.conditions);
        let batch = batch.project(wanted).expect("columns of the batch");
        let rows = filter_record_batch(&batch, &kept).expect("rows of the batch");
        if rows.num_rows() > 0 {
            take(rows);
        }
    });
}

fn wanted_columns(batch: &RecordBatch, columns: &[String]) -> Vec<usize> {
    let is_wanted = |index: &usize| columns.is_empty() || columns.contains(batch.schema().field(*index).name());
    (0..batch.num_columns()).filter(is_wanted).collect()
}

/// The rows for which all conditions hold.
pub fn evaluate(batch: &RecordBatch, conditions: &[Condition]) -> BooleanArray {
    let holds = |condition: &Condition| {
        let index = batch.schema().index_of(&condition.column).expect("a column of the conditions");
        let values = batch.column(index);
        condition.of(values, &condition.literal(values.data_type())).expect("comparable values")
    };
    let all = conditions.iter().map(holds).reduce(|one, other| and(&one, &other)).expect("at least one condition");
    if all.null_count() > 0 { prep_null_mask_filter(&all) } else { all }
}
