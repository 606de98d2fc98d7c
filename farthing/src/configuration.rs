//! The configuration file, and what of the environment stands in for it.

pub mod limits;
pub mod payers;
pub mod topics;

use crate::telemetry::configuration::TelemetryTable;
use anyhow::{Context, bail, ensure};
use farthing_archive::S3;
use farthing_archive::s3::{Credentials, Secret};
use limits::MeterTable;
use payers::Payers;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};
use std::time::Duration;
use topics::Topics;

/// A configuration file; unknown keys are refused. It may hold secrets, so it is never shown.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Folder of the embedded ledger and archive.
    pub data: Option<PathBuf>,
    /// URL of the ledger.
    pub ledger: Option<String>,
    /// URL of the archive.
    pub archive: Option<String>,
    /// How the bucket of an archive `s3://...` is reached.
    #[serde(default)]
    pub s3: S3Table,
    /// Where metering is watched from.
    #[serde(default)]
    pub telemetry: TelemetryTable,
    /// How events are metered.
    #[serde(default)]
    pub meter: MeterTable,
    /// When invoices are to be paid.
    #[serde(default)]
    pub invoices: InvoicesTable,
    /// Topics that can be metered by name.
    #[serde(default)]
    pub topics: Topics,
    /// From where MIDs pay.
    #[serde(default)]
    pub payers: Payers,
}

/// `[s3]`: what is not said here is taken from the environment variables that are named.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Table {
    /// URL of the service, `https://HOST[:PORT]` [AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL; else that of AWS in the region].
    endpoint: Option<String>,
    /// The region that requests are signed for [AWS_REGION, AWS_DEFAULT_REGION; else us-east-1].
    region: Option<String>,
    /// Name of the key; with it goes one of the two secrets [AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN].
    access_key_id: Option<String>,
    /// The key's secret.
    #[serde(default, deserialize_with = "secret")]
    secret_access_key: Option<Secret>,
    /// A file that holds the key's secret and nothing else; white space around it does not count.
    secret_access_key_file: Option<PathBuf>,
    /// Whether the machine's own role signs, where nothing else does; what web identity and containers need is in the environment anyway.
    instance_role: Option<bool>,
    /// Whether an endpoint without TLS, `http://`, is fine [AWS_ALLOW_HTTP; else false].
    allow_http: Option<bool>,
    /// Whether the bucket is a part of the host's name, as AWS wants it, or of the path, as most others do
    /// [AWS_VIRTUAL_HOSTED_STYLE_REQUEST; else true without an endpoint, and false with one].
    virtual_hosted: Option<bool>,
    /// Whether the store knows `If-None-Match: *` [true]; one that does not is asked before each put whether the name is taken.
    conditional_puts: Option<bool>,
    /// MiB of a part, from 5 to 1024 [32]; larger objects go up in parts.
    part_mib: Option<usize>,
    /// Seconds for which a request is tried again while the store fails, throttles or is away [240]; signatures hold for 900 at most.
    patience_seconds: Option<u64>,
}

/// `[invoices]`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoicesTable {
    /// Days from an approval until its invoices are to be paid, up to 365 [30].
    due_days: Option<u16>,
}

/// Days until an invoice is to be paid, where nobody says how many.
const DUE_DAYS: u16 = 30;
/// The most of them.
const DUE_DAYS_MAX: u16 = 365;

impl InvoicesTable {
    /// The table, if what it says is within bounds.
    pub fn checked(self) -> anyhow::Result<InvoicesTable> {
        ensure!(self.due_days() <= DUE_DAYS_MAX, "due_days under [invoices] must be from 0 to {DUE_DAYS_MAX}");
        Ok(self)
    }

    /// Days from an approval until its invoices are to be paid.
    pub fn due_days(self) -> u16 {
        self.due_days.unwrap_or(DUE_DAYS)
    }
}

/// Signatures are made once for all tries of a request, and AWS takes those of the last quarter of an hour.
const PATIENCE_SECONDS: std::ops::RangeInclusive<u64> = 1..=800;
/// By these the platform lends credentials to a process.
const LENT: [&str; 7] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];
/// Of those, the ones that say that there are any.
const LENDING: [&str; 3] = [LENT[0], LENT[4], LENT[5]];

impl Configuration {
    /// Reads a file. What is wrong with it is told without quoting it.
    pub fn read(path: &Path) -> anyhow::Result<Configuration> {
        let text = std::fs::read_to_string(path).with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count());
            anyhow::anyhow!("the configuration {} is wrong in line {line}: {}", path.display(), error.message())
        })
    }
}

/// A wrong secret is not quoted, either.
fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    match toml::Value::deserialize(from)? {
        toml::Value::String(text) => Ok(Some(Secret::new(text))),
        _ => Err(D::Error::custom("secret_access_key must be a text")),
    }
}

