//! The C ABI: `extern "C"` functions, the structs they take, and what guards them. This room converts; it decides
//! nothing. What a call means is written once, in the documentation of its function here, from which cbindgen makes
//! `include/pqpush.h`; the modules that become a section of the header stand below in the header's order.
//!
//! It may rely on the whole crate; nothing relies on it. Four rules hold in every function, each kept by one module:
//! a panic ends at the boundary and one call at a time works on a handle ([`guard`]); out parameters are emptied before
//! anything can fail, and a struct is read and written no further than the `struct_size` of the host ([`structs`]);
//! what the host lends is given back exactly once, on every path ([`lent`]); a NULL or an impossible length is refused,
//! not followed ([`slice`], [`handle`]).

#![allow(non_camel_case_types)] // the names are the header's
#![allow(clippy::missing_safety_doc)] // what a caller owes is said in the header's words: Parameters, Memory, Threads

#[cfg(not(panic = "unwind"))]
compile_error!("pqpush promises its hosts that a panic becomes PQPUSH_ERR_INTERNAL: build it with panic = \"unwind\"");

// Sections of the header.
mod bloom_filter;
mod callback;
mod course;
mod decoder;
mod encryption;
mod error;
mod event;
mod facts;
mod metadata;
mod metadata_decoder;
mod metrics;
mod names;
mod options;
mod plan;
mod predicate;
mod row_selection;
mod slice;
mod statistics;
mod status;
mod stream;
mod version;

// What guards them.
mod arrow;
mod batch;
mod description;
mod guard;
mod handle;
mod lent;
mod structs;
