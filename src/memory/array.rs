//! Puts decoded parts together as Arrow arrays.

use std::sync::Arc;

use arrow_array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray, downcast_primitive, make_array};
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow_data::ArrayData;
use arrow_schema::DataType;

/// The array of `len` rows of `data_type` over `buffers`, in the order of the Arrow columnar format.
///
/// The buffers are trusted: they are what the decoder of that type wrote, with offsets and views it checked as it wrote
/// them. Test builds validate them in full.
pub(crate) fn array_from_parts(
    data_type: DataType,
    len: usize,
    nulls: Option<NullBuffer>,
    buffers: Vec<Buffer>,
) -> ArrayRef {
    make_array(array_with_children(data_type, len, nulls, buffers, Vec::new()))
}

/// The array of `len` values of one width. Numbers do without the detour over what all types have in common, which takes as
/// long as some hundred of them.
pub(crate) fn array_of_values(data_type: &DataType, len: usize, nulls: Option<NullBuffer>, values: Buffer) -> ArrayRef {
    macro_rules! primitive {
        ($native:ty) => {
            primitive_array::<$native>(data_type, len, nulls, values)
        };
    }
    downcast_primitive! {
        data_type => (primitive),
        _ => array_from_parts(data_type.clone(), len, nulls, vec![values]),
    }
}

fn primitive_array<T: ArrowPrimitiveType>(
    data_type: &DataType,
    len: usize,
    nulls: Option<NullBuffer>,
    values: Buffer,
) -> ArrayRef {
    let array = PrimitiveArray::<T>::new(ScalarBuffer::new(values, 0, len), nulls);
    match *data_type == T::DATA_TYPE {
        true => Arc::new(array),
        false => Arc::new(array.with_data_type(data_type.clone())),
    }
}

/// As [`array_from_parts`] for a type with children.
pub(crate) fn array_with_children(
    data_type: DataType,
    len: usize,
    nulls: Option<NullBuffer>,
    buffers: Vec<Buffer>,
    children: Vec<ArrayData>,
) -> ArrayData {
    let builder = ArrayData::builder(data_type).len(len).nulls(nulls).buffers(buffers).child_data(children);
    // SAFETY: the value decoders write buffers of the layout that `data_type` has: `len` fixed-width values, or `len + 1`
    // ascending offsets that end within the values, or `len` views into the buffers given; strings were validated. The
    // assembly checked that children are as long as structs and the last offset of lists say.
    let data = unsafe { builder.build_unchecked() };
    #[cfg(test)]
    data.validate_full().unwrap();
    data
}
