//! A writer of the thrift compact protocol, just enough for page headers and footers of hand-made files.

/// Bytes of one struct; fields in ascending order of their ids.
#[derive(Debug, Clone, Default)]
pub struct Struct {
    bytes: Vec<u8>,
    last_id: i16,
}

/// A variable-length integer of seven bits a byte.
pub fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

impl Struct {
    /// A struct without fields.
    pub fn new() -> Self {
        Self::default()
    }

    fn header(&mut self, id: i16, kind: u8) {
        let step = id - self.last_id;
        if (1..=15).contains(&step) {
            self.bytes.push((step as u8) << 4 | kind);
        } else {
            self.bytes.push(kind);
            self.bytes.extend(varint(zigzag(id as i64)));
        }
        self.last_id = id;
    }

    /// An i16 field.
    pub fn i16(mut self, id: i16, value: i16) -> Self {
        self.header(id, 4);
        self.bytes.extend(varint(zigzag(value as i64)));
        self
    }

    /// An i32 field.
    pub fn i32(mut self, id: i16, value: i32) -> Self {
        self.header(id, 5);
        self.bytes.extend(varint(zigzag(value as i64)));
        self
    }

    /// An i64 field.
    pub fn i64(mut self, id: i16, value: i64) -> Self {
        self.header(id, 6);
        self.bytes.extend(varint(zigzag(value)));
        self
    }

    /// A bool field.
    pub fn bool(mut self, id: i16, value: bool) -> Self {
        self.header(id, if value { 1 } else { 2 });
        self
    }

    /// A byte field.
    pub fn byte(mut self, id: i16, value: i8) -> Self {
        self.header(id, 3);
        self.bytes.push(value as u8);
        self
    }

    /// A string or binary field.
    pub fn binary(mut self, id: i16, value: &[u8]) -> Self {
        self.header(id, 8);
        self.bytes.extend(varint(value.len() as u64));
        self.bytes.extend_from_slice(value);
        self
    }

    /// A struct field.
    pub fn nested(mut self, id: i16, value: Struct) -> Self {
        self.header(id, 12);
        self.bytes.extend(value.end());
        self
    }

    /// A field with a list of structs.
    pub fn structs(self, id: i16, items: Vec<Struct>) -> Self {
        self.list(id, 12, items.into_iter().map(Struct::end).collect())
    }

    /// A field with a list of i32.
    pub fn i32s(self, id: i16, items: &[i32]) -> Self {
        self.list(id, 5, items.iter().map(|item| varint(zigzag(*item as i64))).collect())
    }

    /// A field with a list of i64.
    pub fn i64s(self, id: i16, items: &[i64]) -> Self {
        self.list(id, 6, items.iter().map(|item| varint(zigzag(*item))).collect())
    }

    /// A field with a list of strings.
    pub fn strings(self, id: i16, items: &[&str]) -> Self {
        let prefixed = |item: &&str| [varint(item.len() as u64), item.as_bytes().to_vec()].concat();
        self.list(id, 8, items.iter().map(prefixed).collect())
    }

    fn list(self, id: i16, kind: u8, items: Vec<Vec<u8>>) -> Self {
        let count = items.len() as u64;
        self.list_claiming(id, kind, count, items.concat())
    }

    /// A field with a list that claims `count` elements of wire type `kind`, whatever `body` holds.
    pub fn list_claiming(mut self, id: i16, kind: u8, count: u64, body: Vec<u8>) -> Self {
        self.header(id, 9);
        if count < 15 {
            self.bytes.push((count as u8) << 4 | kind);
        } else {
            self.bytes.push(0xf0 | kind);
            self.bytes.extend(varint(count));
        }
        self.bytes.extend(body);
        self
    }

    /// Its bytes with the stop mark.
    pub fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}
