//! Footers for tests: a writer of the thrift compact protocol, and the least that a file needs.

/// A thrift struct that is being written.
pub(crate) struct Record {
    bytes: Vec<u8>,
    last_id: u8,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), last_id: 0 }
    }

    fn field(&mut self, id: u8, kind: u8) {
        match id.checked_sub(self.last_id) {
            Some(delta @ 1..=15) => self.bytes.push(delta << 4 | kind),
            _ => {
                self.bytes.push(kind);
                self.zigzag(id.into());
            }
        }
        self.last_id = id;
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn zigzag(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63) as u64);
    }

    pub(crate) fn boolean(mut self, id: u8, value: bool) -> Self {
        self.field(id, if value { 1 } else { 2 });
        self
    }

    pub(crate) fn i32(mut self, id: u8, value: i32) -> Self {
        self.field(id, 5);
        self.zigzag(value.into());
        self
    }

    pub(crate) fn i64(mut self, id: u8, value: i64) -> Self {
        self.field(id, 6);
        self.zigzag(value);
        self
    }

    pub(crate) fn binary(mut self, id: u8, value: &[u8]) -> Self {
        self.field(id, 8);
        self.varint(value.len() as u64);
        self.bytes.extend_from_slice(value);
        self
    }

    pub(crate) fn record(mut self, id: u8, value: Record) -> Self {
        self.field(id, 12);
        self.bytes.extend(value.finish());
        self
    }

    fn list(mut self, id: u8, element: u8, count: usize) -> Self {
        self.field(id, 9);
        self.bytes.push(0xf0 | element);
        self.varint(count as u64);
        self
    }

    pub(crate) fn records(self, id: u8, values: Vec<Record>) -> Self {
        let mut list = self.list(id, 12, values.len());
        list.bytes.extend(values.into_iter().flat_map(Record::finish));
        list
    }

    pub(crate) fn booleans(self, id: u8, values: &[bool]) -> Self {
        let mut list = self.list(id, 1, values.len());
        list.bytes.extend(values.iter().map(|&value| if value { 1 } else { 2 }));
        list
    }

    pub(crate) fn i32s(self, id: u8, values: &[i32]) -> Self {
        let mut list = self.list(id, 5, values.len());
        values.iter().for_each(|&value| list.zigzag(value.into()));
        list
    }

    pub(crate) fn i64s(self, id: u8, values: &[i64]) -> Self {
        let mut list = self.list(id, 6, values.len());
        values.iter().for_each(|&value| list.zigzag(value));
        list
    }

    pub(crate) fn binaries(self, id: u8, values: &[&[u8]]) -> Self {
        let mut list = self.list(id, 8, values.len());
        for value in values {
            list.varint(value.len() as u64);
            list.bytes.extend_from_slice(value);
        }
        list
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

/// The root of a schema, with so many children.
pub(crate) fn root(children: i32) -> Record {
    Record::new().binary(4, b"root").i32(5, children)
}

/// An INT32 column.
pub(crate) fn leaf(name: &str, repetition: i32) -> Record {
    Record::new().i32(1, 1).i32(3, repetition).binary(4, name.as_bytes())
}

/// A group with so many children.
pub(crate) fn group(name: &str, repetition: i32, children: i32) -> Record {
    Record::new().i32(3, repetition).binary(4, name.as_bytes()).i32(5, children)
}

/// An uncompressed chunk of ten values whose data pages are `length` bytes at `offset`. Index fields may be added.
pub(crate) fn chunk(offset: i64, length: i64) -> Record {
    Record::new().i64(2, 0).record(3, chunk_metadata(length).i64(9, offset))
}

/// Its metadata, but for the offsets.
pub(crate) fn chunk_metadata(length: i64) -> Record {
    chunk_metadata_with(&[0, 3], length)
}

/// The same with these encodings.
pub(crate) fn chunk_metadata_with(encodings: &[i32], length: i64) -> Record {
    Record::new().i32(1, 1).i32s(2, encodings).i32(4, 0).i64(5, 10).i64(6, length).i64(7, length)
}

pub(crate) fn row_group(rows: i64, chunks: Vec<Record>) -> Record {
    Record::new().records(1, chunks).i64(2, 100).i64(3, rows)
}

/// A footer; fields from 5 on may be added before it is finished.
pub(crate) fn open_footer(elements: Vec<Record>, row_groups: Vec<Record>) -> Record {
    Record::new().i32(1, 2).records(2, elements).i64(3, 10).records(4, row_groups)
}

pub(crate) fn footer(elements: Vec<Record>, row_groups: Vec<Record>) -> Vec<u8> {
    open_footer(elements, row_groups).finish()
}

/// A whole file.
pub(crate) fn file(body: &[u8], footer: &[u8]) -> Vec<u8> {
    let length = (footer.len() as u32).to_le_bytes();
    [b"PAR1", body, footer, &length, b"PAR1"].concat()
}
