//! Points in time: dates as servers and callers write them in, milliseconds since the epoch out. No clock.

/// The last and first millisecond that a JavaScript `Date` can hold.
const LIMIT: f64 = 8.64e15;

/// Reads an ISO 8601 date as RFC 3339 profiles it: `2026-11-21T19:26:24.581Z`, `…+02:00`, or a bare date, which is
/// midnight UTC. A time without a zone is nobody's point in time and gives `None`.
pub fn iso(text: &str) -> Option<f64> {
    let mut scan = Scan(text.as_bytes());
    let (year, _, month, _, day) = (
        scan.digits(4)?,
        scan.byte(b"-")?,
        scan.digits(2)?,
        scan.byte(b"-")?,
        scan.digits(2)?,
    );
    let midnight = civil(year, month, day)?;
    if scan.0.is_empty() {
        return Some(midnight);
    }
    scan.byte(b"Tt ")?;
    let (hour, _, minute) = (scan.digits(2)?, scan.byte(b":")?, scan.digits(2)?);
    let mut seconds = 0.0;
    if scan.byte(b":").is_some() {
        seconds = scan.digits(2)?;
        if scan.byte(b".,").is_some() {
            seconds += scan.fraction()?;
        }
    }
    if hour > 24.0 || minute > 59.0 || seconds >= 61.0 {
        return None;
    }
    let zone = match scan.byte(b"Zz+-")? {
        b'Z' | b'z' => 0.0,
        sign => {
            let hours = scan.digits(2)?;
            scan.byte(b":");
            let minutes = hours * 60.0
                + if scan.0.is_empty() {
                    0.0
                } else {
                    scan.digits(2)?
                };
            if sign == b'-' { -minutes } else { minutes }
        }
    };
    let stamp = midnight + (hour * 60.0 + minute - zone) * 60_000.0 + (seconds * 1e6).round() / 1e3;
    scan.0.is_empty().then_some(stamp)
}

/// Reads the date of an HTTP header: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7; its two obsolete forms
/// are not read).
pub fn http(text: &str) -> Option<f64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = text.trim().split([' ', ':']);
    let mut word = || words.next();
    word()?;
    let day = whole(word()?)?;
    let name = word()?;
    let month = MONTHS.iter().position(|month| *month == name)? as f64 + 1.0;
    let midnight = civil(whole(word()?)?, month, day)?;
    let (hour, minute, second) = (whole(word()?)?, whole(word()?)?, whole(word()?)?);
    (word() == Some("GMT")).then_some(midnight + ((hour * 60.0 + minute) * 60.0 + second) * 1e3)
}

/// A point in time that a `Date` can hold.
pub fn valid(stamp: f64) -> Option<f64> {
    (stamp.abs() <= LIMIT).then_some(stamp)
}

/// Midnight UTC of a day in the proleptic Gregorian calendar, if there is such a day.
fn civil(year: f64, month: f64, day: f64) -> Option<f64> {
    // as integers: the remainder of floats is 1 KB of WebAssembly
    let (whole_year, whole_month) = (year as u32, month as u32);
    let leap = whole_year % 4 == 0 && (whole_year % 100 != 0 || whole_year % 400 == 0);
    let last = match whole_month {
        4 | 6 | 9 | 11 => 30.0,
        2 if leap => 29.0,
        2 => 28.0,
        1..=12 => 31.0,
        _ => return None,
    };
    if !(1.0..=last).contains(&day) {
        return None;
    }
    // years that begin in March put the leap day last
    let year = if month <= 2.0 { year - 1.0 } else { year };
    let month = f64::from((whole_month + 9) % 12);
    let days =
        365.0 * year + (year / 4.0).floor() - (year / 100.0).floor() + (year / 400.0).floor();
    let day_of_year = ((153.0 * month + 2.0) / 5.0).floor() + day - 1.0;
    Some((days + day_of_year - 719_468.0) * 86_400_000.0)
}

/// A number written in decimal digits and nothing else.
pub fn whole(text: &str) -> Option<f64> {
    let digits =
        !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| {
        text.bytes()
            .fold(0.0, |sum, byte| sum * 10.0 + f64::from(byte - b'0'))
    })
}

struct Scan<'a>(&'a [u8]);

impl Scan<'_> {
    fn digits(&mut self, count: usize) -> Option<f64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        let sum = digits.iter().try_fold(0_u32, |sum, byte| {
            let digit = byte.wrapping_sub(b'0');
            (digit < 10).then(|| sum * 10 + u32::from(digit))
        });
        sum.map(f64::from)
    }

    fn byte(&mut self, any_of: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        any_of.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn fraction(&mut self) -> Option<f64> {
        let count = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        let kept = digits.get(..count.min(9)).filter(|kept| !kept.is_empty())?;
        let (value, unit) = kept.iter().fold((0_u32, 1_u32), |(value, unit), digit| {
            (value * 10 + u32::from(digit - b'0'), unit * 10)
        });
        Some(f64::from(value) / f64::from(unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_servers_become_what_date_parse_gives() {
        let cases = [
            ("2026-11-21T19:26:24.581Z", Some(1795289184581.0)),
            ("2024-01-07T08:00:00.000Z", Some(1704614400000.0)),
            ("2024-01-07T08:00:00Z", Some(1704614400000.0)),
            ("2024-01-07T10:00+02:00", Some(1704614400000.0)),
            ("2024-01-07 03:00:00-0500", Some(1704614400000.0)),
            ("2026-07-22T10:00:03.123456+00:00", Some(1784714403123.456)),
            ("1970-01-01", Some(0.0)),
            ("2000-02-29", Some(951782400000.0)),
            ("1969-12-31T23:59:59.999Z", Some(-1.0)),
        ];
        for (text, stamp) in cases {
            assert_eq!(iso(text), stamp, "{text}");
        }
    }

    #[test]
    fn what_is_no_point_in_time_gives_none() {
        let texts = [
            "",
            "now",
            "2024-01-07T08:00:00",
            "2024-13-01",
            "2023-02-29",
            "2024-00-10",
            "2024-01-32",
            "2024-1-7",
            "1704614400000",
            "2024-01-07T08:00:00Zjunk",
            "2024-01-07T08:00:00.Z",
            "2024-01-07T25:00:00Z",
            "2024-01-07T08:61:00Z",
            "２０２４-01-07",
        ];
        for text in texts {
            assert_eq!(iso(text), None, "{text}");
        }
    }

    #[test]
    fn http_dates_are_read() {
        assert_eq!(http("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784111777000.0));
        assert_eq!(http("Sun, 06 Nov 1994 08:49:37 CET"), None);
        assert_eq!(http("soon"), None);
    }

    #[test]
    fn any_text_gives_an_answer() {
        proptest::proptest!(|(text: String)| {
            let _ = (iso(&text), http(&text));
        });
        proptest::proptest!(|(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}:?[0-9]{0,2})?")| {
            if let Some(stamp) = iso(&text) {
                proptest::prop_assert!(valid(stamp).is_some());
            }
        });
    }
}
