//! The few fields of page headers that a floor needs, read from their thrift.

/// One page of a column chunk.
#[derive(Debug, Clone)]
pub struct Page {
    /// Bytes of the chunk behind header and levels; those of the second version are never compressed.
    pub body: std::ops::Range<usize>,
    /// Bytes that `body` becomes.
    pub size: usize,
    pub is_compressed: bool,
    pub is_dictionary: bool,
}

/// The pages of a chunk.
pub fn pages(chunk: &[u8]) -> Vec<Page> {
    let (mut pages, mut at) = (Vec::new(), 0);
    while at < chunk.len() {
        let mut reader = Reader { bytes: chunk, at };
        let mut header = Header { is_compressed: true, ..Header::default() };
        reader.read_struct(&mut |path, value| header.set(path, value), &mut Vec::new());
        let body = reader.at + header.levels as usize..reader.at + header.compressed as usize;
        at = body.end;
        pages.push(Page {
            body,
            size: (header.uncompressed - header.levels) as usize,
            is_compressed: header.is_compressed,
            is_dictionary: header.kind == 2,
        });
    }
    pages
}

#[derive(Default)]
struct Header {
    kind: i64,
    uncompressed: i64,
    compressed: i64,
    levels: i64,
    is_compressed: bool,
}

impl Header {
    /// Fields are named by the numbers that lead to them.
    fn set(&mut self, path: &[i16], value: i64) {
        match path {
            [1] => self.kind = value,
            [2] => self.uncompressed = value,
            [3] => self.compressed = value,
            [8, 5 | 6] => self.levels += value,
            [8, 7] => self.is_compressed = value != 0,
            _ => {}
        }
    }
}

/// Thrift's compact protocol.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> u8 {
        self.at += 1;
        self.bytes[self.at - 1]
    }

    fn varint(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }

    fn zigzag(&mut self) -> i64 {
        let value = self.varint();
        (value >> 1) as i64 ^ -((value & 1) as i64)
    }

    /// Tells every integer and every flag to `tell`.
    fn read_struct(&mut self, tell: &mut dyn FnMut(&[i16], i64), path: &mut Vec<i16>) {
        let mut field = 0;
        loop {
            let byte = self.byte();
            if byte == 0 {
                return;
            }
            field = if byte >> 4 == 0 { self.zigzag() as i16 } else { field + i16::from(byte >> 4) };
            path.push(field);
            self.read_value(byte & 15, tell, path);
            path.pop();
        }
    }

    fn read_value(&mut self, kind: u8, tell: &mut dyn FnMut(&[i16], i64), path: &mut Vec<i16>) {
        match kind {
            1 => tell(path, 1),
            2 => tell(path, 0),
            3 => self.at += 1,
            4..=6 => {
                let value = self.zigzag();
                tell(path, value);
            }
            7 => self.at += 8,
            8 => {
                let length = self.varint() as usize;
                self.at += length;
            }
            12 => self.read_struct(tell, path),
            other => panic!("no page header has a field of thrift type {other}"),
        }
    }
}
