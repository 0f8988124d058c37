//! Batches as the Arrow C Data Interface has them.
//!
//! The struct of a batch and its columns of single values are described here, in memory that is used again for the next
//! batches. Columns of other types are left to `FFI_ArrowArray`.

use std::any::Any;
use std::ffi::c_void;
use std::ptr::null;

use arrow_array::types::{
    BinaryType, BinaryViewType, ByteArrayType, ByteViewType, LargeBinaryType, LargeUtf8Type, StringViewType, Utf8Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, GenericByteArray, GenericByteViewArray, PrimitiveArray, RecordBatch,
    downcast_primitive,
};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::DataType;

use super::description::{Buffers, Descriptions, Facts, number};

/// A batch as a struct array. It owns what it points to, each child too, so that a host may move children out.
pub(super) fn export_batch(rows: RecordBatch, descriptions: &Descriptions) -> FFI_ArrowArray {
    let (_, columns, length) = rows.into_parts();
    descriptions.describe(length, columns, find_buffers)
}

/// Adds where the buffers of a column are; `None` for one that `FFI_ArrowArray` has to describe.
fn find_buffers(array: &ArrayRef, buffers: &mut Buffers) -> Option<Facts> {
    let any = array.as_any();
    macro_rules! describe_primitive {
        ($type:ty) => {{
            let array: &PrimitiveArray<$type> = known(any);
            describe(array, 0, [array.values().inner().as_ptr()], buffers)
        }};
    }
    // SAFETY: for each data type arrow has one type of arrays, and nobody else implements `Array`, an unsafe trait.
    unsafe {
        downcast_primitive!(
            array.data_type() => (describe_primitive),
            DataType::Boolean => describe_bits(known(any), buffers),
            DataType::Utf8 => describe_bytes::<Utf8Type>(known(any), buffers),
            DataType::LargeUtf8 => describe_bytes::<LargeUtf8Type>(known(any), buffers),
            DataType::Binary => describe_bytes::<BinaryType>(known(any), buffers),
            DataType::LargeBinary => describe_bytes::<LargeBinaryType>(known(any), buffers),
            DataType::Utf8View => describe_views::<StringViewType>(known(any), buffers),
            DataType::BinaryView => describe_views::<BinaryViewType>(known(any), buffers),
            _ => None,
        )
    }
}

/// The array that a column is. It is not asked whether it is one, which is a tenth of what the C ABI adds to a batch.
///
/// # Safety
/// `any` comes from an array of type `A`.
unsafe fn known<A: Array + 'static>(any: &dyn Any) -> &A {
    debug_assert!(any.is::<A>(), "an array of another type than its data type says");
    // SAFETY: as the caller says.
    unsafe { &*std::ptr::from_ref(any).cast::<A>() }
}

/// An array whose values are in these buffers, behind that of the nulls, from `offset` on. `None` where the bitmap of nulls
/// begins elsewhere: the interface has one offset for both, so that it must be copied.
fn describe<const N: usize>(
    array: &impl Array,
    offset: usize,
    values: [*const u8; N],
    buffers: &mut Buffers,
) -> Option<Facts> {
    let (validity, null_count) = match array.nulls() {
        None => (null(), 0),
        Some(nulls) if nulls.offset() == offset => (nulls.validity().as_ptr(), nulls.null_count()),
        Some(_) => return None,
    };
    buffers.places.push(validity.cast());
    buffers.places.extend(values.map(<*const u8>::cast::<c_void>));
    Some(Facts { length: number(array.len()), null_count: number(null_count), offset: number(offset) })
}

fn describe_bits(array: &BooleanArray, buffers: &mut Buffers) -> Option<Facts> {
    let bits = array.values();
    describe(array, bits.offset(), [bits.values().as_ptr()], buffers)
}

fn describe_bytes<T: ByteArrayType>(array: &GenericByteArray<T>, buffers: &mut Buffers) -> Option<Facts> {
    describe(array, 0, [array.value_offsets().as_ptr().cast(), array.value_data().as_ptr()], buffers)
}

