//! A case of filtered rows: how they are written, what is asked of them; its check against decoding everything and filtering
//! afterwards, and how it gets smaller while it fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::{ArrayRef, BooleanArray, RecordBatch};
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use pqpush::{Metrics, RowSelection, ScanOptions, SelectionPolicy, StringType};

use super::compare::{assert_batches, whole_columns};
use super::condition::{Condition, leaves};
use super::host::{By, Feed, Scan, quick_feeds, scan, scan_with};
use super::nested::random_rows;
use super::nested_case::Writing;
use super::random::Random;
use super::shaped::shaped_rows;

/// How often a smaller case is tried.
const MOST_TRIES: usize = 1500;

/// Rows, how they are written, and what is asked of them.
#[derive(Debug, Clone)]
pub struct FilterCase {
    pub rows: RecordBatch,
    pub writing: Writing,
    /// All of them have to hold.
    pub conditions: Vec<Condition>,
    /// Without predicates.
    pub options: ScanOptions,
    pub feed: Feed,
}

impl FilterCase {
    /// The case of that seed; `None` where there is no column that a predicate can be of.
    pub fn random(seed: u64) -> Option<Self> {
        let mut random = Random::new(seed);
        let is_nested = random.percent(25);
        let count = 1 + random.below(random.clone().pick(&[5, 60, 400, 2000, 2000, 9000, 20_000]));
        let (rows, mut writing) = match is_nested {
            true => {
                let count = 1 + count % 300;
                let depth = random.below(5);
                (random_rows(&mut random, depth, count), Writing::random(&mut random, count))
            }
            false => (shaped_rows(&mut random, count), Writing::random(&mut random, count)),
        };
        if rows.num_rows() > 300 {
            writing.page_rows = 1 + random.below(random.clone().pick(&[50, 500, 5000]));
            writing.page_bytes = random.pick(&[200, 5000, 1 << 20]);
            writing.write_rows = writing.page_rows.clamp(1, 1024);
            writing.row_group_rows = writing.row_group_rows.max(rows.num_rows() / 20);
        }
        (writing.hint, writing.page_index) = (false, random.percent(70));
        writing.chunk_statistics = random.percent(50);
        writing.bare_columns = if random.percent(30) { random.bits() } else { 0 };
        writing.bound_bytes = random.pick(&[1, 4, 64]);
        writing.bloom_filters = random.percent(20);
        // Literals have the types that the columns are read as.
        let all = scan(&writing.write(&rows, ""), ScanOptions::default()).expect("a readable file");
        let leaves = leaves(&all.schema, &whole_columns(&all));
        if leaves.is_empty() {
            return None;
        }
        let count = random.pick(&[1, 1, 1, 2, 3]);
        let conditions = (0..count).map(|_| Condition::random(&mut random, &leaves, 3)).collect();
        let options = random_options(&mut random, &rows, writing.row_group_rows);
        let feed = random.pick(&quick_feeds(seed));
        Some(Self { rows, writing, conditions, options, feed })
    }

    /// The file.
    pub fn write(&self) -> Bytes {
        self.writing.write(&self.rows, "")
    }

