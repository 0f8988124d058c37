//! Every construct, its precedence, and the errors with their places.

use arrow_array::Array;
use arrow_schema::{DataType, TimeUnit};

use super::super::{Predicate, Tree};

fn parsed(sql: &str) -> String {
    Predicate::parse(sql).unwrap_or_else(|error| panic!("{sql}: {error}")).to_string()
}

#[test]
fn every_construct_is_understood() {
    for (sql, expected) in [
        ("a = 1", "a = 1"),
        ("a == 1", "a = 1"),
        ("a <> 1", "a <> 1"),
        ("a != 1", "a <> 1"),
        ("a < 1", "a < 1"),
        ("a<=1", "a <= 1"),
        ("a>1", "a > 1"),
        ("a >= 1;", "a >= 1"),
        ("1 < a", "a > 1"),
        ("1 <= a", "a >= 1"),
        ("1 > a", "a < 1"),
        ("1 >= a", "a <= 1"),
        ("1 = a", "a = 1"),
        ("a = -1", "a = -1"),
        ("a = +0.05", "a = 0.05"),
        ("a = -.5", "a = -0.5"),
        ("a = 5.", "a = 5"),
        ("a = 1e3", "a = 1e3"),
        ("a = 'it''s'", "a = 'it''s'"),
        ("a = ''", "a = ''"),
        ("a = x'00Ff'", "a = X'00ff'"),
        ("a = true", "a = TRUE"),
        ("a = NULL", "a = NULL"),
        ("a = DATE '1994-01-01'", "a = DATE '1994-01-01'"),
        ("a = timestamp '1994-01-01 12:30:00.25'", "a = TIMESTAMP '1994-01-01 12:30:00.250'"),
        ("a = TIMESTAMP '1994-01-01T12:30:00+02:00'", "a = TIMESTAMP '1994-01-01 10:30:00Z'"),
        ("a = TIME '12:30'", "a = TIME '12:30:00'"),
        ("a IS NULL", "a IS NULL"),
        ("a is not null", "NOT (a IS NULL)"),
        ("a IN (1, 2, NULL)", "a IN (1, 2, NULL)"),
        ("a IN ()", "a IN ()"),
        ("a NOT IN ('x', 'y')", "NOT (a IN ('x', 'y'))"),
        ("a BETWEEN 1 AND 2", "a >= 1 AND a <= 2"),
        ("a NOT BETWEEN 1 AND 2", "NOT (a >= 1 AND a <= 2)"),
        ("a LIKE 'x%_\\%'", "a LIKE 'x%_\\%'"),
        ("a NOT LIKE 'x'", "NOT (a LIKE 'x')"),
        ("a LIKE '5!%' ESCAPE '!'", "a LIKE '5\\%'"),
        ("a LIKE 'c:\\x' ESCAPE ''", "a LIKE 'c:\\\\x'"),
        ("a", "a = TRUE"),
        ("NOT a", "NOT (a = TRUE)"),
        ("TRUE", "TRUE"),
        ("FALSE", "FALSE"),
        ("a.b . c = 1", "a.b.c = 1"),
        ("\"A \"\"b\"\"\".`c d` = 1", "A \"b\".c d = 1"),
        ("\"and\" = 1", "and = 1"),
        ("größe = 1", "größe = 1"),
        ("date > 5 AND Timestamp < 7 and x = 2", "date > 5 AND Timestamp < 7 AND x = 2"),
        (
            "l_shipdate >= DATE '1994-01-01' AND l_discount BETWEEN 0.05 AND 0.07",
            "l_shipdate >= DATE '1994-01-01' AND (l_discount >= 0.05 AND l_discount <= 0.07)",
        ),
    ] {
        assert_eq!(parsed(sql), expected, "{sql}");
    }
}

#[test]
fn not_binds_closer_than_and_and_that_closer_than_or() {
    for (sql, expected) in [
        ("a OR b AND c", "a = TRUE OR (b = TRUE AND c = TRUE)"),
        ("a AND b OR c", "(a = TRUE AND b = TRUE) OR c = TRUE"),
        ("(a OR b) AND c", "(a = TRUE OR b = TRUE) AND c = TRUE"),
        ("NOT a AND b", "NOT (a = TRUE) AND b = TRUE"),
        ("NOT (a AND b)", "NOT (a = TRUE AND b = TRUE)"),
        ("NOT NOT a = 1", "a = 1"),
        ("NOT a = 1 OR b = 2", "NOT (a = 1) OR b = 2"),
        ("a BETWEEN 1 AND 2 AND b", "(a >= 1 AND a <= 2) AND b = TRUE"),
        ("((((a = 1))))", "a = 1"),
        ("a OR b OR c", "a = TRUE OR b = TRUE OR c = TRUE"),
    ] {
        assert_eq!(parsed(sql), expected, "{sql}");
    }
}

