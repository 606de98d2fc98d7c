//! How values stand in a snapshot, where they stand otherwise than their fields would.

/// What has a canonical text as that text: a snapshot then does not depend on how a currency or an amount is held in memory.
pub(super) mod text {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;
    use std::fmt::Display;
    use std::str::FromStr;

    pub(in crate::registry) fn serialize<S: Serializer>(value: &impl Display, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&value.to_string())
    }

    pub(in crate::registry) fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(input: D) -> Result<T, D::Error> {
        <&str>::deserialize(input)?.parse().map_err(D::Error::custom)
    }
}

/// The same, where there may be none.
pub(super) mod optional_text {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};
    use std::fmt::Display;
    use std::str::FromStr;

    pub(in crate::registry) fn serialize<S: Serializer>(value: &Option<impl Display>, out: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(ToString::to_string).serialize(out)
    }

    pub(in crate::registry) fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(input: D) -> Result<Option<T>, D::Error> {
        Option::<&str>::deserialize(input)?.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

/// An instant as its microseconds: open ends have no text.
pub(super) mod micros {
    use crate::Instant;
    use serde::de::{Deserialize, Deserializer};
    use serde::ser::Serializer;

    pub(in crate::registry) fn serialize<S: Serializer>(instant: &Instant, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_i64(instant.micros())
    }

    pub(in crate::registry) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Instant, D::Error> {
        i64::deserialize(input).map(Instant::from_micros)
    }
}

/// The same, where there may be none.
pub(super) mod optional_micros {
    use crate::Instant;
    use serde::de::{Deserialize, Deserializer};
    use serde::ser::{Serialize, Serializer};

    pub(in crate::registry) fn serialize<S: Serializer>(instant: &Option<Instant>, out: S) -> Result<S::Ok, S::Error> {
        instant.map(Instant::micros).serialize(out)
    }

    pub(in crate::registry) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Instant>, D::Error> {
        Ok(Option::deserialize(input)?.map(Instant::from_micros))
    }
}

/// A set of uses as a list of them.
pub(super) mod uses {
    use crate::{Use, UseSet};
    use serde::de::{Deserialize, Deserializer};
    use serde::ser::{Serialize, Serializer};

    pub(in crate::registry) fn serialize<S: Serializer>(set: &UseSet, out: S) -> Result<S::Ok, S::Error> {
        // Gathered first: a snapshot says how many there are before it says which.
        set.iter().collect::<Vec<_>>().serialize(out)
    }

    pub(in crate::registry) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<UseSet, D::Error> {
        Ok(Vec::<Use>::deserialize(input)?.into_iter().collect())
    }
}