    /// What was done to read the rows, or what is wrong with them.
    pub fn check(&self) -> Result<Metrics, String> {
        catch_unwind(AssertUnwindSafe(|| self.assert())).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            text.or(panic.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default()
        })
    }

    fn assert(&self) -> Metrics {
        let file = self.write();
        let predicates = self.conditions.iter().map(Condition::predicate).collect();
        let options = ScanOptions { predicates, ..self.options.clone() };
        let found = scan_with(&file, options, self.feed, By::Push).unwrap_or_else(|error| panic!("{error:?}"));
        let (columns, kept) = self.expected(&file);
        assert_eq!(found.row_count(), kept.true_count(), "rows");
        match self.options.fill_batches {
            false => assert_batches(&found, self.options.batch_rows, ""),
            true => assert_filled(&found, self.options.batch_rows),
        }
        self.assert_counts(&found);
        for (ours, column) in whole_columns(&found).iter().zip(&columns) {
            let expected = arrow_select::filter::filter(column, &kept).expect("as many bits as rows");
            if ours != &expected {
                let differs = |row: &usize| ours.slice(*row, 1) != expected.slice(*row, 1);
                let row = (0..ours.len()).find(differs).unwrap_or(0);
                panic!("row {row}: {:?} is not {:?}", ours.slice(row, 1), expected.slice(row, 1));
            }
        }
        found.metrics
    }

    /// Every row was left out for one reason, looked at and not kept, or handed out.
    fn assert_counts(&self, found: &Scan) {
        if self.options.row_selection.is_none() && self.options.offset == 0 && self.options.limit.is_none() {
            let metrics = found.metrics;
            let pruned = metrics.rows_pruned_by_stats + metrics.rows_pruned_by_pages;
            let pruned = pruned + metrics.rows_pruned_by_bloom + metrics.rows_pruned_by_dictionary;
            assert_eq!(pruned + metrics.rows_filtered + metrics.rows_out, metrics.rows_total, "{metrics:?}");
        }
    }

    /// The columns of the output, without predicates, selection, offset and limit; and which rows of them are to come.
    fn expected(&self, file: &Bytes) -> (Vec<ArrayRef>, BooleanArray) {
        let all = ScanOptions {
            row_selection: None,
            offset: 0,
            limit: None,
            max_buffered_bytes: None,
            batch_rows: 8192,
            fill_batches: false,
            ..self.options.clone()
        };
        let read = |options| scan(file, options).unwrap_or_else(|error| panic!("without predicates: {error:?}"));
        let output = read(all.clone());
        let names = Some(self.conditions.iter().flat_map(Condition::columns).map(str::to_owned).collect());
        let named: Scan = read(ScanOptions { columns: names, dictionary: false, ..all });
        let leaves = leaves(&named.schema, &whole_columns(&named));
        let kept: Vec<Vec<bool>> =
            self.conditions.iter().map(|condition| condition.kept(&leaves, output.row_count())).collect();
        let selected = self.options.row_selection.as_ref().map(RowSelection::to_bitmap);
        let end = self.options.offset.saturating_add(self.options.limit.unwrap_or(u64::MAX));
        let mut seen = 0;
        let kept = (0..output.row_count()).map(|row| {
            let is_selected = selected.as_ref().is_none_or(|bits| bits.value(row));
            if !is_selected || !kept.iter().all(|kept| kept[row]) {
                return Some(false);
            }
            seen += 1;
            Some(seen > self.options.offset && seen <= end)
        });
        let kept = kept.collect();
        (whole_columns(&output), kept)
    }

    /// A smaller case that fails too.
    pub fn shrunk(self) -> Self {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let (mut smallest, mut tries) = (self, 0);
        let mut fails = |case: &Self| {
            tries += 1;
            tries < MOST_TRIES && case.check().is_err()
        };
        while let Some(smaller) = smallest.smaller().into_iter().find(&mut fails) {
            smallest = smaller;
        }
        std::panic::set_hook(hook);
        smallest
    }

    fn smaller(&self) -> Vec<Self> {
        let mut cases = self.with_fewer_rows();
        cases.extend(self.with_smaller_conditions());
        cases.extend(self.with_fewer_columns());
        cases.extend(self.with_plainer_options());
        let mut writings = self.writing.plainer();
        if self.options.row_groups.is_none() && self.writing.row_group_rows < self.rows.num_rows() {
            writings.push(Writing { row_group_rows: Writing::default().row_group_rows, ..self.writing.clone() });
        }
        cases.extend(writings.into_iter().map(|writing| Self { writing, ..self.clone() }));
        cases
    }

    fn with_smaller_conditions(&self) -> Vec<Self> {
        let with = |conditions| Self { conditions, ..self.clone() };
        let mut cases = Vec::new();
        for (index, condition) in self.conditions.iter().enumerate() {
            let mut rest = self.conditions.clone();
            rest.remove(index);
            if !rest.is_empty() {
                cases.push(with(rest));
            }
            for smaller in condition.smaller() {
                let mut changed = self.conditions.clone();
                changed[index] = smaller;
                cases.push(with(changed));
            }
        }
        cases
    }

    fn with_fewer_columns(&self) -> Vec<Self> {
        let top = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
        let needed: Vec<String> = self.conditions.iter().flat_map(Condition::columns).map(top).collect();
        let columns = 0..self.rows.num_columns();
        let is_needed = |column: &usize| needed.contains(self.rows.schema().field(*column).name());
        let without = |column: usize| {
            let kept: Vec<usize> = columns.clone().filter(|other| *other != column).collect();
            let mut case = Self { rows: self.rows.project(&kept).expect("columns of the rows"), ..self.clone() };
            let name = self.rows.schema().field(column).name().clone();
            if let Some(names) = &mut case.options.columns {
                names.retain(|path| top(path) != name);
            }
            case
        };
        columns.clone().filter(|column| !is_needed(column)).map(without).collect()
    }

    fn with_fewer_rows(&self) -> Vec<Self> {
        if self.options.row_selection.is_some() || self.options.row_groups.is_some() {
            return Vec::new();
        }
        let count = self.rows.num_rows();
        let mut cases = Vec::new();
        for piece in [count / 2, count / 4, count / 16, 1] {
            for start in (0..count).step_by(piece.max(1)).filter(|_| piece > 0 && piece < count).take(32) {
                let end = count.min(start + piece);
                let parts = [self.rows.slice(0, start), self.rows.slice(end, count - end)];
                let rows = arrow_select::concat::concat_batches(&self.rows.schema(), &parts).expect("one schema");
                cases.push(Self { rows, ..self.clone() });
            }
        }
        cases
    }

    fn with_plainer_options(&self) -> Vec<Self> {
        let (plain, now) = (ScanOptions::default(), &self.options);
        let candidates = [
            plain.clone(),
            ScanOptions { columns: None, ..now.clone() },
            ScanOptions { row_groups: None, row_selection: None, ..now.clone() },
            ScanOptions { row_selection: None, ..now.clone() },
            ScanOptions { offset: 0, ..now.clone() },
            ScanOptions { limit: None, ..now.clone() },
            ScanOptions { max_buffered_bytes: None, ..now.clone() },
            ScanOptions { predicate_cache_bytes: plain.predicate_cache_bytes, ..now.clone() },
            ScanOptions { coalesce_gap: 0, ..now.clone() },
            ScanOptions { batch_rows: plain.batch_rows, ..now.clone() },
            ScanOptions { string_type: StringType::Utf8, ..now.clone() },
            ScanOptions { dictionary: false, ..now.clone() },
            ScanOptions { row_numbers: false, row_group_index: false, ..now.clone() },
            ScanOptions { verify_checksums: false, ..now.clone() },
            ScanOptions { prune_by_statistics: true, ..now.clone() },
            ScanOptions { prune_by_page_index: true, ..now.clone() },
            ScanOptions { use_bloom_filters: true, ..now.clone() },
            ScanOptions { fill_batches: false, ..now.clone() },
            ScanOptions { selection_policy: plain.selection_policy, ..now.clone() },
        ];
        let plainer = candidates.into_iter().filter(|options| options != now);
        let mut cases: Vec<Self> = plainer.map(|options| Self { options, ..self.clone() }).collect();
        if self.feed != Feed::Asked {
            cases.push(Self { feed: Feed::Asked, ..self.clone() });
        }
        cases
    }
}

