//! The push decoder of the metadata behind a handle: new, push, try_decode, free.

use std::ffi::{c_int, c_void};

use bytes::Bytes;

use super::encryption::{decryption_properties, pqpush_column_key, pqpush_metadata_flags::*};
use super::error::{FfiResult, pqpush_error};
use super::event::{export_ranges, pqpush_event};
use super::guard::{Exclusive, guard};
use super::handle::{borrow, free_box, into_box};
use super::lent::{LentBytes, UserData};
use super::metadata::pqpush_metadata;
use super::options::out_of_range;
use super::slice::{pqpush_range, slice};
use super::status::pqpush_status;
use super::structs::{Growing, OutStruct, OutValue, take_owned};
use crate::{MetadataDecoder, MetadataOptions, MetadataStep, PageIndexPolicy};

/// How to read the metadata. Zero is the default of every field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_metadata_options {
    /// Bytes of this struct that the host knows: sizeof(pqpush_metadata_options).
    pub struct_size: usize,
    /// Bytes of the tail of the file to ask for first. Default 64 KiB.
    pub footer_size_hint: u64,
    /// The page index: 0: read where the file has one; 1: never; 2: required of every column chunk.
    pub page_index: i32,
    /// Bits of pqpush_metadata_flags.
    pub flags: u32,
    /// Footer and page index larger than this are refused with PQPUSH_ERR_LIMIT. Default 256 MiB.
    pub max_metadata_bytes: u64,
    /// The key of an encrypted or signed footer, and of the columns that are encrypted with it: an AES key of 16, 24 or
    /// 32 bytes, copied. {NULL, 0}: none. Keys are not looked at for a file that is not encrypted, and every copy is
    /// wiped when it is freed.
    pub footer_key: *const u8,
    /// Number of bytes of `footer_key`.
    pub footer_key_length: usize,
    /// The keys of columns, copied; for a column that is not in the file they have no effect. A column whose key is
    /// missing or wrong is PQPUSH_ERR_KEY when it is read, and only then.
    pub column_keys: *const pqpush_column_key,
    /// Number of `column_keys`.
    pub column_key_count: usize,
    /// The AAD prefix that the file was written under, copied: needed where the file does not store it. {NULL, 0}: none.
    pub aad_prefix: *const u8,
    /// Number of bytes of `aad_prefix`.
    pub aad_prefix_length: usize,
    /// Finds the keys that are not given, by the key metadata that the file has for them. Writes the key to `out_key`,
    /// which has room for 32 bytes, and its length to `*out_key_length`, which is 0 and stays so where there is no such
    /// key. Anything but 0 is a failure, told with the number as PQPUSH_ERR_CALLBACK: of the footer at once, of a column
    /// when it is read. It is called within pqpush_metadata_decoder_try_decode, once for each different key metadata,
    /// and must not unwind. NULL: only given keys.
    pub key_retriever: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            key_metadata: *const u8,
            key_metadata_length: usize,
            out_key: *mut u8,
            out_key_length: *mut usize,
        ) -> c_int,
    >,
    /// Handed to `key_retriever` and `release_user_data`.
    pub user_data: *mut c_void,
    /// Runs exactly once, when no key is looked for any more: within the call that is given these options where it fails,
    /// else within the pqpush_metadata_decoder_try_decode that finishes or fails, or the pqpush_metadata_decoder_free. May
    /// be NULL.
    pub release_user_data: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
}

// SAFETY: repr(C), begins with struct_size, integers and pointers without padding; NULL is a valid value of each function.
unsafe impl Growing for pqpush_metadata_options {
    const FIRST_SIZE: usize = 32; // keys of encrypted files were appended
}

/// Decodes the metadata of one file. Owned by one caller, used by one thread at a time, freed by
/// pqpush_metadata_decoder_free.
pub struct pqpush_metadata_decoder(Exclusive<Work>);

/// What the one call that works may touch.
struct Work {
    decoder: MetadataDecoder,
    /// What the last event lent to the host.
    ranges: Vec<pqpush_range>,
}

