//! Where a ledger is, said without its password.

use crate::LedgerError;
use crate::dialect::Dialect;
use sqlx::any::AnyConnectOptions;
use std::fmt::{self, Display};
use std::path::Path;
use std::str::FromStr;

/// The URL of a ledger: `sqlite://PATH`, `postgres://USER@HOST/DATABASE` or `postgresql://...`. Shown with `***` for a password.
#[derive(Clone, PartialEq, Eq)]
pub struct LedgerUrl {
    text: String,
    pub(crate) dialect: Dialect,
}

impl FromStr for LedgerUrl {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<LedgerUrl, LedgerError> {
        let is = |scheme: &str| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty());
        let dialect = if is("sqlite://") {
            Dialect::Sqlite
        } else if is("postgres://") || is("postgresql://") {
            Dialect::Postgres
        } else {
            return Err(LedgerError::Url(shown(text)));
        };
        Ok(LedgerUrl { text: text.to_owned(), dialect })
    }
}

impl LedgerUrl {
    /// The file of an embedded ledger; a ledger on a server has none.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.text.strip_prefix("sqlite://").map(Path::new)
    }

    /// How to connect to it.
    pub(crate) fn options(&self, create: bool) -> Result<AnyConnectOptions, LedgerError> {
        let parsed = match self.path() {
            // Each byte encoded, so that the path stays as it is: no part of it can be taken for a parameter or a step up.
            Some(path) => {
                let mode = if create { "rwc" } else { "rw" };
                let mut url = String::from("sqlite:");
                path.as_os_str().as_encoded_bytes().iter().for_each(|byte| url.push_str(&format!("%{byte:02X}")));
                format!("{url}?mode={mode}").parse()
            }
            None => self.text.parse(),
        };
        parsed.map_err(|source| LedgerError::Open { path: self.to_string(), source })
    }
}

impl Display for LedgerUrl {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&shown(&self.text))
    }
}

impl fmt::Debug for LedgerUrl {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{:?}", shown(&self.text))
    }
}

/// A URL, also one that is wrong, with `***` for what may be a password.
fn shown(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| *scheme != "sqlite") else { return text.to_owned() };
    let lower = rest.to_ascii_lowercase();
    let parameter = ["?password=", "&password="].iter().filter_map(|name| lower.find(name)).min();
    let (before, parameters) = rest.split_at(parameter.unwrap_or(rest.len()));
    let parameters: Vec<&str> = parameters.split_inclusive('&').map(without_password).collect();
    // The last @, since a password that was not encoded may hold one.
    let before = match before.rsplit_once('@').and_then(|(user, rest)| Some((user.split_once(':')?.0, rest))) {
        Some((user, rest)) => format!("{user}:***@{rest}"),
        None => before.to_owned(),
    };
    format!("{scheme}://{before}{}", parameters.concat())
}

/// A parameter with the sign that ends it.
fn without_password(parameter: &str) -> &str {
    match parameter.split_once('=') {
        Some((name, value)) if name.to_ascii_lowercase().ends_with("password") => match (name.starts_with('?'), value.ends_with('&')) {
            (true, true) => "?password=***&",
            (true, false) => "?password=***",
            (false, true) => "password=***&",
            (false, false) => "password=***",
        },
        _ => parameter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (url, expected) in [
            ("postgres://ana:secret@db:5432/books", "postgres://ana:***@db:5432/books"),
            ("postgresql://ana:se@cr/et?@db/books", "postgresql://ana:***@db/books"),
            ("postgres://ana@db/books?sslmode=require", "postgres://ana@db/books?sslmode=require"),
            ("postgres://db/books?user=ana&password=secret&sslmode=require", "postgres://db/books?user=ana&password=***&sslmode=require"),
            ("postgres://db/books?user=ana&PassWord=secret", "postgres://db/books?user=ana&password=***"),
            ("postgres://db:5432/books?password=se@cret", "postgres://db:5432/books?password=***"),
            ("mysql://ana:secret@db/books", "mysql://ana:***@db/books"),
            ("sqlite:///a:b@c/ledger", "sqlite:///a:b@c/ledger"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for url in ["", "ledger.sqlite", "sqlite://", "postgres://", "mysql://ana:secret@db/books"] {
            let error = url.parse::<LedgerUrl>().unwrap_err().to_string();
            assert!(error.contains("sqlite://PATH") && !error.contains("secret"), "{error}");
        }
    }
}
