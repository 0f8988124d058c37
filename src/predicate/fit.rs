//! Tests: which literals fit which columns and as what, how constants fold, and what is refused in which words.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::i256;
use arrow_schema::{DataType, TimeUnit};

use super::literal::as_type;
use super::value::Value;
use super::{BoundPredicate, Comparison, EntryAnswers, LeafBounds, Predicate, Verdict};
use crate::error::ErrorKind;
use crate::schema::LogicalType as Logical;
use crate::schema::PhysicalType::{ByteArray, Double, FixedLenByteArray, Int32, Int64};
use crate::schema::Repetition::{Optional, Repeated, Required};
use crate::schema::arrow::leaf_data_type;
use crate::schema::testing::{group, leaf, schema};
use crate::schema::{Schema, StringType};

/// What the literal of an SQL text is as a value of the type, in SQL again; none where it does not fit.
fn fitted(literal: &str, data_type: &DataType) -> Option<String> {
    let predicate = Predicate::parse(&format!("a = {literal}")).unwrap();
    let super::Tree::Compare { literal, .. } = &*predicate.0 else { panic!("no comparison") };
    fitted_array(literal, data_type)
}

fn fitted_array(literal: &ArrayRef, data_type: &DataType) -> Option<String> {
    let cast = as_type(&Value::of(literal).unwrap(), data_type).ok()?;
    assert_eq!((cast.data_type(), cast.len()), (data_type, 1));
    Some(Value::of(&cast).unwrap()[0].to_string())
}

#[test]
fn literals_fit_without_loss_or_not_at_all() {
    use DataType::*;
    let micros = |zone: Option<&str>| Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    let millis = Timestamp(TimeUnit::Millisecond, None);
    for (literal, data_type, expected) in [
        ("127", Int8, Some("127")),
        ("128", Int8, None),
        ("-1", UInt64, None),
        ("18446744073709551615", UInt64, Some("18446744073709551615")),
        ("18446744073709551615", DataType::Int64, None),
        ("5.00", DataType::Int32, Some("5")),
        ("5.01", DataType::Int32, None),
        ("5e2", DataType::Int32, Some("500")),
        ("5.5e0", DataType::Int32, None),
        ("0.05", Decimal128(15, 2), Some("0.05")),
        ("0.05", Decimal128(15, 4), Some("0.0500")),
        ("0.050", Decimal128(15, 2), Some("0.05")),
        ("0.055", Decimal128(15, 2), None),
        ("-100", Decimal128(4, 2), None),
        ("-99", Decimal128(4, 2), Some("-99.00")),
        ("5e-2", Decimal128(15, 2), Some("0.05")),
        ("1e40", Decimal128(38, 0), None),
        ("1e40", Decimal256(76, 0), Some("10000000000000000000000000000000000000000")),
        ("0.05", Float64, Some("5e-2")),
        ("0.1", Float32, Some("1e-1")),
        ("1e-1", Float32, None),
        ("0.5e0", Float32, Some("5e-1")),
        ("0.1", Float16, Some("9.9975586e-2")),
        ("9007199254740993", Float64, None),
        ("9007199254740992", Float64, Some("9.007199254740992e15")),
        ("16777217", Float32, None),
        ("2049", Float16, None),
        ("2048", Float16, Some("2.048e3")),
        ("70000", Float16, None),
        ("70000.5", Float16, None),
        ("'x'", Float64, None),
        ("TRUE", Boolean, Some("TRUE")),
        ("1", Boolean, None),
        ("'a'", Binary, Some("X'61'")),
        ("X'61'", Utf8View, Some("'a'")),
        ("X'ff'", Utf8, None),
        ("X'0001'", FixedSizeBinary(2), Some("X'0001'")),
        ("X'00'", FixedSizeBinary(2), None),
        ("'5'", DataType::Int32, None),
        ("DATE '1994-01-01'", Date32, Some("DATE '1994-01-01'")),
        ("DATE '1994-01-01'", micros(None), Some("DATE '1994-01-01'")),
        ("DATE '1994-01-01'", micros(Some("UTC")), Some("TIMESTAMP '1994-01-01 00:00:00Z'")),
        ("'1994-01-01'", Date32, Some("DATE '1994-01-01'")),
        ("'1994-01-01 00:00:01'", Date32, None),
        ("'1994-01-01 00:00:01'", millis.clone(), Some("TIMESTAMP '1994-01-01 00:00:01'")),
        ("TIMESTAMP '1994-01-01 00:00:00'", Date32, Some("DATE '1994-01-01'")),
        ("TIMESTAMP '1994-01-01 00:00:01'", Date32, None),
        ("TIMESTAMP '1994-01-01 00:00:00.0001'", millis.clone(), None),
        ("TIMESTAMP '1994-01-01 00:00:00.5'", millis, Some("TIMESTAMP '1994-01-01 00:00:00.500'")),
        ("TIMESTAMP '1994-01-01 00:00:01'", micros(Some("UTC")), Some("TIMESTAMP '1994-01-01 00:00:01Z'")),
        ("TIMESTAMP '1994-01-01 00:00:01Z'", micros(None), None),
        ("TIMESTAMP '3000-01-01 00:00:00'", Timestamp(TimeUnit::Nanosecond, None), None),
        ("TIME '01:00:00.5'", Time32(TimeUnit::Millisecond), Some("TIME '01:00:00.500'")),
        ("TIME '01:00:00.0005'", Time32(TimeUnit::Millisecond), None),
        ("'01:00'", Time64(TimeUnit::Nanosecond), Some("TIME '01:00:00'")),
        ("5", Time64(TimeUnit::Nanosecond), None),
        ("5", Date32, None),
        ("NULL", Date32, Some("NULL")),
        ("5", Interval(arrow_schema::IntervalUnit::MonthDayNano), None),
    ] {
        assert_eq!(fitted(literal, &data_type).as_deref(), expected, "{literal} as {data_type}");
    }
}

