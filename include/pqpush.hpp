/// pqpush.hpp: pqpush.h for C++17 and later. Header-only; link the same library.
///
/// THE LOOP
///   The host reads; the library says what. A host that reads from a callable has it done for it:
///
///     auto read = [&](std::uint64_t offset, pqpush::span<std::uint8_t> out) { file.read_at(offset, out); };
///     pqpush::metadata metadata = pqpush::read_metadata(file.size(), read);
///     pqpush::scan_options options;
///     options.columns = {"id", "name"};
///     options.where = pqpush::col("id") > 10 && pqpush::col("name").in({"a", "b"});
///     pqpush::decoder decoder(metadata, options);
///     while (std::optional<pqpush::batch> batch = decoder.next(read)) use(*batch);
///
///   One that does its own I/O has the steps: decoder::step says which ranges are needed or gives a batch, decoder::push
///   and decoder::lend take bytes.
///
/// ERRORS
///   Functions that can fail throw pqpush::error. Each has a twin, try_NAME, that returns a pqpush::result instead:
///   constructors have the static function try_make. Where exceptions are switched off, use the twins; the functions that
///   would throw write the error to standard error and abort.
///
/// MEMORY
///   Handles free what they own and are moved, not copied; a metadata, which is shared and never changes, can be copied
///   too. A handle that was moved from, or made by its default constructor, is empty: it may be destroyed, assigned and
///   asked by operator bool; everything else on it is errc::invalid_argument, or 0. Spans and string_views that functions
///   return are borrowed, until when is said there.
///
/// THREADS
///   As in pqpush.h: const functions may run on many threads at the same time, others need the object for themselves.
///
/// CALLBACKS
///   are callables, moved or copied in. An exception that leaves one does not travel through the library: the call that
///   ran it fails with errc::callback.
#ifndef PQPUSH_HPP
#define PQPUSH_HPP

#include "pqpush/arrow.hpp"
#include "pqpush/bloom_filter.hpp"
#include "pqpush/decoder.hpp"
#include "pqpush/error.hpp"
#include "pqpush/metadata.hpp"
#include "pqpush/options.hpp"
#include "pqpush/plan.hpp"
#include "pqpush/predicate.hpp"
#include "pqpush/span.hpp"
#include "pqpush/stream.hpp"

#endif
