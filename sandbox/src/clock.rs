//! Dates as servers write them. In: milliseconds since the epoch. Out: text. The clock itself belongs to the caller.

/// ISO 8601 in UTC with milliseconds, as JavaScript's `toISOString` gives it: `2026-11-21T19:26:24.581Z`.
#[must_use]
#[allow(clippy::cast_possible_truncation)]
pub fn iso(ms: f64) -> String {
    // JavaScript's dates end here, and beyond it the arithmetic below would not hold either.
    let ms = ms.clamp(-8.64e15, 8.64e15) as i64;
    let (day, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (year, month, date) = civil(day);
    let (hour, minute, second, milli) = (
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1000 % 60,
        rest % 1000,
    );
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ if year < 0 => format!("-{:06}", -year),
        _ => format!("+{year:06}"),
    };
    format!("{year}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The date of HTTP's headers: `Sat, 21 Nov 2026 19:26:24 GMT`.
#[must_use]
#[allow(clippy::cast_possible_truncation)]
pub fn http_date(ms: f64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let second = (ms.clamp(-8.64e15, 8.64e15) / 1000.0).floor() as i64;
    let (day, rest) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    let (year, month, date) = civil(day);
    let named = |names: &[&'static str], at: i64| {
        let at = usize::try_from(at).unwrap_or(0);
        names.get(at).copied().unwrap_or("")
    };
    format!(
        "{}, {date:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        named(&DAYS, day.rem_euclid(7)),
        named(&MONTHS, month - 1),
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Days since the epoch to year, month and day: Howard Hinnant's `civil_from_days`.
fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let date = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::{http_date, iso};

    #[test]
    fn dates_are_written_as_javascript_writes_them() {
        for (ms, text) in [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (1_795_289_184_581.0, "2026-11-21T19:26:24.581Z"),
            (951_782_400_000.0, "2000-02-29T00:00:00.000Z"),
            (-1.0, "1969-12-31T23:59:59.999Z"),
            (8.64e15, "+275760-09-13T00:00:00.000Z"),
            (-8.64e15, "-271821-04-20T00:00:00.000Z"),
            (f64::INFINITY, "+275760-09-13T00:00:00.000Z"),
        ] {
            assert_eq!(iso(ms), text);
        }
    }
    #[test]
    fn headers_name_the_weekday_and_the_month() {
        for (ms, text) in [
            (0.0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_795_289_184_581.0, "Sat, 21 Nov 2026 19:26:24 GMT"),
            (951_782_400_000.0, "Tue, 29 Feb 2000 00:00:00 GMT"),
        ] {
            assert_eq!(http_date(ms), text);
        }
    }
}
