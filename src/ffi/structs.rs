//! Out parameters, and structs that may grow.
//!
//! Every out parameter is emptied before anything else can fail ([`OutValue::new`], [`OutStruct::new`]) and set at the
//! end, so that a call which fails leaves nothing behind. A struct that may grow begins with `struct_size`, the number
//! of bytes that the host knows; a host of an older release sees and gives only its own fields, one of a newer release
//! is told where it asks for something that this library does not know. A struct
//! smaller than the first release had it is a mistake, most often a `struct_size` that was never set.

use super::error::{FfiResult, pqpush_error};

/// Structs that may grow, and what is done with them, end here; a larger `struct_size` is memory nobody has set.
const LARGEST_STRUCT: usize = 4096;

/// A struct of the ABI that may grow.
///
/// # Safety
/// The type is `repr(C)`, begins with `struct_size: usize`, has no padding, and any bytes are a valid value of it, all
/// zero among them. `FIRST_SIZE` is not larger than the type, and not smaller than its first field.
pub(super) unsafe trait Growing: Copy {
    /// Bytes of the struct in the release that brought it: no host has a smaller one. Pin it to a number in the
    /// release that appends a field.
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// How many bytes the struct of the host has.
fn extent<T: Growing>(struct_size: usize, parameter: &str) -> FfiResult<usize> {
    if (T::FIRST_SIZE..=LARGEST_STRUCT).contains(&struct_size) {
        return Ok(struct_size);
    }
    Err(pqpush_error::invalid_argument(format!(
        "{parameter}: struct_size is {struct_size}, and the struct of this version has {} bytes",
        size_of::<T>()
    )))
}

/// Takes the fields that host and library both know; the others are zero, which is their default. The second value
/// says whether the host set something that this library does not know.
///
/// # Safety
/// `given` is NULL, or aligned and readable for the bytes that its `struct_size` says.
unsafe fn take_known<T: Growing>(given: *const T, parameter: &str) -> FfiResult<Option<(T, bool)>> {
    if given.is_null() {
        return Ok(None);
    }
    // SAFETY: every growing struct begins with `struct_size`, and the caller made it readable.
    let bytes = extent::<T>(unsafe { given.cast::<usize>().read() }, parameter)?;
    let known = bytes.min(size_of::<T>());
    // SAFETY: zero bytes are a valid value of a growing struct, as are the bytes that the host gives.
    let taken = unsafe {
        let mut taken = std::mem::zeroed::<T>();
        std::ptr::copy_nonoverlapping(given.cast::<u8>(), (&raw mut taken).cast::<u8>(), known);
        taken
    };
    let unknown = bytes.saturating_sub(size_of::<T>());
    // SAFETY: the bytes past the known struct, up to `struct_size`, are readable, as the caller says.
    let unknown_is_set = unknown > 0
        && unsafe { std::slice::from_raw_parts(given.cast::<u8>().add(size_of::<T>()), unknown) }
            .iter()
            .any(|b| *b != 0);
    Ok(Some((taken, unknown_is_set)))
}

/// A struct that the host gives, `None` where it gives NULL.
///
/// # Safety
/// As [`take_known`]; pointers inside are the caller's to judge.
pub(super) unsafe fn take<T: Growing>(given: *const T, parameter: &str) -> FfiResult<Option<T>> {
    // SAFETY: as the caller says.
    match unsafe { take_known(given, parameter) }? {
        Some((_, true)) => Err(unknown_fields(parameter)),
        Some((taken, false)) => Ok(Some(taken)),
        None => Ok(None),
    }
}

/// The same for a struct with a release callback, which must be known even where the struct is refused: `keep` is
/// called with what was taken before the refusal.
///
/// # Safety
/// As [`take`].
pub(super) unsafe fn take_owned<T: Growing, O>(
    given: *const T,
    parameter: &str,
    keep: impl FnOnce(&T) -> O,
) -> FfiResult<(T, O)> {
    // SAFETY: as the caller says.
    let (taken, unknown_is_set) =
        unsafe { take_known(given, parameter) }?.ok_or_else(|| pqpush_error::null(parameter))?;
    let owned = keep(&taken);
    if unknown_is_set { Err(unknown_fields(parameter)) } else { Ok((taken, owned)) }
}

#[cold]
fn unknown_fields(parameter: &str) -> pqpush_error {
    pqpush_error::unsupported(&format!("{parameter}: fields past the ones of this version"))
}

/// An out parameter of fixed size.
pub(super) struct OutValue<'a, T>(&'a mut T);

impl<T> OutValue<'_, T> {
    /// Empties the out parameter; NULL is an error.
    ///
    /// # Safety
    /// `out` is NULL, or aligned and writable; what it held is forgotten, not dropped.
    pub(super) unsafe fn new(out: *mut T, empty: T, parameter: &str) -> FfiResult<Self> {
        if out.is_null() {
            return Err(pqpush_error::null(parameter));
        }
        // SAFETY: writable, and initialised by the write before it is borrowed.
        unsafe {
            out.write(empty);
            Ok(Self(&mut *out))
        }
    }

    /// The answer.
    pub(super) fn set(self, value: T) {
        *self.0 = value;
    }
}