fn describe_views<T: ByteViewType>(array: &GenericByteViewArray<T>, buffers: &mut Buffers) -> Option<Facts> {
    let facts = describe(array, 0, [array.views().inner().as_ptr()], buffers)?;
    buffers.lengths.extend(array.data_buffers().iter().map(|buffer| number(buffer.len())));
    buffers.places.extend(array.data_buffers().iter().map(|buffer| buffer.as_ptr().cast::<c_void>()));
    buffers.places.push(buffers.lengths.as_ptr().cast());
    Some(facts)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::ffi::from_ffi;
    use arrow_array::types::Int32Type;
    use arrow_array::*;
    use arrow_schema::ffi::FFI_ArrowSchema;
    use arrow_schema::{IntervalUnit, TimeUnit};

    use super::super::description::moved_out;
    use super::*;

    fn columns() -> Vec<ArrayRef> {
        let texts = || [Some("a"), None, Some("a text that is longer than a view"), Some("")].into_iter();
        let bits = || BooleanArray::from(vec![Some(true), None, Some(false), Some(true), None, Some(true)]);
        let numbers = || Int64Array::from_iter([Some(1), None, Some(-3), Some(4), None]);
        let wide = Decimal256Array::from_iter([1, 2, 3, 4].map(arrow_buffer::i256::from_i128));
        vec![
            Arc::new(Int8Array::from(vec![1, 2, 3, 4])),
            Arc::new(numbers().slice(0, 4)),
            Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]).slice(1, 4)),
            // Its nulls begin at another bit than its values.
            Arc::new(numbers().slice(1, 4)),
            Arc::new(bits().slice(0, 4)),
            Arc::new(bits().slice(1, 4)),
            Arc::new(BooleanArray::new(bits().values().slice(0, 4), bits().nulls().map(|nulls| nulls.slice(2, 4)))),
            Arc::new(wide.with_data_type(DataType::Decimal256(40, 2))),
            Arc::new(TimestampMicrosecondArray::from(vec![1, 2, 3, 4]).with_timezone("UTC")),
            new_null_array(&DataType::Interval(IntervalUnit::MonthDayNano), 4),
            new_null_array(&DataType::Time64(TimeUnit::Nanosecond), 4),
            new_null_array(&DataType::Time32(TimeUnit::Millisecond), 4),
            new_null_array(&DataType::Timestamp(TimeUnit::Nanosecond, None), 4),
            new_null_array(&DataType::Date32, 4),
            new_null_array(&DataType::Decimal128(20, 2), 4),
            new_null_array(&DataType::Float16, 4),
            new_null_array(&DataType::Float64, 4),
            new_null_array(&DataType::UInt32, 4),
            Arc::new(StringArray::from_iter(texts())),
            Arc::new(StringArray::from_iter(texts().chain(texts())).slice(2, 4)),
            Arc::new(LargeStringArray::from_iter(texts())),
            Arc::new(BinaryArray::from_iter(texts().map(|text| text.map(str::as_bytes)))),
            Arc::new(LargeBinaryArray::from_iter(texts().map(|text| text.map(str::as_bytes)))),
            Arc::new(StringViewArray::from_iter(texts())),
            Arc::new(StringViewArray::from_iter(texts().chain(texts())).slice(2, 4)),
            Arc::new(StringViewArray::from(vec!["a", "b", "c", "d"])),
            views_of_buffers(1),
            views_of_buffers(5),
            Arc::new(BinaryViewArray::from_iter(texts().map(|text| text.map(str::as_bytes)))),
            Arc::new(DictionaryArray::<Int32Type>::from_iter(texts())),
            Arc::new(NullArray::new(4)),
            new_null_array(&DataType::FixedSizeBinary(3), 4),
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
                None,
                Some(vec![Some(1)]),
                None,
                Some(vec![]),
            ])),
        ]
    }

    /// A batch of one column, and that column moved out of it.
    fn exported(column: &ArrayRef) -> FFI_ArrowArray {
        let rows = RecordBatch::try_from_iter([("column", Arc::clone(column))]).unwrap();
        let mut batch = export_batch(rows, &Descriptions::default());
        moved_out(&mut batch, 0)
    }

    /// Four views that point to the last of so many buffers.
    fn views_of_buffers(count: usize) -> ArrayRef {
        let mut builder = arrow_array::builder::StringViewBuilder::new();
        for buffer in 0..count {
            let number = builder.append_block(format!("buffer {buffer} has a text").into_bytes().into());
            if buffer + 1 == count {
                (0..4).for_each(|start| builder.try_append_view(number, start, 15).unwrap());
            }
        }
        Arc::new(builder.finish())
    }

    fn imported(array: FFI_ArrowArray, data_type: &DataType) -> ArrayRef {
        let schema = FFI_ArrowSchema::try_from(data_type).unwrap();
        // SAFETY: an exported array of this type.
        let data = unsafe { from_ffi(array, &schema) }.unwrap();
        data.validate_full().unwrap();
        make_array(data)
    }

    #[test]
    fn a_batch_is_imported_as_it_was() {
        let names = (0..).map(|index: usize| index.to_string());
        let rows = RecordBatch::try_from_iter(names.zip(columns())).unwrap();
        let data_type = DataType::Struct(rows.schema().fields().clone());
        let exported = export_batch(rows.clone(), &Descriptions::default());
        assert_eq!((exported.len(), exported.offset(), exported.null_count(), exported.num_buffers()), (4, 0, 0, 1));
        let back = imported(exported, &data_type);
        assert_eq!(back.as_struct(), &StructArray::from(rows));
    }

    #[test]
    fn a_column_is_described_as_arrow_does() {
        for column in columns() {
            let (own, arrow) = (exported(&column), FFI_ArrowArray::new(&column.to_data()));
            let facts = |array: &FFI_ArrowArray| (array.len(), array.offset(), array.null_count(), array.num_buffers());
            assert_eq!(facts(&own), facts(&arrow), "{}", column.data_type());
            assert_eq!(imported(own, column.data_type()).as_ref(), column.as_ref());
        }
    }

    #[test]
    fn columns_that_were_moved_out_outlive_the_batch() {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![5, 6]));
        let other: ArrayRef = Arc::new(Int32Array::from(vec![7, 8]));
        let rows = [("a", Arc::clone(&column)), ("b", Arc::clone(&other))];
        let mut exported = export_batch(RecordBatch::try_from_iter(rows).unwrap(), &Descriptions::default());
        assert_eq!((Arc::strong_count(&column), Arc::strong_count(&other)), (2, 2));
        let moved = moved_out(&mut exported, 1);
        drop(exported);
        assert_eq!((Arc::strong_count(&column), Arc::strong_count(&other)), (1, 2));
        assert_eq!(imported(moved, &DataType::Int32).as_primitive::<Int32Type>().values(), &[7, 8]);
        assert_eq!(Arc::strong_count(&other), 1);
    }

    #[test]
    fn a_batch_without_columns_has_its_rows() {
        let options = RecordBatchOptions::new().with_row_count(Some(3));
        let rows =
            RecordBatch::try_new_with_options(Arc::new(arrow_schema::Schema::empty()), vec![], &options).unwrap();
        let exported = export_batch(rows, &Descriptions::default());
        assert_eq!((exported.len(), exported.num_children()), (3, 0));
    }
}
