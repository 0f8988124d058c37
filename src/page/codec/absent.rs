//! In place of a codec that is switched off. Its chunks are refused before anything of them is read, so that what stands here
//! is only there to be compiled.
#![allow(dead_code)] // which of it is used depends on what is switched off

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::Buffer;
use bytes::Bytes;

use super::Outcome;
use crate::error::Result;
use crate::memory::{Pool, Values};

#[derive(Default)]
pub(super) struct Context;

impl Context {
    pub(super) fn decompress(&mut self, _: &[u8], _: &mut [u8]) -> Outcome {
        Err(reason())
    }
}

#[derive(Default)]
pub(super) struct Contexts;

impl Contexts {
    pub(super) fn decompress(&mut self, _: &[u8], _: &mut [u8]) -> Outcome {
        Err(reason())
    }

    pub(super) fn begin(&mut self, _: &Bytes, _: usize, _: &Arc<Pool>) -> Result<Option<PartialFrame>> {
        Ok(None)
    }

    pub(super) fn end(&mut self, frame: PartialFrame) {
        match frame {}
    }
}

pub(crate) enum PartialFrame {}

impl PartialFrame {
    pub(crate) fn is_whole(&self) -> bool {
        match *self {}
    }

    pub(crate) fn size(&self) -> usize {
        match *self {}
    }

    pub(crate) fn filled(&self) -> usize {
        match *self {}
    }

    pub(crate) fn buffer(&self) -> Buffer {
        match *self {}
    }

    pub(super) fn source_len(&self) -> usize {
        match *self {}
    }

    pub(super) fn go_on(&mut self, _: usize) -> Outcome {
        match *self {}
    }
}

pub(crate) enum PartialBlock {}

impl PartialBlock {
    pub(super) fn begin(_: &Bytes, _: usize, _: &Arc<Pool>) -> Result<Option<Self>> {
        Ok(None)
    }

    pub(super) fn size(&self) -> usize {
        match *self {}
    }

    pub(super) fn filled(&self) -> usize {
        match *self {}
    }

    pub(super) fn buffer(&self) -> Buffer {
        match *self {}
    }

    pub(super) fn source_len(&self) -> usize {
        match *self {}
    }

    pub(super) fn go_on(&mut self, _: usize) -> Result<Outcome> {
        match *self {}
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