impl<T> OutValue<'_, *mut T> {
    /// Empties the out parameter for a handle.
    ///
    /// # Safety
    /// As [`OutValue::new`].
    pub(super) unsafe fn handle(out: *mut *mut T, parameter: &str) -> FfiResult<Self> {
        // SAFETY: as the caller says.
        unsafe { Self::new(out, std::ptr::null_mut(), parameter) }
    }
}

/// An out parameter that may grow; `struct_size` stays as the host set it.
pub(super) struct OutStruct<T> {
    out: *mut T,
    /// Bytes of the host's struct that the library knows.
    known: usize,
}

impl<T: Growing> OutStruct<T> {
    /// Zeroes the struct of the host; NULL and an impossible `struct_size` are errors.
    ///
    /// # Safety
    /// `out` is NULL, or aligned and writable for the bytes that its `struct_size` says, until [`OutStruct::set`].
    pub(super) unsafe fn new(out: *mut T, parameter: &str) -> FfiResult<Self> {
        if out.is_null() {
            return Err(pqpush_error::null(parameter));
        }
        // SAFETY: every growing struct begins with `struct_size`, and the caller made it readable.
        let bytes = extent::<T>(unsafe { out.cast::<usize>().read() }, parameter)?;
        let head = size_of::<usize>();
        // SAFETY: `bytes` is at least `head`, and so many bytes are writable, as the caller says.
        unsafe { out.cast::<u8>().add(head).write_bytes(0, bytes.saturating_sub(head)) };
        Ok(Self { out, known: bytes.min(size_of::<T>()) })
    }

    /// The answer: as much of it as the host has room for.
    pub(super) fn set(self, value: T) {
        let head = size_of::<usize>();
        // SAFETY: `known` bytes are writable, as the caller of `new` said, and `value` has at least as many.
        unsafe {
            let from = (&raw const value).cast::<u8>().add(head);
            std::ptr::copy_nonoverlapping(from, self.out.cast::<u8>().add(head), self.known.saturating_sub(head));
        }
    }
}

/// Sets a struct of options to its defaults, which are zero. Does nothing for NULL and for an impossible size.
///
/// # Safety
/// `options` is NULL, or aligned and writable for `struct_size` bytes.
pub(super) unsafe fn init<T: Growing>(options: *mut T, struct_size: usize) {
    if !options.is_null() && extent::<T>(struct_size, "options").is_ok() {
        // SAFETY: so many bytes are writable, as the caller says, and they hold at least the first field.
        unsafe {
            options.cast::<u8>().write_bytes(0, struct_size);
            options.cast::<usize>().write(struct_size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Sample {
        struct_size: usize,
        first: u64,
        second: u64,
    }
    // SAFETY: repr(C), begins with struct_size, integers only.
    unsafe impl Growing for Sample {
        const FIRST_SIZE: usize = 16; // `second` was appended
    }

    const FULL: usize = size_of::<Sample>();

    fn taken(words: &[u64; 5], struct_size: usize) -> FfiResult<Option<Sample>> {
        let mut words = *words;
        words[0] = struct_size as u64;
        // SAFETY: 40 readable bytes, and no test says more.
        unsafe { take(words.as_ptr().cast::<Sample>(), "sample") }
    }

    #[test]
    fn older_and_newer_structs_are_taken() {
        let words = [0, 5, 6, 0, 0];
        let sizes = [FULL - 8, FULL, 32, 40];
        let fields = sizes.map(|size| taken(&words, size).ok().flatten().map(|sample| (sample.first, sample.second)));
        assert_eq!(fields, [Some((5, 0)), Some((5, 6)), Some((5, 6)), Some((5, 6))]);
    }

    #[test]
    fn impossible_sizes_and_unknown_fields_are_refused() {
        for size in [0, 1, 8, 15, 4097, usize::MAX] {
            assert!(taken(&[0, 5, 6, 0, 0], size).is_err());
        }
        let refused = taken(&[0, 5, 6, 0, 9], 40).map_err(|error| error.code() as i32);
        assert_eq!(refused, Err(-3001));
        // SAFETY: NULL is allowed.
        assert!(matches!(unsafe { take::<Sample>(std::ptr::null(), "sample") }, Ok(None)));
    }

    #[test]
    fn no_byte_past_struct_size_is_written() {
        for size in [16_usize, 24, 32] {
            let mut words = [size as u64, 7, 7, 7, 7];
            // SAFETY: 40 writable bytes.
            let out = unsafe { OutStruct::<Sample>::new(words.as_mut_ptr().cast(), "sample") };
            out.expect("size is possible").set(Sample { struct_size: 99, first: 3, second: 4 });
            let expected = match size {
                16 => [16, 3, 7, 7, 7],
                24 => [24, 3, 4, 7, 7],
                _ => [32, 3, 4, 0, 7],
            };
            assert_eq!(words, expected);
        }
    }
}
