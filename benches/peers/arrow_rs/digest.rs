//! The digest of the rows of a scan, as the runner wants it of every peer: for each leaf column, named by its place in the
//! schema, the number of its values and two sums over them. Strings: of bytes, and of bytes times their place in the
//! string. Timestamps count in microseconds, doubles by their bits, decimals by their lowest 64 bits; lists add a leaf of
//! lengths.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, OffsetSizeTrait};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, TimeUnit};

use crate::Job;

type Sums = BTreeMap<String, [u64; 3]>;

/// The answer to the order.
pub fn of(job: &Job) -> String {
    let (mut rows, mut sums) = (0, Sums::new());
    job.scan(&mut |batch| {
        rows += batch.num_rows();
        for (index, column) in batch.columns().iter().enumerate() {
            let live: Vec<usize> = (0..column.len()).collect();
            add(&mut sums, index.to_string(), column, &live);
        }
    });
    let leaves = sums.iter().map(|(path, [count, sum, extra])| format!("\"{path}\": [{count}, {sum}, {extra}]"));
    format!("{{\"rows\": {rows}, \"digest\": {{{}}}}}", leaves.collect::<Vec<_>>().join(", "))
}

/// Adds the values at `live`, which lie in no group that is null.
fn add(sums: &mut Sums, path: String, values: &ArrayRef, live: &[usize]) {
    let live: Vec<usize> = live.iter().copied().filter(|index| values.is_valid(*index)).collect();
    match values.data_type() {
        DataType::Struct(_) => {
            for (index, child) in values.as_struct().columns().iter().enumerate() {
                add(sums, format!("{path}.{index}"), child, &live);
            }
        }
        DataType::List(_) => {
            let lists = values.as_list::<i32>();
            add_list(sums, path, lists.offsets(), &[("0", lists.values().clone())], &live);
        }
        DataType::Map(..) => {
            let map = values.as_map();
            let entries = [("0.0", map.keys().clone()), ("0.1", map.values().clone())];
            add_list(sums, path, map.offsets(), &entries, &live);
        }
        _ => add_leaf(sums.entry(path).or_default(), values, &live),
    }
}

fn add_list<O: OffsetSizeTrait>(
    sums: &mut Sums,
    path: String,
    offsets: &OffsetBuffer<O>,
    children: &[(&str, ArrayRef)],
    live: &[usize],
) {
    let ranges = live.iter().map(|index| offsets[*index].as_usize()..offsets[*index + 1].as_usize());
    let elements: Vec<usize> = ranges.flatten().collect();
    let lengths = sums.entry(path.clone()).or_default();
    lengths[0] += live.len() as u64;
    lengths[1] += elements.len() as u64;
    for (place, child) in children {
        add(sums, format!("{path}.{place}"), child, &elements);
    }
}

fn add_leaf(sums: &mut [u64; 3], values: &ArrayRef, live: &[usize]) {
    match values.data_type() {
        DataType::Boolean => numbers(sums, live, |index| u64::from(values.as_boolean().value(index))),
        DataType::Int8 => primitives::<Int8Type>(sums, values, live, |value| value as u64),
        DataType::Int16 => primitives::<Int16Type>(sums, values, live, |value| value as u64),
        DataType::Int32 => primitives::<Int32Type>(sums, values, live, |value| value as u64),
        DataType::Int64 => primitives::<Int64Type>(sums, values, live, |value| value as u64),
        DataType::Float32 => primitives::<Float32Type>(sums, values, live, |value| u64::from(value.to_bits())),
        DataType::Float64 => primitives::<Float64Type>(sums, values, live, f64::to_bits),
        DataType::Decimal128(..) => primitives::<Decimal128Type>(sums, values, live, |value| value as u64),
        DataType::Date32 => primitives::<Date32Type>(sums, values, live, |value| value as u64),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            primitives::<TimestampNanosecondType>(sums, values, live, |value| value.div_euclid(1000) as u64);
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            primitives::<TimestampMicrosecondType>(sums, values, live, |value| value as u64);
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            primitives::<TimestampMillisecondType>(sums, values, live, |value| (value * 1000) as u64);
        }
        DataType::Utf8 => texts(sums, live, |index| values.as_string::<i32>().value(index).as_bytes()),
        DataType::Utf8View => texts(sums, live, |index| values.as_string_view().value(index).as_bytes()),
        DataType::Binary => texts(sums, live, |index| values.as_binary::<i32>().value(index)),
        DataType::BinaryView => texts(sums, live, |index| values.as_binary_view().value(index)),
        other => panic!("no digest of a column of type {other}"),
    }
}

fn primitives<T: ArrowPrimitiveType>(
    sums: &mut [u64; 3],
    values: &ArrayRef,
    live: &[usize],
    number: impl Fn(T::Native) -> u64,
) {
    let values = values.as_primitive::<T>();
    numbers(sums, live, |index| number(values.value(index)));
}

fn numbers(sums: &mut [u64; 3], live: &[usize], number: impl Fn(usize) -> u64) {
    sums[0] += live.len() as u64;
    for index in live {
        sums[1] = sums[1].wrapping_add(number(*index));
    }
}

fn texts<'a>(sums: &mut [u64; 3], live: &[usize], text: impl Fn(usize) -> &'a [u8]) {
    sums[0] += live.len() as u64;
    for index in live {
        for (place, byte) in text(*index).iter().enumerate() {
            sums[1] = sums[1].wrapping_add(u64::from(*byte));
            sums[2] = sums[2].wrapping_add(u64::from(*byte) * (place as u64 + 1));
        }
    }
}
