//! How a bucket of S3 is reached: what the caller says of it, and the client made of that.

use std::fmt;
use std::time::Duration;

/// How to reach the buckets of one service.
#[derive(Clone, Debug)]
pub struct S3 {
    /// The URL of the service, `https://HOST[:PORT]`; none is that of AWS in the region.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Whose requests they are; none is an error once a bucket is opened.
    pub credentials: Option<Credentials>,
    /// Whether an endpoint without TLS, `http://`, is fine.
    pub allow_http: bool,
    /// Whether the bucket is a part of the host's name and not of the path.
    pub virtual_hosted: bool,
    /// Whether the store knows `If-None-Match: *`, by which an object is never overwritten. Without it the store is asked before each put.
    pub conditional_puts: bool,
    /// Bytes of a part, 5 MiB or more; what is larger goes up in parts.
    pub part_bytes: usize,
    /// How long a request is tried again while the store fails, throttles or is away.
    pub patience: Duration,
}

/// Whose requests they are.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A key and its secret.
    Key {
        /// Names the key.
        id: String,
        /// Signs requests, and never leaves the process.
        secret: Secret,
        /// That of keys that were lent for a while.
        session_token: Option<Secret>,
    },
    /// Lent by the platform, in the way that these environment variables, names and values, tell: by web identity or for a container;
    /// without any, to the instance.
    Role(Vec<(String, String)>),
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: String) -> Secret {
        Secret(text)
    }

    /// The text, for whoever signs with it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

impl Default for S3 {
    fn default() -> S3 {
        S3 {
            endpoint: None,
            region: "us-east-1".to_owned(),
            credentials: None,
            allow_http: false,
            virtual_hosted: false,
            conditional_puts: true,
            part_bytes: 32 << 20,
            patience: Duration::from_secs(240),
        }
    }
}

impl S3 {
    /// The service, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| format!("AWS in {}", self.region))
    }
}

#[cfg(feature = "s3")]
pub(crate) use client::{client, was_cut};

#[cfg(feature = "s3")]
mod client {
    use super::{Credentials, S3};
    use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, Checksum, S3ConditionalPut};
    use object_store::client::HttpError;
    use object_store::{BackoffConfig, ClientOptions, Error, RetryConfig};
    use std::error::Error as StdError;
    use std::time::Duration;

    /// How long one request may take, its body included: a part of 32 MiB on a slow line.
    const ANSWERED: Duration = Duration::from_secs(60);
    const CONNECTED: Duration = Duration::from_secs(5);
    /// The first pause before trying again, and the longest.
    const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

    /// A client of one bucket, which tries again for so long.
    pub(crate) fn client(s3: &S3, bucket: &str, credentials: &Credentials, patience: Duration) -> Result<AmazonS3, Error> {
        // The first one stays; whoever installed another before has one, too.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let backoff = BackoffConfig { init_backoff: PAUSES.0, max_backoff: PAUSES.1, base: 2.0 };
        let options = ClientOptions::new().with_timeout(ANSWERED).with_connect_timeout(CONNECTED).with_allow_http(s3.allow_http);
        let mut builder = AmazonS3Builder::new()
            .with_client_options(options)
            .with_retry(RetryConfig { backoff, max_retries: usize::MAX, retry_timeout: patience })
            .with_bucket_name(bucket)
            .with_region(&s3.region)
            .with_virtual_hosted_style_request(s3.virtual_hosted)
            .with_checksum_algorithm(Checksum::SHA256)
            .with_conditional_put(if s3.conditional_puts { S3ConditionalPut::ETagMatch } else { S3ConditionalPut::Disabled })
            // Not all stores have it, and one object is removed at a time.
            .with_disable_bulk_delete(true);
        if let Some(endpoint) = &s3.endpoint {
            builder = builder.with_endpoint(endpoint_of(endpoint, bucket, s3.virtual_hosted));
        }
        match credentials {
            Credentials::Key { id, secret, session_token } => {
                builder = builder.with_access_key_id(id).with_secret_access_key(secret.reveal());
                if let Some(token) = session_token {
                    builder = builder.with_token(token.reveal());
                }
            }
            Credentials::Role(variables) => {
                for (name, value) in variables {
                    builder = builder.with_config(name.to_lowercase().parse::<AmazonS3ConfigKey>()?, value);
                }
            }
        }
        builder.build()
    }

    /// With virtual hosts the client wants the bucket in its endpoint's name already.
    fn endpoint_of(endpoint: &str, bucket: &str, virtual_hosted: bool) -> String {
        let endpoint = endpoint.trim_end_matches('/');
        match endpoint.split_once("://") {
            Some((scheme, host)) if virtual_hosted => format!("{scheme}://{bucket}.{host}"),
            _ => endpoint.to_owned(),
        }
    }

    /// Whether a request may or may not have been done: its connection broke. The client tries only such requests again that do no harm twice;
    /// here none does.
    pub(crate) fn was_cut(error: &Error) -> bool {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(error) = cause {
            if error.is::<HttpError>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}
