//! In place of a codec that is switched off. Its chunks are refused before anything of them is read, so that what stands here
//! is only there to be compiled.
#![allow(dead_code)] // which of it is used depends on what is switched off

use std::ops::Range;
use std::sync::Arc;

use super::Outcome;
use crate::memory::{Pool, Values};

#[derive(Default)]
pub(super) struct Context;

impl Context {
    pub(super) fn decompress(&mut self, _: &[u8], _: &mut [u8]) -> Outcome {
        Err(reason())
    }
}

pub(super) fn stated_size(_: &[u8]) -> Option<u64> {
    None
}

pub(super) fn uncompressed(_: &[u8], _: usize) -> Option<Range<usize>> {
    None
}

pub(super) fn decompress_into_room(_: &[u8], _: usize, _: &mut [u8]) -> Outcome {
    Err(reason())
}

pub(super) fn block(_: &[u8], _: &mut [u8]) -> Outcome {
    Err(reason())
}

pub(super) fn framed(_: &[u8], _: &mut [u8]) -> Outcome {
    Err(reason())
}

pub(super) fn decompress(_: &[u8], _: usize, _: &Arc<Pool>) -> std::result::Result<Values<u8>, String> {
    Err(reason())
}

fn reason() -> String {
    "this codec is switched off".to_owned()
}
