//! Parquet's hybrid of runs and packed bits: how levels and numbers of words stand in a page.

/// A shorter run is packed with its neighbours. No shorter than 8: packed numbers stand in groups of 8.
const LONG: usize = 16;

/// How many numbers are packed together.
const GROUP: usize = 8;

/// How many bits a number takes that is at most so large; at least one.
pub(super) fn width_of(greatest: u32) -> u8 {
    u8::try_from(u32::BITS - greatest.leading_zeros()).unwrap_or(32).max(1)
}

/// Appends numbers that take `width` bits each.
pub(super) fn put<N: Copy + Eq + Into<u32>>(numbers: &[N], width: u8, out: &mut Vec<u8>) {
    let (mut packed, mut at) = (0, 0);
    while at < numbers.len() {
        let run = numbers[at..].iter().take_while(|number| **number == numbers[at]).count();
        if run < LONG {
            at = (at + GROUP).min(numbers.len());
            continue;
        }
        put_packed(&numbers[packed..at], width, out);
        put_run(numbers[at].into(), run, width, out);
        at += run;
        packed = at;
    }
    put_packed(&numbers[packed..], width, out);
}

fn put_run(number: u32, count: usize, width: u8, out: &mut Vec<u8>) {
    put_varint(count << 1, out);
    out.extend_from_slice(&number.to_le_bytes()[..usize::from(width.div_ceil(8))]);
}

/// Whole groups of 8, from the lowest bit up; what the last one lacks is 0.
fn put_packed<N: Copy + Into<u32>>(numbers: &[N], width: u8, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    put_varint(numbers.len().div_ceil(GROUP) << 1 | 1, out);
    for group in numbers.chunks(GROUP) {
        let (mut bits, mut held) = (0_u64, 0);
        for place in 0..GROUP {
            bits |= group.get(place).map_or(0, |number| u64::from((*number).into())) << held;
            held += width;
            while held >= 8 {
                out.push(bits.to_le_bytes()[0]);
                bits >>= 8;
                held -= 8;
            }
        }
    }
}

fn put_varint(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers, as the format describes them: bit by bit.
    fn read(mut bytes: &[u8], width: u8) -> Vec<u32> {
        let mut numbers = Vec::new();
        let width = usize::from(width);
        while !bytes.is_empty() {
            let (mut header, mut shift) = (0, 0);
            loop {
                let byte = bytes[0];
                bytes = &bytes[1..];
                header |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            let count = header >> 1;
            let (values, length) = if header & 1 == 1 { (count * 8, count * width) } else { (1, width.div_ceil(8)) };
            let bit = |at: usize| u32::from(bytes[at / 8] >> (at % 8) & 1);
            let value = |value: usize| (0..width).map(|place| bit(value * width + place) << place).sum::<u32>();
            let repeated = if header & 1 == 1 { 1 } else { count };
            numbers.extend((0..values).flat_map(|at| std::iter::repeat_n(value(at), repeated)));
            bytes = &bytes[length..];
        }
        numbers
    }

    #[test]
    fn runs_and_packed_numbers_of_any_width_are_read_back() {
        for width in 1..=32 {
            let greatest = u32::MAX >> (32 - u32::from(width));
            for lengths in [vec![1; 50], vec![15, 16, 17], vec![7, 200, 1, 16, 3, 1000, 8], vec![8, 8, 24, 5], vec![20_000, 1]] {
                let value = |at: usize| u32::try_from(at * 2_654_435_761 % 4_294_967_291).unwrap_or(0) & greatest;
                let numbers: Vec<u32> =
                    lengths.iter().enumerate().flat_map(|(at, length)| std::iter::repeat_n(value(at + 1), *length)).collect();
                let mut out = Vec::new();
                put(&numbers, width, &mut out);
                let mut found = read(&out, width);
                assert!(found.len() < numbers.len() + GROUP, "only the last group is filled up");
                found.truncate(numbers.len());
                assert_eq!(found, numbers);
            }
        }
    }

    #[test]
    fn a_width_is_what_the_greatest_number_takes() {
        let widths = [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (255, 8), (256, 9), (u32::MAX, 32)];
        assert_eq!(widths.map(|(greatest, _)| width_of(greatest)), widths.map(|(_, width)| width));
    }
}
