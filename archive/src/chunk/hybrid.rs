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
