//! Reads FlatBuffers tables from untrusted bytes: just what the schema message of Arrow IPC needs.
//!
//! Nothing is assumed of the bytes, alignment neither: every read is checked, and what does not lie inside reads as
//! absent. A table is a position, so reading costs nothing that is not asked for.

/// A table: an array of fields by number, each of which may be absent.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    start: usize,
    /// Where the offsets of the fields lie.
    fields: &'a [u8],
}

impl<'a> Table<'a> {
    /// The table that the bytes are about.
    pub(super) fn root(bytes: &'a [u8]) -> Option<Self> {
        Self::at(bytes, indirect(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], start: usize) -> Option<Self> {
        let back = i64::from(i32::from_le_bytes(array_at(bytes, start)?));
        let vtable = usize::try_from(i64::try_from(start).ok()?.checked_sub(back)?).ok()?;
        let length = usize::from(u16::from_le_bytes(array_at(bytes, vtable)?));
        // The lengths of the vtable and of the table stand in front of the offsets.
        let fields = bytes.get(vtable.checked_add(4)?..vtable.checked_add(length)?)?;
        Some(Self { bytes, start, fields })
    }

    /// Where the value of a field lies.
    fn place(&self, field: usize) -> Option<usize> {
        let offset = u16::from_le_bytes(array_at(self.fields, field.checked_mul(2)?)?);
        self.start.checked_add(usize::from(offset)).filter(|_| offset != 0)
    }

    fn scalar<const N: usize>(&self, field: usize) -> Option<[u8; N]> {
        array_at(self.bytes, self.place(field)?)
    }

    /// An 8-bit number or a boolean; 0 where absent.
    pub(super) fn u8(&self, field: usize) -> u8 {
        self.scalar(field).map_or(0, u8::from_le_bytes)
    }

    /// A 16-bit number, with the default that its schema gives it.
    pub(super) fn i16(&self, field: usize, default: i16) -> i16 {
        self.scalar(field).map_or(default, i16::from_le_bytes)
    }

    /// A 32-bit number, with the default that its schema gives it.
    pub(super) fn i32(&self, field: usize, default: i32) -> i32 {
        self.scalar(field).map_or(default, i32::from_le_bytes)
    }

    /// Another table.
    pub(super) fn table(&self, field: usize) -> Option<Self> {
        Self::at(self.bytes, indirect(self.bytes, self.place(field)?)?)
    }

    /// The bytes of a string.
    pub(super) fn string(&self, field: usize) -> Option<&'a [u8]> {
        let (start, length) = self.vector(field)?;
        self.bytes.get(start..start.checked_add(length)?)
    }

    /// The tables of a list, up to the first that cannot be read; none where there is no list.
    pub(super) fn tables(self, field: usize) -> impl Iterator<Item = Self> {
        let (start, length) = self.vector(field).unwrap_or_default();
        (0..length).map_while(move |index| {
            let place = start.checked_add(index.checked_mul(4)?)?;
            Self::at(self.bytes, indirect(self.bytes, place)?)
        })
    }

    /// Where the elements of a vector begin, and how many it claims.
    fn vector(&self, field: usize) -> Option<(usize, usize)> {
        let start = indirect(self.bytes, self.place(field)?)?;
        let length = u32::from_le_bytes(array_at(self.bytes, start)?) as usize;
        Some((start.checked_add(4)?, length))
    }
}

/// Where the offset at `place` points to.
fn indirect(bytes: &[u8], place: usize) -> Option<usize> {
    place.checked_add(u32::from_le_bytes(array_at(bytes, place)?) as usize)
}

fn array_at<const N: usize>(bytes: &[u8], place: usize) -> Option<[u8; N]> {
    bytes.get(place..)?.first_chunk().copied()
}