#[test]
fn literals_have_types_of_their_own() {
    let decimal = DataType::Decimal128;
    let timestamp = |unit, zone: Option<&str>| DataType::Timestamp(unit, zone.map(Into::into));
    for (literals, expected) in [
        ("1", DataType::Int64),
        ("-9223372036854775808", DataType::Int64),
        ("9223372036854775808", DataType::UInt64),
        ("18446744073709551616", decimal(20, 0)),
        ("0.05", decimal(2, 2)),
        ("-123.450", decimal(6, 3)),
        ("123456789012345678901234567890.123456789", DataType::Decimal256(39, 9)),
        ("1e3", DataType::Float64),
        ("'x'", DataType::Utf8),
        ("x''", DataType::Binary),
        ("NULL", DataType::Null),
        ("TRUE", DataType::Boolean),
        ("DATE '1994-01-01'", DataType::Date32),
        ("TIME '01:02:03'", DataType::Time64(TimeUnit::Nanosecond)),
        ("TIMESTAMP '1994-01-01 00:00:00.000001'", timestamp(TimeUnit::Microsecond, None)),
        ("TIMESTAMP '1994-01-01 00:00:00.000000001Z'", timestamp(TimeUnit::Nanosecond, Some("UTC"))),
        ("1, NULL, 2", DataType::Int64),
        ("1, 0.25", decimal(21, 2)),
        ("0.5, 1e3, 2", DataType::Float64),
        ("DATE '1994-01-01', TIMESTAMP '1994-01-01 00:00:01'", timestamp(TimeUnit::Microsecond, None)),
        ("", DataType::Null),
    ] {
        let predicate = Predicate::parse(&format!("a IN ({literals})")).unwrap();
        let Tree::In { values, .. } = &*predicate.0 else { panic!("no list") };
        assert_eq!(*values.data_type(), expected, "{literals}");
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    for (sql, place, message) in [
        ("", "character 1, at the end", "a column or literal is missing"),
        ("a =", "character 4, at the end", "a column or literal is missing"),
        ("a = b", "character 5, before \"b\"", "a literal is missing"),
        ("1 = 2", "character 1, before \"1 = 2\"", "needs a column on one side"),
        ("1", "character 2, at the end", "a comparison is missing"),
        ("a = 1 b = 2", "character 7, before \"b = 2\"", "the condition ends before this"),
        ("(a = 1", "character 7, at the end", "\")\" is missing"),
        ("a = 1)", "character 6, before \")\"", "the condition ends before this"),
        ("größe = 'x", "character 9, before \"'x\"", "the quote is never closed"),
        ("a = 1x", "character 6, before \"x\"", "a number ends before this"),
        ("a = 1e", "character 7, at the end", "an exponent needs digits"),
        ("a = 1e999", "character 5, before \"1e999\"", "the number is too large"),
        ("a = x'0'", "character 5, before \"x'0'\"", "two hexadecimal digits"),
        ("a # 1", "character 3, before \"# 1\"", "means nothing here"),
        ("a IN 1", "character 6, before \"1\"", "\"(\" is missing"),
        ("a IN (1, 'x')", "character 7, before \"1, 'x')\"", "the types Int64 and Utf8"),
        ("a IN (1,)", "character 9, before \")\"", "a column or literal is missing"),
        ("a BETWEEN 1", "character 12, at the end", "AND is missing"),
        ("a IS 1", "character 6, before \"1\"", "NULL is missing"),
        ("a NOT 1", "character 7, before \"1\"", "IN, BETWEEN or LIKE is missing"),
        ("a LIKE 1", "character 8, before \"1\"", "a text in single quotes is missing"),
        ("a LIKE 'x\\'", "character 8, before \"'x\\\\'\"", "after '\\' there has to be"),
        ("a LIKE 'x' ESCAPE 'ab'", "character 23, at the end", "ESCAPE takes one character"),
        ("a = DATE '1994-13-01'", "character 5, before \"DATE '1994-13-01'\"", "a date is written"),
        ("a = TIME 'x'", "character 5, before \"TIME 'x'\"", "a time is written"),
        ("a = TIMESTAMP 'x'", "character 5, before \"TIMESTAMP 'x'\"", "a timestamp is written"),
        ("a = - 'x'", "character 7, before \"'x'\"", "a number is missing"),
        ("and = 1", "character 1, before \"and = 1\"", "names that are keywords need double quotes"),
        ("a. = 1", "character 4, before \"= 1\"", "a column name is missing"),
    ] {
        let error = Predicate::parse(sql).expect_err(sql).to_string();
        let place = place.replace("\\\\", "\\");
        assert!(error.starts_with(&format!("SQL, {place}: ")), "{sql}: {error}");
        assert!(error.contains(message), "{sql}: {error}");
    }
    let digits = format!("a = {}", "1".repeat(77));
    assert!(Predicate::parse(&digits).unwrap_err().to_string().contains("too many digits"));
}

#[test]
fn depth_is_bounded_and_length_is_not() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(parsed(&nested(199)), "a = TRUE");
    assert!(Predicate::parse(&nested(200)).unwrap_err().to_string().contains("nested deeper"));
    assert!(Predicate::parse(&"NOT ".repeat(100_000)).unwrap_err().to_string().contains("nested deeper"));
    let long = vec!["a = 1"; 10_000].join(" OR ");
    assert_eq!(parsed(&long), long);
}
