//! Pages become exactly as many bytes as their header says.
#![allow(dead_code)] // which of it is used depends on the codecs that are there

use std::io::Read;

use super::Outcome;

pub(super) fn exactly(written: usize, wanted: usize) -> Outcome {
    if written == wanted { Ok(()) } else { Err(format!("{written} bytes instead of {wanted}")) }
}

pub(super) fn read_exactly(mut reader: impl Read, target: &mut [u8]) -> Outcome {
    reader.read_exact(target).map_err(|error| error.to_string())?;
    at_its_end(reader)
}

pub(super) fn at_its_end(mut reader: impl Read) -> Outcome {
    match reader.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err("more bytes than the page header says".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