#[test]
fn literals_of_every_arrow_type_are_understood() {
    let second = |dictionary: DictionaryArray<Int8Type>| Array::slice(&dictionary, 1, 1);
    let one: Vec<(ArrayRef, DataType, &str)> = vec![
        (Arc::new(Int8Array::from(vec![-3])), DataType::Int64, "-3"),
        (Arc::new(UInt16Array::from(vec![3])), DataType::Decimal128(5, 1), "3.0"),
        (Arc::new(Float32Array::from(vec![0.1])), DataType::Decimal128(5, 1), "0.1"),
        (Arc::new(Float32Array::from(vec![0.1])), DataType::Float64, "1.0000000149011612e-1"),
        (Arc::new(LargeStringArray::from(vec!["a"])), DataType::Utf8, "'a'"),
        (Arc::new(StringViewArray::from(vec!["a text of some length"])), DataType::Utf8, "'a text of some length'"),
        (Arc::new(BinaryViewArray::from(vec![&b"ab"[..]])), DataType::FixedSizeBinary(2), "X'6162'"),
        (Arc::new(Date64Array::from(vec![86_400_000])), DataType::Date32, "DATE '1970-01-02'"),
        (
            Arc::new(TimestampSecondArray::from(vec![-1])),
            DataType::Timestamp(TimeUnit::Nanosecond, None),
            "TIMESTAMP '1969-12-31 23:59:59'",
        ),
        (Arc::new(Time32SecondArray::from(vec![61])), DataType::Time64(TimeUnit::Microsecond), "TIME '00:01:01'"),
        (Arc::new(NullArray::new(1)), DataType::Boolean, "NULL"),
        (second(DictionaryArray::from_iter([Some("b"), Some("a")])), DataType::Utf8, "'a'"),
        (second(DictionaryArray::from_iter([Some("b"), None])), DataType::Utf8, "NULL"),
    ];
    for (literal, data_type, expected) in one {
        assert_eq!(fitted_array(&literal, &data_type).as_deref(), Some(expected), "{}", literal.data_type());
    }
    let tiny = Decimal256Array::from(vec![i256::from(500)]).with_precision_and_scale(76, 76).unwrap();
    assert_eq!(fitted_array(&(Arc::new(tiny) as ArrayRef), &DataType::Int32), None, "behind 73 zeros, and not zero");
    let refused = DataType::Interval(arrow_schema::IntervalUnit::YearMonth);
    assert!(Value::of(&new_null_array(&refused, 1)).is_none());
    let seconds: ArrayRef = Arc::new(DurationSecondArray::from(vec![61]));
    let milliseconds = as_type(&Value::of(&*seconds).unwrap(), &DataType::Duration(TimeUnit::Millisecond)).unwrap();
    assert_eq!(*milliseconds.as_primitive::<DurationMillisecondType>(), DurationMillisecondArray::from(vec![61_000]));
    assert_eq!(fitted_array(&seconds, &DataType::Time32(TimeUnit::Second)), None);
}