impl Work {
    /// One step, written to where the host wants it.
    fn step(&mut self, event: OutStruct<pqpush_event>, metadata: OutValue<'_, *mut pqpush_metadata>) -> FfiResult<()> {
        match self.decoder.try_decode()? {
            MetadataStep::NeedsData(ranges) => {
                self.ranges = export_ranges(ranges);
                event.set(pqpush_event::needs_data(&self.ranges));
            }
            MetadataStep::Finished(made) => {
                metadata.set(pqpush_metadata::share(made));
                event.set(pqpush_event::finished());
            }
        }
        Ok(())
    }
}

/// The options of the metadata decoder; NULL gives the defaults.
///
/// # Safety
/// `options` is NULL or a struct as the header describes it.
unsafe fn metadata_options(options: *const pqpush_metadata_options) -> FfiResult<MetadataOptions> {
    let defaults = MetadataOptions::default();
    if options.is_null() {
        return Ok(defaults);
    }
    let owner = |given: &pqpush_metadata_options| UserData::new(given.release_user_data, given.user_data);
    // SAFETY: as the caller says.
    let (given, owner) = unsafe { take_owned(options, "options", owner) }?;
    if given.flags & !(PQPUSH_METADATA_UNVERIFIED_FOOTER as u32) != 0 {
        return Err(pqpush_error::invalid_argument(format!("options.flags: {:#x} has unknown bits", given.flags)));
    }
    let or_default = |given: u64, default: u64| if given == 0 { default } else { given };
    Ok(MetadataOptions {
        footer_size_hint: or_default(given.footer_size_hint, defaults.footer_size_hint),
        page_index: match given.page_index {
            0 => PageIndexPolicy::IfPresent,
            1 => PageIndexPolicy::Never,
            2 => PageIndexPolicy::Required,
            other => return Err(out_of_range("options.page_index", other)),
        },
        max_metadata_bytes: or_default(given.max_metadata_bytes, defaults.max_metadata_bytes),
        // SAFETY: as the caller says.
        decryption: unsafe { decryption_properties(&given, owner) }?,
    })
}

/// Makes the decoder of the metadata of one file.
///
/// Parameters: `file_length`: bytes of the file; `options`: how to read, borrowed for the call; NULL: the defaults;
/// `out_decoder`: the new decoder.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_UNSUPPORTED for an option of a later version;
/// PQPUSH_ERR_NOT_PARQUET for a file too short to be one.
/// Memory: `*out_decoder` is owned by the caller and freed by pqpush_metadata_decoder_free; NULL on failure. Keys are
/// copied, and options->user_data is consumed: options->release_user_data(user_data) runs exactly once, on every path on
/// which options->struct_size says that there is one.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_decoder_new(
    file_length: u64,
    options: *const pqpush_metadata_options,
    out_decoder: *mut *mut pqpush_metadata_decoder,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a place to write to.
        let out = unsafe { OutValue::handle(out_decoder, "out_decoder") };
        // SAFETY: the header asks for NULL or options whose user data the host gives up.
        let options = unsafe { metadata_options(options) }?;
        let decoder = MetadataDecoder::new(file_length, options)?;
        out?.set(into_box(pqpush_metadata_decoder(Exclusive::new(Work { decoder, ranges: Vec::new() }))));
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Gives the decoder bytes of the file, which it copies. Any bytes, asked for or not, in any order and cut at any place:
/// a whole small file in one call is as good as the ranges asked for.
///
/// Parameters: `decoder`; `offset`: of the first byte in the file; `data`, `length`: the bytes, {NULL, 0} for none.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT for bytes past the end of the file or that contradict bytes pushed
/// before, which changes nothing; PQPUSH_ERR_INVALID_STATE after FINISHED; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED; the
/// error that the decoder stands at.
/// Memory: `data` is borrowed for the call.
/// Threads: one at a time for one decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_decoder_push(
    decoder: *mut pqpush_metadata_decoder,
    offset: u64,
    data: *const u8,
    length: usize,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a live decoder.
        let handle = unsafe { borrow(decoder, "decoder") }?;
        // SAFETY: the header asks for readable bytes.
        let bytes = unsafe { slice(data, length, "data") }?;
        handle.0.enter(|work| Ok(work.decoder.push_copy(offset, bytes)?))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Lends the decoder bytes of the file, which it does not copy, otherwise as pqpush_metadata_decoder_push. Of a wide file,
