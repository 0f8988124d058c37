//! BROTLI: one stream.

use std::io::Read;
use std::sync::Arc;

use super::exact::at_its_end;
use crate::memory::{Pool, Values};

/// Memory that Brotli pages are given before more of them was decompressed.
const BROTLI_STEP_BYTES: usize = 1 << 20;

/// Brotli does not bound what few bytes may become, so the memory grows with what they do become.
pub(super) fn decompress(source: &[u8], size: usize, pool: &Arc<Pool>) -> std::result::Result<Values<u8>, String> {
    let mut out = Values::with_capacity(pool, size.min(BROTLI_STEP_BYTES)).map_err(|error| error.to_string())?;
    let mut reader = brotli_decompressor::Decompressor::new(source, 1 << 12);
    while out.len() < size {
        let step = size.saturating_sub(out.len()).min(out.len().max(BROTLI_STEP_BYTES));
        let room = out.spare(step).map_err(|error| error.to_string())?;
        reader.read_exact(room.get_mut(..step).unwrap_or_default()).map_err(|error| error.to_string())?;
        out.commit(step);
    }
    at_its_end(reader)?;
    Ok(out)
}
