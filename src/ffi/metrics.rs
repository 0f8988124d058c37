//! Metrics of a decoder.

use super::decoder::pqpush_decoder;
use super::error::pqpush_error;
use super::guard::guard;
use super::handle::borrow;
use super::status::pqpush_status;
use super::structs::{Growing, OutStruct};
use crate::Metrics;

/// What a decoder has done so far. Counts never fall. What this version does not do yet is counted as 0.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct pqpush_metrics {
    /// Bytes of this struct that the host knows; set it before the call.
    pub struct_size: usize,
    /// Rows of the chosen row groups.
    pub rows_total: u64,
    /// Rows that row-group statistics ruled out.
    pub rows_pruned_by_stats: u64,
    /// Rows that the page index ruled out.
    pub rows_pruned_by_pages: u64,
    /// Rows that bloom filters ruled out.
    pub rows_pruned_by_bloom: u64,
    /// Rows that a predicate was evaluated on and refused.
    pub rows_filtered: u64,
    /// Rows handed out.
    pub rows_out: u64,
    /// Row groups chosen.
    pub row_groups_total: u64,
    /// Of them: ruled out whole.
    pub row_groups_pruned: u64,
    /// Data pages met so far, of the columns that are read.
    pub pages_total: u64,
    /// Of them: passed over without decompressing.
    pub pages_skipped: u64,
    /// Pages that were decompressed, dictionary pages among them.
    pub pages_decompressed: u64,
    /// Bytes asked for.
    pub bytes_requested: u64,
    /// Bytes pushed.
    pub bytes_pushed: u64,
    /// Bytes that came out of decompression.
    pub bytes_decompressed: u64,
    /// Batches handed out.
    pub batches: u64,
    /// Column chunks that the output needed and a predicate had decoded.
    pub cache_hits: u64,
    /// Column chunks that were decoded again for the output after a predicate had decoded them: always 0.
    pub cache_misses: u64,
    /// Most bytes of values decoded for predicates that waited for the output.
    pub cache_peak_bytes: u64,
    /// Most pushed bytes that were held.
    pub buffered_peak_bytes: u64,
    /// Rows that dictionaries ruled out: they had no value that a predicate keeps.
    pub rows_pruned_by_dictionary: u64,
}

// SAFETY: repr(C), begins with struct_size, integers of one size.
unsafe impl Growing for pqpush_metrics {}

impl From<Metrics> for pqpush_metrics {
    fn from(metrics: Metrics) -> Self {
        Self {
            rows_total: metrics.rows_total,
            rows_pruned_by_stats: metrics.rows_pruned_by_stats,
            rows_pruned_by_pages: metrics.rows_pruned_by_pages,
            rows_pruned_by_bloom: metrics.rows_pruned_by_bloom,
            rows_filtered: metrics.rows_filtered,
            rows_out: metrics.rows_out,
            row_groups_pruned: metrics.row_groups_pruned,
            row_groups_total: metrics.row_groups_total,
            pages_total: metrics.pages_total,
            pages_skipped: metrics.pages_skipped,
            pages_decompressed: metrics.pages_decompressed,
            bytes_requested: metrics.bytes_requested,
            bytes_pushed: metrics.bytes_pushed,
            bytes_decompressed: metrics.bytes_decompressed,
            batches: metrics.batches,
            cache_hits: metrics.cache_hits,
            cache_peak_bytes: metrics.cache_peak_bytes,
            buffered_peak_bytes: metrics.buffered_peak_bytes,
            rows_pruned_by_dictionary: metrics.rows_pruned_by_dictionary,
            ..Self::default()
        }
    }
}

/// What the decoder has done so far, as of the last call that ended.
///
/// Parameters: `decoder`; `out_metrics`: its `struct_size` set, the rest is written.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Threads: any, at the same time, also while another thread uses the decoder, and after it failed.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_decoder_metrics(
    decoder: *const pqpush_decoder,
    out_metrics: *mut pqpush_metrics,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a struct of the size that it says.
        let out = unsafe { OutStruct::new(out_metrics, "out_metrics") }?;
        // SAFETY: the header asks for a live decoder.
        out.set(unsafe { borrow(decoder, "decoder") }?.metrics().into());
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}