/// whose footer takes many megabytes, it saves most of the time of opening. A whole file in memory can be lent in one call.
///
/// Parameters: `decoder`; `offset`: of the first byte in the file; `data`, `length`: the bytes, {NULL, 0} for none;
/// `release`, `user_data`: release(user_data) gives the bytes back; a NULL `release` says that they stay for ever.
/// Returns: as pqpush_metadata_decoder_push.
/// Memory: the bytes stay readable and unchanged until release(user_data), which runs exactly once, on every path: within
/// the call where it fails or the bytes were there already, else when neither the decoder nor the metadata need them. The
/// metadata keep the footer, and so the bytes, where all of it is in the bytes and they are no more than four times as long;
/// then that is when the metadata and all that was made of it were freed.
/// Threads: one at a time for one decoder. `release` may run on any thread that calls this library.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_decoder_push_borrowed(
    decoder: *mut pqpush_metadata_decoder,
    offset: u64,
    data: *const u8,
    length: usize,
    release: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    user_data: *mut c_void,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let owner = UserData::new(release, user_data);
    let body = || {
        // SAFETY: the header asks for a live decoder.
        let handle = unsafe { borrow(decoder, "decoder") }?;
        // SAFETY: the header asks for readable bytes.
        let bytes = unsafe { slice(data, length, "data") }?;
        // SAFETY: the header asks for bytes that stay so until `release`.
        let lent = Bytes::from_owner(unsafe { LentBytes::new(bytes, owner) });
        handle.0.enter(|work| Ok(work.decoder.push(offset, lent)?))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// One step: says which bytes are missing, or hands out the metadata. Call it until FINISHED.
///
/// Parameters: `decoder`; `out_event`: its `struct_size` set, the rest is written; its kind is NEEDS_DATA or FINISHED;
/// `out_metadata`: written with FINISHED, NULL otherwise.
/// Returns: PQPUSH_OK with an event; an error of the file (NOT_PARQUET, TRUNCATED, CORRUPT, UNSUPPORTED, KEY, LIMIT) or of
/// the key retriever (CALLBACK), which every later call on the decoder returns again; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED.
/// Memory: `*out_metadata` is owned by the caller, freed by pqpush_metadata_free, and outlives the decoder. The ranges of
/// the event are borrowed until the next pqpush_metadata_decoder_try_decode or pqpush_metadata_decoder_free.
/// Threads: one at a time for one decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_decoder_try_decode(
    decoder: *mut pqpush_metadata_decoder,
    out_event: *mut pqpush_event,
    out_metadata: *mut *mut pqpush_metadata,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a struct of the size that it says, and for a place to write to.
        let outs = unsafe { (OutStruct::new(out_event, "out_event"), OutValue::handle(out_metadata, "out_metadata")) };
        let (event, metadata) = (outs.0?, outs.1?);
        // SAFETY: the header asks for a live decoder.
        unsafe { borrow(decoder, "decoder") }?.0.enter(|work| work.step(event, metadata))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Frees a decoder. The metadata that it gave out lives on. Within a call on the same decoder, from a callback, it does
/// nothing.
///
/// Parameters: `decoder`: a decoder, or NULL, which does nothing.
/// Threads: any, once no other thread uses the decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_decoder_free(decoder: *mut pqpush_metadata_decoder) {
    // SAFETY: the header asks for NULL or a live decoder.
    if unsafe { decoder.as_ref() }.is_some_and(|handle| handle.0.close()) {
        // SAFETY: the caller owns it, and no call on it is under way.
        unsafe { free_box(decoder) }
    }
}
