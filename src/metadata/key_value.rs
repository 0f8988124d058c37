//! Key-value metadata: of the file, and of single column chunks.

use crate::metadata::thrift::{Kind, Read, Reader};

/// One entry of the key-value metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// The key.
    pub key: String,
    /// The value; the format lets it be absent.
    pub value: Option<String>,
}

/// Reads the pairs; one without a key says nothing.
pub(super) fn read_list(reader: &mut Reader<'_>) -> Read<Vec<KeyValue>> {
    let mut pairs = Vec::new();
    for _ in 0..reader.list_of_structs()? {
        let (mut key, mut value) = (None, None);
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::Binary) => key = Some(reader.string()?),
                (2, Kind::Binary) => value = Some(reader.string()?),
                (_, kind) => reader.skip(kind)?,
            }
        }
        pairs.extend(key.map(|key| KeyValue { key, value }));
    }
    Ok(pairs)
}
