//! Where the plain tokens of JSON end: strings without escapes, numbers without exponents. Anything else is left to the parser.

/// A byte of 1 in each place.
const ONES: u64 = u64::MAX / 0xff;
/// The highest bit of each byte.
const HIGHEST: u64 = ONES * 0x80;
/// A plain number has at most so many bytes; the parser knows how many digits a longer one may have.
const NUMBER_BYTES_MAX: usize = 64;

/// Where the string that starts at `start`, behind its quote, has its other quote; none if it has escapes or control characters.
#[inline]
pub(super) fn plain_string(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let (words, tail) = rest.as_chunks();
    let mut before = 0;
    for word in words {
        let found = not_plain(u64::from_le_bytes(*word));
        if found != 0 {
            let length = before + usize::try_from(found.trailing_zeros() / 8).ok()?;
            return (rest[length] == b'"').then_some(start + length);
        }
        before += word.len();
    }
    let length = tail.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'))?;
    (tail[length] == b'"').then_some(start + before + length)
}

/// The highest bit of each of 8 bytes that is a quote, a backslash or a control character. Right up to the lowest byte that is one;
/// above it a borrow may mark others.
#[inline]
fn not_plain(word: u64) -> u64 {
    // With its bit of 2 flipped a quote (0x22) stands right above the control characters (below 0x20), which stay below.
    let flipped = word ^ (ONES * 2);
    let quotes_and_controls = flipped.wrapping_sub(ONES * 0x21) & !flipped;
    let slashes = word ^ (ONES * 0x5c);
    (quotes_and_controls | (slashes.wrapping_sub(ONES) & !slashes)) & HIGHEST
}

/// The end of the number that starts at `start`, if it is a short one without an exponent.
#[inline]
pub(super) fn plain_number(text: &[u8], start: usize) -> Option<usize> {
    let whole = start + usize::from(text.get(start) == Some(&b'-'));
    let point = digits(text, whole);
    if point == whole || (text[whole] == b'0' && point > whole + 1) {
        return None;
    }
    let mut end = point;
    if text.get(point) == Some(&b'.') {
        end = digits(text, point + 1);
        if end == point + 1 {
            return None;
        }
    }
    let plain = end - start <= NUMBER_BYTES_MAX && !matches!(text.get(end), Some(b'e' | b'E'));
    plain.then_some(end)
}

/// The end of the digits that start at `start`.
#[inline]
fn digits(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{plain_number, plain_string};
    use jiter::{Jiter, Peek};

    /// The same, byte by byte.
    fn first_quote(text: &[u8], start: usize) -> Option<usize> {
        let length = text[start..].iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'))?;
        (text[start + length] == b'"').then_some(start + length)
    }

    #[test]
    fn strings_end_at_the_first_quote_if_nothing_hurts_before_it() {
        for length in 1..20 {
            for (place, byte) in (0..length).flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte))) {
                for (other, start) in [(b'"', 0), (b'\\', 1), (b' ', 1), (b'!', 0), (0xff, 1), (0x80, 0), (0x1f, 1), (0x5d, 1)] {
                    let mut text = vec![b'a'; length];
                    text[length / 2] = other;
                    text[length - 1] = b'"';
                    text[place] = byte;
                    let start = start.min(length);
                    assert_eq!(plain_string(&text, start), first_quote(&text, start), "{text:?} from {start}");
                }
            }
        }
        assert_eq!(plain_string(b"a", 2), None);
    }

    #[test]
    fn numbers_end_where_the_parser_says() {
        let alphabet = b"0159.-+eE, ";
        let mut found = 0;
        for number in 0..alphabet.len().pow(6) {
            let text: Vec<u8> = (0..6).map(|place| alphabet[number / alphabet.len().pow(place) % alphabet.len()]).collect();
            let Some(end) = plain_number(&text, 0) else { continue };
            let mut jiter = Jiter::new(&text);
            let parsed = jiter.known_number_bytes(Peek::new(text[0])).map(<[u8]>::len);
            assert_eq!(parsed, Ok(end), "{:?}", String::from_utf8_lossy(&text));
            found += 1;
        }
        assert!(found > 100_000, "{found} of them were plain");
    }

    #[test]
    fn long_numbers_are_left_to_the_parser() {
        let number = |digits: usize| plain_number("7".repeat(digits).as_bytes(), 0);
        assert_eq!((number(64), number(65)), (Some(64), None));
    }
}
