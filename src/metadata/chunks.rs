//! The column chunks of a row group, each read when it is first asked for.
//!
//! A file may have a hundred thousand chunks and a scan look at a few. Opening a file notes where in the footer each
//! begins, having passed over it, which is enough to know that it is well-formed thrift. What it says is read and checked
//! by [`Metadata::chunk`]: so a chunk that says what cannot be is an error of whoever asks for it, with its place.

use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::metadata::chunk::{RawChunk, extend, leaves_out_dictionary_headers};
use crate::metadata::thrift::Reader;
use crate::metadata::{ColumnChunk, Metadata};

/// Chunks are kept by so many columns together, none of which takes room before one of them is read.
const SHELF: usize = 64;

type Shelf = [OnceLock<Box<ColumnChunk>>; SHELF];

/// The chunks of a row group, one per leaf column.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    /// Where in the footer each begins.
    starts: Vec<u32>,
    /// Those that were read.
    shelves: Vec<OnceLock<Box<Shelf>>>,
    /// Some of them say where a page index lies.
    have_index: bool,
}

impl Chunks {
    /// Chunks that begin at these places.
    pub(super) fn new(starts: Vec<u32>, have_index: bool) -> Self {
        let shelves = (0..starts.len().div_ceil(SHELF)).map(|_| OnceLock::new()).collect();
        Self { starts, shelves, have_index }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// True where some of them say where a page index lies.
    pub(crate) fn have_index(&self) -> bool {
        self.have_index
    }

    fn slot(&self, column: usize) -> Option<&OnceLock<Box<ColumnChunk>>> {
        let shelf = self.shelves.get(column / SHELF)?;
        shelf.get_or_init(|| Box::new([const { OnceLock::new() }; SHELF])).get(column % SHELF)
    }

    /// A chunk that was read, to be changed.
    pub(crate) fn read_mut(&mut self, column: usize) -> Option<&mut ColumnChunk> {
        let shelf = self.shelves.get_mut(column / SHELF)?.get_mut()?;
        shelf.get_mut(column % SHELF)?.get_mut().map(Box::as_mut)
    }

    /// The chunks that were read, to be changed, with their columns.
    pub(crate) fn all_read_mut(&mut self) -> impl Iterator<Item = (usize, &mut ColumnChunk)> {
        let shelves =
            self.shelves.iter_mut().map(|shelf| shelf.get_mut().into_iter().flat_map(|shelf| shelf.iter_mut()));
        shelves.enumerate().flat_map(|(number, shelf)| {
            shelf.enumerate().filter_map(move |(place, slot)| {
                Some((number.saturating_mul(SHELF).saturating_add(place), slot.get_mut()?.as_mut()))
            })
        })
    }

    /// Keeps a chunk that was read.
    pub(super) fn put(&mut self, column: usize, chunk: ColumnChunk) {
        if let Some(slot) = self.slot(column) {
            let _ = slot.set(Box::new(chunk));
        }
    }
}

impl Metadata {
    /// What the footer says of the chunk of leaf column `column` in a row group. It is read when it is first asked for.
    ///
    /// Fails with `InvalidArgument` where the file has no such chunk, with `Corrupt` where what the footer says of it cannot
    /// be.
    pub fn chunk(&self, row_group: usize, column: usize) -> Result<&ColumnChunk> {
        let chunks = self.row_groups.get(row_group).map(|group| &group.chunks);
        let place = chunks.and_then(|chunks| Some((*chunks.starts.get(column)?, chunks.slot(column)?)));
        let Some((start, slot)) = place else {
            return Err(Error::invalid_argument(format!("there is no column {column} of row group {row_group}")));
        };
        match slot.get() {
            Some(chunk) => Ok(chunk),
            None => {
                let chunk = self.read_chunk(start).map_err(|error| self.in_chunk(error, row_group, column))?;
                Ok(slot.get_or_init(|| Box::new(chunk)))
            }
        }
    }

    /// The chunks of a row group in schema order; none where there is no such row group.
    pub fn chunks(&self, row_group: usize) -> impl Iterator<Item = Result<&ColumnChunk>> {
        let count = self.row_groups.get(row_group).map_or(0, |group| group.chunks.len());
        (0..count).map(move |column| self.chunk(row_group, column))
    }

    /// Reads the chunk that begins at `start` of the footer.
    fn read_chunk(&self, start: u32) -> Result<ColumnChunk> {
        let start = start as usize;
        let offset = self.footer_offset.saturating_add(start as u64);
        let mut reader = Reader::new(self.thrift.get(start..).unwrap_or_default());
        let raw = RawChunk::read(&mut reader).map_err(|failure| {
            failure.into_error("column chunk").at_offset(offset.saturating_add(reader.position() as u64))
        })?;
        let mut chunk = raw.checked().map_err(|error| error.at_offset(offset))?;
        chunk.metadata_start = chunk.metadata_start.map(|place| place.saturating_add(start));
        if self.created_by.as_deref().is_some_and(leaves_out_dictionary_headers) {
            extend(&mut chunk, self.footer_offset);
        }
        Ok(chunk)
    }

    /// The error, which was met in a chunk.
    pub(crate) fn in_chunk(&self, error: Error, row_group: usize, column: usize) -> Error {
        let error = error.in_row_group(row_group);
        match self.schema.leaves.get(column) {
            Some(leaf) => error.in_column(column, leaf.dotted_path()),
            None => error,
        }
    }
}