impl S3Table {
    /// What the file says, and the environment where it says nothing.
    pub fn or(self, environment: impl Fn(&str) -> Option<String>) -> anyhow::Result<S3> {
        let first = |names: &[&str]| names.iter().find_map(|name| environment(name).filter(|value| !value.is_empty()));
        let flag = |said: Option<bool>, name: &str, otherwise: bool| match (said, first(&[name])) {
            (Some(said), _) => Ok(said),
            (None, Some(value)) => value.to_lowercase().parse().with_context(|| format!("{name} must be true or false")),
            (None, None) => Ok(otherwise),
        };
        let endpoint = self.endpoint.clone().or_else(|| first(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]));
        if let Some(endpoint) = &endpoint {
            ensure!(
                endpoint.starts_with("http://") || endpoint.starts_with("https://"),
                "the endpoint {endpoint:?} is no URL: use https://HOST or https://HOST:PORT"
            );
        }
        let patience = self.patience_seconds.unwrap_or(S3::default().patience.as_secs());
        ensure!(PATIENCE_SECONDS.contains(&patience), "patience_seconds under [s3] must be from 1 to {}", PATIENCE_SECONDS.end());
        let part_bytes = self.part_mib.map_or(S3::default().part_bytes, |mib| mib.saturating_mul(1 << 20));
        ensure!((5 << 20..=1 << 30).contains(&part_bytes), "part_mib under [s3] must be from 5 to 1024");
        Ok(S3 {
            part_bytes,
            region: self.region.clone().or_else(|| first(&["AWS_REGION", "AWS_DEFAULT_REGION"])).unwrap_or(S3::default().region),
            allow_http: flag(self.allow_http, "AWS_ALLOW_HTTP", false)?,
            virtual_hosted: flag(self.virtual_hosted, "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", endpoint.is_none())?,
            conditional_puts: self.conditional_puts.unwrap_or(true),
            patience: Duration::from_secs(patience),
            credentials: self.credentials(first)?,
            endpoint,
        })
    }

    fn credentials(self, first: impl Fn(&[&str]) -> Option<String>) -> anyhow::Result<Option<Credentials>> {
        let key = |id, secret, session_token| Ok(Some(Credentials::Key { id, secret, session_token }));
        match (self.access_key_id, self.secret_access_key, self.secret_access_key_file) {
            (Some(id), Some(secret), None) => return key(id, secret, None),
            (Some(id), None, Some(file)) => return key(id, secret_in(&file)?, None),
            (None, None, None) => {}
            _ => bail!("under [s3] access_key_id goes with one of secret_access_key and secret_access_key_file"),
        }
        if let Some(id) = first(&["AWS_ACCESS_KEY_ID"]) {
            let secret = first(&["AWS_SECRET_ACCESS_KEY"]).context("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not")?;
            return key(id, Secret::new(secret), first(&["AWS_SESSION_TOKEN"]).map(Secret::new));
        }
        let lent: Vec<(String, String)> = LENT.iter().filter_map(|name| Some(((*name).to_owned(), first(&[name])?))).collect();
        let some = self.instance_role == Some(true) || LENDING.iter().any(|name| first(&[name]).is_some());
        Ok(some.then_some(Credentials::Role(lent)))
    }
}

fn secret_in(file: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(file).with_context(|| format!("the secret in {} cannot be read", file.display()))?;
    ensure!(!text.trim().is_empty(), "the secret in {} is empty", file.display());
    Ok(Secret::new(text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a table and an environment come to, shown.
    fn check(table: &str, environment: &[(&str, &str)], expected: Result<&str, &str>) {
        let table: S3Table = toml::from_str(table).unwrap();
        let variable = |name: &str| environment.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned());
        let found = table.or(variable).map(|s3| {
            let S3 { endpoint, region, credentials, allow_http, virtual_hosted, conditional_puts, part_bytes, patience } = s3;
            format!(
                "{endpoint:?} {region} {credentials:?} {allow_http} {virtual_hosted} {conditional_puts} {} {patience:?}",
                part_bytes >> 20
            )
        });
        assert_eq!(found.as_deref().map_err(ToString::to_string), expected.map_err(str::to_owned));
    }

    #[test]
    fn the_file_comes_before_the_environment_and_no_secret_is_shown() {
        check("", &[], Ok("None us-east-1 None false true true 32 240s"));
        let key = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "hidden"), ("AWS_SESSION_TOKEN", "hidden")];
        let shown = r#"Some(Key { id: "id", secret: ***, session_token: Some(***) })"#;
        check("", &key, Ok(&format!("None us-east-1 {shown} false true true 32 240s")));
        check("", &[("AWS_ENDPOINT_URL", "https://x"), ("AWS_REGION", "r")], Ok(r#"Some("https://x") r None false false true 32 240s"#));
        let file = "endpoint = 'http://y'\nregion = 'q'\naccess_key_id = 'other'\nsecret_access_key = 'hidden'\nallow_http = true\nvirtual_hosted = true\nconditional_puts = false\npart_mib = 6\npatience_seconds = 5";
        let shown = r#"Some("http://y") q Some(Key { id: "other", secret: ***, session_token: None }) true true false 6 5s"#;
        check(file, &key, Ok(shown));
        let role = [("AWS_ROLE_ARN", "arn"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")];
        let shown = r#"Some(Role([("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), ("AWS_ROLE_ARN", "arn")]))"#;
        check("", &role, Ok(&format!("None us-east-1 {shown} false true true 32 240s")));
        check("instance_role = true", &[], Ok("None us-east-1 Some(Role([])) false true true 32 240s"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        check("access_key_id = 'id'", &[], Err("under [s3] access_key_id goes with one of secret_access_key and secret_access_key_file"));
        check("", &[("AWS_ACCESS_KEY_ID", "id")], Err("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"));
        check("", &[("AWS_ALLOW_HTTP", "yes")], Err("AWS_ALLOW_HTTP must be true or false"));
        check("endpoint = 'host:9000'", &[], Err("the endpoint \"host:9000\" is no URL: use https://HOST or https://HOST:PORT"));
        check("part_mib = 4", &[], Err("part_mib under [s3] must be from 5 to 1024"));
        check("patience_seconds = 0", &[], Err("patience_seconds under [s3] must be from 1 to 800"));
    }
}
