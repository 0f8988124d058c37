//! Dates, timestamps and times of day as text.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::value::NANOS_OF_DAY;

const NANOS_OF_SECOND: i128 = 1_000_000_000;

/// Midnight of a date such as 1994-01-01, in nanoseconds from 1970.
pub(super) fn parse_date(text: &str) -> Option<i128> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    nanos(date.and_time(NaiveTime::MIN).and_utc())
}

/// A timestamp such as 1994-01-01 12:30:00.5, in nanoseconds from 1970, and whether it says where: Z or +02:00 behind
/// it. Seconds may be missing, the time of day as a whole too; a T may stand before it.
pub(super) fn parse_timestamp(text: &str) -> Option<(i128, bool)> {
    if let Some(midnight) = parse_date(text) {
        return Some((midnight, false));
    }
    let text = text.replacen(['T', 't'], " ", 1);
    for format in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(local) = NaiveDateTime::parse_from_str(&text, format) {
            return Some((nanos(local.and_utc())?, false));
        }
        let zoned = match text.strip_suffix(['Z', 'z']) {
            Some(utc) => NaiveDateTime::parse_from_str(utc.trim_end(), format).map(|time| time.and_utc()),
            None => DateTime::parse_from_str(&text, &format!("{format}%#z")).map(|time| time.to_utc()),
        };
        if let Ok(instant) = zoned {
            return Some((nanos(instant)?, true));
        }
    }
    None
}

/// A time of day such as 12:30:00.5, in nanoseconds. Seconds may be missing.
pub(super) fn parse_time(text: &str) -> Option<i128> {
    let time = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())?;
    let seconds = i128::from(time.num_seconds_from_midnight()).checked_mul(NANOS_OF_SECOND)?;
    seconds.checked_add(time.nanosecond().into())
}

fn nanos<Z: chrono::TimeZone>(instant: DateTime<Z>) -> Option<i128> {
    let seconds = i128::from(instant.timestamp()).checked_mul(NANOS_OF_SECOND)?;
    seconds.checked_add(instant.timestamp_subsec_nanos().into())
}

/// In the manner of SQL; as a number where it is out of the calendar.
pub(super) fn instant_text(nanos: i128, is_utc: bool) -> String {
    let seconds = i64::try_from(nanos.div_euclid(NANOS_OF_SECOND)).ok();
    let fraction = u32::try_from(nanos.rem_euclid(NANOS_OF_SECOND)).unwrap_or(0);
    let zone = if is_utc { "Z" } else { "" };
    match seconds.and_then(|seconds| DateTime::from_timestamp(seconds, fraction)) {
        Some(instant) if nanos.rem_euclid(NANOS_OF_DAY) == 0 && !is_utc => {
            instant.format("DATE '%Y-%m-%d'").to_string()
        }
        Some(instant) => instant.format(&format!("TIMESTAMP '%Y-%m-%d %H:%M:%S%.f{zone}'")).to_string(),
        None => format!("{nanos} ns after 1970"),
    }
}

/// In the manner of SQL; as a number where it is no time of day.
pub(super) fn time_text(nanos: i128) -> String {
    let seconds = u32::try_from(nanos.div_euclid(NANOS_OF_SECOND)).ok();
    let fraction = u32::try_from(nanos.rem_euclid(NANOS_OF_SECOND)).unwrap_or(0);
    match seconds.and_then(|seconds| NaiveTime::from_num_seconds_from_midnight_opt(seconds, fraction)) {
        Some(time) => time.format("TIME '%H:%M:%S%.f'").to_string(),
        None => format!("{nanos} ns after midnight"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_instants_and_back() {
        let second = NANOS_OF_SECOND;
        for (text, expected) in [
            ("1970-01-02", Some((86_400 * second, false))),
            ("1969-12-31 23:59:59", Some((-second, false))),
            ("1970-01-01T00:00:01.5", Some((second + second / 2, false))),
            ("1970-01-01 00:01", Some((60 * second, false))),
            ("1970-01-01 00:00:01.000000001Z", Some((second + 1, true))),
            ("1970-01-01 02:00:01+02:00", Some((second, true))),
            ("1970-01-01 02:00:01 +0200", Some((second, true))),
            ("1970-01-01 02:00-01", Some((3 * 3600 * second, true))),
            ("1970-13-01", None),
            ("1970-01-01 25:00:00", None),
            ("1970-01-01 00:00:00 Mars", None),
            ("", None),
        ] {
            assert_eq!(parse_timestamp(text), expected, "{text}");
        }
        assert_eq!(parse_date("1970-01-01 00:00:00"), None);
        assert_eq!(parse_time("01:00:00.25"), Some(3600 * second + second / 4));
        assert_eq!((parse_time("01:01"), parse_time("24:00:00")), (Some(3660 * second), None));
        assert_eq!(instant_text(-second, false), "TIMESTAMP '1969-12-31 23:59:59'");
        assert_eq!(instant_text(second / 2, true), "TIMESTAMP '1970-01-01 00:00:00.500Z'");
        assert_eq!(instant_text(NANOS_OF_DAY, false), "DATE '1970-01-02'");
        assert_eq!(time_text(3660 * second), "TIME '01:01:00'");
    }
}
