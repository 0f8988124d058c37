//! What statistics rule out, as engines around the `parquet` crate do it: row groups by their bounds, and where there is a
//! page index, rows by the bounds of their pages.

use std::ops::Range;

use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection};

use crate::conditions::Condition;

/// The row groups in which all conditions may hold for a row.
pub fn row_groups(metadata: &ArrowReaderMetadata, conditions: &[Condition]) -> Vec<usize> {
    let groups = metadata.metadata().row_groups();
    let mut kept = vec![true; groups.len()];
    for condition in conditions {
        let bounds = converter(metadata, condition);
        let least = bounds.row_group_mins(groups).expect("least values");
        let most = bounds.row_group_maxes(groups).expect("greatest values");
        for (kept, may_hold) in kept.iter_mut().zip(condition.may_hold(&least, &most)) {
            *kept &= may_hold;
        }
    }
    (0..groups.len()).filter(|group| kept[*group]).collect()
}

/// The rows of these row groups on whose pages all conditions may hold; `None` without page index.
pub fn rows(metadata: &ArrowReaderMetadata, groups: &[usize], conditions: &[Condition]) -> Option<RowSelection> {
    let footer = metadata.metadata();
    let index = footer.page_index()?.as_ref();
    let total: i64 = groups.iter().map(|group| footer.row_group(*group).num_rows()).sum();
    let selections = conditions.iter().map(|condition| {
        let bounds = converter(metadata, condition);
        let least = bounds.data_page_mins(index, groups).expect("least values");
        let most = bounds.data_page_maxes(index, groups).expect("greatest values");
        let counts = bounds.data_page_row_counts(index, footer.row_groups(), groups).expect("numbers of rows");
        let counts = counts.expect("numbers of rows");
        let mut first = 0;
        let pages: Vec<Range<usize>> = counts
            .values()
            .iter()
            .map(|rows| {
                let page = first..first + *rows as usize;
                first = page.end;
                page
            })
            .collect();
        let kept = pages.into_iter().zip(condition.may_hold(&least, &most)).filter(|(_, may_hold)| *may_hold);
        RowSelection::from_consecutive_ranges(kept.map(|(page, _)| page), total as usize)
    });
    selections.reduce(|one, other| one.intersection(&other))
}

fn converter<'a>(metadata: &'a ArrowReaderMetadata, condition: &Condition) -> StatisticsConverter<'a> {
    StatisticsConverter::try_new(&condition.column, metadata.schema(), metadata.parquet_schema()).expect("a column")
}
