//! [`Weight`]: a decimal with 12 fractional digits, as attributions carry it.

/// A weight in units of 10^-12, below 10^15 in size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(i128);

impl Weight {
    /// A weight of that many units of 10^-12.
    #[must_use]
    pub const fn from_units(units: i128) -> Weight {
        Weight(units)
    }
    /// The count of units of 10^-12.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }
}