/// Asserts that all batches are full, the last one excepted.
fn assert_filled(found: &Scan, batch_rows: usize) {
    for (index, batch) in found.batches.iter().enumerate() {
        let (rows, is_last) = (batch.rows.num_rows(), index + 1 == found.batches.len());
        assert!(rows == batch_rows || (is_last && rows > 0), "batch {index} has {rows} rows of {batch_rows}");
    }
}

fn random_options(random: &mut Random, rows: &RecordBatch, row_group_rows: usize) -> ScanOptions {
    let mut count = rows.num_rows();
    let batch_rows = if count > 300 { random.pick(&[100, 1000, 8192]) } else { random.pick(&[1, 2, 7, 64, 8192]) };
    let mut options = ScanOptions { batch_rows, ..ScanOptions::default() };
    options.string_type =
        random.pick(&[StringType::Utf8, StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View]);
    if random.percent(70) {
        options.columns = Some(random_projection(random, rows));
    }
    if random.percent(20) {
        let mut groups: Vec<u32> = (0..count.div_ceil(row_group_rows) as u32).collect();
        random.shuffle(&mut groups);
        groups.truncate(1 + random.below(groups.len()));
        let rows_of = |group: &u32| row_group_rows.min(count - *group as usize * row_group_rows);
        count = groups.iter().map(rows_of).sum();
        options.row_groups = Some(groups);
    }
    if random.percent(30) {
        options.row_selection = Some(random_selection(random, count));
    }
    if random.percent(25) {
        options.offset = random.below(random.clone().pick(&[3, 100, count])) as u64;
    }
    if random.percent(25) {
        options.limit = Some(random.below(random.clone().pick(&[3, 100, count + 3])) as u64);
    }
    if random.percent(30) {
        options.max_buffered_bytes = Some(random.pick(&[1, 300, 3000, 100_000]));
    }
    if random.percent(30) {
        options.predicate_cache_bytes = random.pick(&[0, 100, 5000, 1 << 20]);
    }
    if random.percent(20) {
        options.coalesce_gap = random.pick(&[1, 100, 10_000]);
    }
    options.verify_checksums = random.percent(20);
    (options.row_numbers, options.row_group_index) = (random.percent(15), random.percent(15));
    options.dictionary = random.percent(10);
    options.prune_by_statistics = !random.percent(15);
    options.prune_by_page_index = !random.percent(15);
    options.use_bloom_filters = !random.percent(15);
    options.fill_batches = random.percent(20);
    options.selection_policy = random.pick(&[
        SelectionPolicy::Adaptive,
        SelectionPolicy::Adaptive,
        SelectionPolicy::Adaptive,
        SelectionPolicy::Runs,
        SelectionPolicy::Bitmap,
    ]);
    options
}

fn random_selection(random: &mut Random, count: usize) -> RowSelection {
    let longest = random.pick(&[3, 20, 500]);
    let (mut runs, mut left) = (Vec::new(), count);
    while left > 0 {
        let run = left.min(1 + random.below(longest));
        runs.push((run as u64, random.percent(50)));
        left -= run;
    }
    let runs = RowSelection::from_runs(runs).expect("as many rows as there are");
    if random.percent(50) { RowSelection::from_bitmap(runs.to_bitmap()) } else { runs }
}

/// Any leaves, and groups now and then.
fn random_projection(random: &mut Random, rows: &RecordBatch) -> Vec<String> {
    let schema = ArrowSchemaConverter::new().convert(&rows.schema()).expect("a schema that the writer takes");
    let percent = random.pick(&[10, 40, 80]);
    let mut names: Vec<String> = Vec::new();
    for column in schema.columns() {
        if random.percent(percent) {
            names.push(column.path().string());
        }
    }
    if random.percent(20) {
        names.push(rows.schema().field(0).name().clone());
    }
    names
}