fn types(leaf: usize) -> DataType {
    leaf_data_type(&file().leaves[leaf], StringType::Utf8)
}

fn file() -> Schema {
    schema(vec![
        leaf("id", Required, Int64, None),
        leaf("x", Optional, Double, None),
        leaf("name", Optional, ByteArray, Some(Logical::String)),
        group("s", Optional, None, vec![leaf("a", Optional, Int32, None), leaf("b", Required, Int32, None)]),
        leaf("list", Repeated, Int32, None),
        leaf("i", Optional, FixedLenByteArray(12), Some(Logical::Interval)),
        leaf("d", Optional, Int32, None),
        leaf("d", Optional, Int32, None),
    ])
}

fn bound(sql: &str) -> BoundPredicate {
    let predicate = Predicate::parse(sql).unwrap();
    BoundPredicate::bind(&predicate, &file(), &types).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

#[test]
fn what_does_not_fit_is_refused_with_its_column() {
    for (sql, column, message) in [
        ("nothing = 1", None, "predicate: no column \"nothing\""),
        ("s = 1", None, "predicate: \"s\" names several leaf columns, and a predicate is of one"),
        ("d IS NULL", None, "predicate: \"d\" names several leaf columns, and a predicate is of one"),
        (
            "list IS NULL",
            Some(5),
            "predicate on column \"list\": it is in a list, and a predicate needs one value a row",
        ),
        (
            "s.a = 'x'",
            Some(3),
            "predicate on column \"s.a\": its type Int32 cannot be compared with a literal of type Utf8",
        ),
        (
            "s.a = 2.5",
            Some(3),
            "predicate on column \"s.a\": the literal 2.5 of type Decimal128(2, 1) is no value of its type Int32",
        ),
        (
            "x LIKE 'x'",
            Some(1),
            "predicate on column \"x\": a pattern needs a column of strings or binaries, and this one has type Float64",
        ),
        (
            "i = X'00'",
            Some(6),
            "predicate on column \"i\": its type Interval(MonthDayNano) cannot be compared with a literal of type Binary",
        ),
    ] {
        let predicate = Predicate::parse(sql).unwrap();
        let error = BoundPredicate::bind(&predicate, &file(), &types).err().unwrap();
        assert_eq!(
            (error.kind(), error.column(), error.message()),
            (ErrorKind::InvalidArgument, column, message),
            "{sql}"
        );
    }
    let none = Predicate::callback(Vec::new(), Arc::new(Nothing));
    assert!(BoundPredicate::bind(&none, &file(), &types).is_err());
    let deep = (0..600).fold(Predicate::is_null("x"), |inner, level| match level % 2 {
        0 => Predicate::and(vec![inner, Predicate::is_null("name")]),
        _ => Predicate::or(vec![inner, Predicate::is_null("name")]),
    });
    assert_eq!(BoundPredicate::bind(&deep, &file(), &types).err().unwrap().kind(), ErrorKind::Limit);
}

struct Nothing;

impl super::RowCallback for Nothing {
    fn eval_rows(&self, columns: &[ArrayRef]) -> crate::Result<BooleanArray> {
        Ok(BooleanArray::from(vec![false; columns[0].len()]))
    }
}

#[test]
fn constants_fold_and_conjuncts_come_apart() {
    for (sql, leaves, conjuncts) in [
        ("id = 1 AND (x > 2 AND NOT (name = 'a' OR s.a IS NULL))", &[0, 1, 2, 3][..], 4),
        ("id = 1 OR x > 2", &[0, 1], 1),
        ("id IN () AND x = 1", &[], 1),
        ("id NOT IN () AND x = 1", &[1], 1),
        ("id NOT IN ()", &[], 0),
        ("id IS NOT NULL AND x = 1", &[1], 1),
        ("id = NULL OR x = 1", &[1], 1),
        ("NOT (id = NULL) AND x = 1", &[], 1),
        ("s.b IS NULL", &[4], 1),
        ("x NOT IN (1, NULL)", &[], 1),
        ("TRUE", &[], 0),
        ("x = 1 OR TRUE", &[], 0),
    ] {
        let bound = bound(sql);
        assert_eq!(bound.leaves(), leaves, "{sql}");
        let verdict = bound.evaluate_bounds(&|_: usize| LeafBounds::default()).unwrap();
        assert_eq!(verdict != Verdict::Some, leaves.is_empty(), "{sql}");
        assert_eq!(bound.conjuncts().len(), conjuncts, "{sql}");
    }
}

#[test]
fn nan_is_not_equal_to_anything_and_not_in_bounds() {
    let not_a_number = |op| Predicate::compare("x", op, Arc::new(Float64Array::from(vec![f64::NAN]))).unwrap();
    let x: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), Some(f64::NAN), Some(-0.0), None]));
    let rows = |predicate: &Predicate| -> Vec<bool> {
        let bound = BoundPredicate::bind(predicate, &file(), &types).unwrap();
        match bound.leaves() {
            [] => vec![false; 4],
            _ => bound.evaluate(&[Arc::clone(&x)], &mut EntryAnswers::default()).unwrap().iter().collect(),
        }
    };
    assert_eq!(rows(&not_a_number(Comparison::Equal)), [false; 4]);
    assert_eq!(rows(&not_a_number(Comparison::NotEqual)), [true, true, true, false]);
    assert_eq!(rows(&Predicate::not(not_a_number(Comparison::Less))), [true, true, true, false]);
    let sql = |sql: &str| rows(&Predicate::parse(sql).unwrap());
    assert_eq!(sql("x > 0"), [true, false, false, false]);
    assert_eq!(sql("NOT (x > 0)"), [false, true, true, false]);
    assert_eq!(sql("x = 0"), [false, false, true, false]);
    assert_eq!(sql("x <> 1"), [false, true, true, false]);
    assert_eq!(sql("x NOT IN (1, 2)"), [false, true, true, false]);

    let one: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let bounds = |nan_count| LeafBounds {
        min: Some(Arc::clone(&one)),
        max: Some(Arc::clone(&one)),
        null_count: Some(0),
        nan_count,
        row_count: 3,
    };
    for (sql, without, unknown) in [
        ("x = 1", Verdict::All, Verdict::Some),
        ("x <> 1", Verdict::None, Verdict::Some),
        ("x > 1", Verdict::None, Verdict::None),
        ("x <> 2", Verdict::All, Verdict::All),
        ("NOT (x > 1)", Verdict::All, Verdict::All),
        ("NOT (x <= 1)", Verdict::None, Verdict::Some),
    ] {
        let bound = bound(sql);
        assert_eq!(bound.evaluate_bounds(&|_: usize| bounds(Some(0))).unwrap(), without, "{sql}");
        assert_eq!(bound.evaluate_bounds(&|_: usize| bounds(None)).unwrap(), unknown, "{sql}");
    }
}
