//! `[telemetry]` of the configuration file, what the command line says beside it, and what of the environment stands in for both.

use farthing_archive::s3::Secret;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// `[telemetry]`: off where nothing is said. What is not said here is taken from the standard variables `OTEL_*`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "telemetry"), expect(dead_code, reason = "nobody watches"))]
pub struct TelemetryTable {
    /// `HOST:PORT` for `/metrics`, `/live` and `/ready`.
    listen: Option<SocketAddr>,
    /// URL of an OTLP collector over HTTP, such as `http://localhost:4318` [OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT...].
    endpoint: Option<String>,
    /// Headers of each request to it; they may be secret [OTEL_EXPORTER_OTLP_HEADERS].
    #[serde(default, deserialize_with = "headers")]
    headers: BTreeMap<String, Secret>,
    /// Whether traces go there [true, unless OTEL_TRACES_EXPORTER is `none`].
    traces: Option<bool>,
    /// Whether metrics go there [true, unless OTEL_METRICS_EXPORTER is `none`].
    metrics: Option<bool>,
    /// Whether logs go there [true, unless OTEL_LOGS_EXPORTER is `none`].
    logs: Option<bool>,
    /// What the worker is called there [OTEL_SERVICE_NAME; else `farthing`].
    service_name: Option<String>,
    /// More that is said of it, `key = "value"` [OTEL_RESOURCE_ATTRIBUTES].
    #[serde(default)]
    resource: BTreeMap<String, String>,
    /// Seconds between two exports of metrics [OTEL_METRIC_EXPORT_INTERVAL, in milliseconds; else 60].
    export_seconds: Option<u64>,
    /// Seconds that a request to the collector may take [OTEL_EXPORTER_OTLP_TIMEOUT, in milliseconds; else 10].
    timeout_seconds: Option<u64>,
    /// Seconds after which a partition that has events, but whose position does not move, makes the worker not ready [60 and those of a batch].
    stuck_seconds: Option<u64>,
}

/// Wrong headers are not quoted.
fn headers<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Secret>, D::Error> {
    let wrong = |_| serde::de::Error::custom("headers must be a table of texts");
    let table = BTreeMap::<String, toml::Value>::deserialize(from).map_err(wrong)?;
    let secret = |(name, value)| match value {
        toml::Value::String(text) => Ok((name, Secret::new(text))),
        _ => Err(serde::de::Error::custom("headers must be a table of texts")),
    };
    table.into_iter().map(secret).collect()
}

#[cfg(not(feature = "telemetry"))]
impl TelemetryTable {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.listen.is_none() && self.endpoint.is_none()
    }
}

#[cfg(feature = "telemetry")]
pub use settings::{Collector, Settings, WatchOptions};

#[cfg(feature = "telemetry")]
mod settings {
    use super::{Secret, SocketAddr, TelemetryTable};
    use anyhow::{Context, bail, ensure};
    use clap::Args;
    use std::time::Duration;

    /// How a worker is watched.
    #[derive(Args, Clone, Debug, Default)]
    pub struct WatchOptions {
        /// Answer /metrics, /live and /ready at this address, such as 127.0.0.1:9464
        #[arg(long, value_name = "HOST:PORT")]
        pub listen: Option<SocketAddr>,
        /// Not ready once events wait, but the position has not moved for so long [default: 60 and those of a batch]
        #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=86_400))]
        pub stuck_seconds: Option<u64>,
    }

    /// What is to be done.
    #[derive(Clone, Debug)]
    pub struct Settings {
        pub listen: Option<SocketAddr>,
        pub collector: Option<Collector>,
        /// What the worker is called.
        pub service_name: Option<String>,
        /// What else is said of it.
        pub resource: Vec<(String, String)>,
        /// After so long without progress a worker is stuck.
        pub stuck: Duration,
    }

    /// The collector, by OTLP over HTTP.
    #[derive(Clone, Debug)]
    pub struct Collector {
        /// The URL of each signal that goes there.
        pub traces: Option<String>,
        pub metrics: Option<String>,
        pub logs: Option<String>,
        pub headers: Vec<(String, Secret)>,
        /// Between two exports of metrics, if it is said here.
        pub interval: Option<Duration>,
        /// Of one request, if it is said here.
        pub timeout: Option<Duration>,
    }

    impl TelemetryTable {
        /// What the command line says, then the file, then the environment.
        pub fn or(
            self,
            options: &WatchOptions,
            batch_seconds: u64,
            environment: impl Fn(&str) -> Option<String>,
        ) -> anyhow::Result<Settings> {
            let seconds = options.stuck_seconds.or(self.stuck_seconds).unwrap_or(60 + batch_seconds);
            ensure!((1..=86_400).contains(&seconds), "stuck_seconds under [telemetry] must be from 1 to 86400");
            let service_name = self.service_name.clone().or_else(|| environment("OTEL_SERVICE_NAME").filter(|name| !name.is_empty()));
            Ok(Settings {
                listen: options.listen.or(self.listen),
                service_name,
                resource: self.resource.clone().into_iter().collect(),
                stuck: Duration::from_secs(seconds),
                collector: self.collector(environment)?,
            })
        }

        fn collector(self, environment: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<Collector>> {
            let said = |name: &str| environment(name).filter(|value| !value.is_empty());
            if said("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
                return Ok(None);
            }
            let url = |signal: &str, asked: Option<bool>| -> anyhow::Result<Option<String>> {
                let upper = signal.to_uppercase();
                let none = said(&format!("OTEL_{upper}_EXPORTER")).is_some_and(|value| value == "none");
                if !asked.unwrap_or(!none) {
                    return Ok(None);
                }
                let all = |base: &String| format!("{}/v1/{signal}", base.trim_end_matches('/'));
                let alone = || said(&format!("OTEL_EXPORTER_OTLP_{upper}_ENDPOINT"));
                let url = self.endpoint.as_ref().map(all).or_else(alone).or_else(|| said("OTEL_EXPORTER_OTLP_ENDPOINT").as_ref().map(all));
                url.map(|url| checked(&url)).transpose()
            };
            let (traces, metrics, logs) = (url("traces", self.traces)?, url("metrics", self.metrics)?, url("logs", self.logs)?);
            if traces.is_none() && metrics.is_none() && logs.is_none() {
                return Ok(None);
            }
            if let Some(protocol) = said("OTEL_EXPORTER_OTLP_PROTOCOL").filter(|protocol| protocol != "http/protobuf") {
                bail!("OTEL_EXPORTER_OTLP_PROTOCOL is {protocol:?}, but only http/protobuf is spoken; collectors take it at port 4318");
            }
            let seconds = |asked: Option<u64>, name: &str| match asked {
                Some(0) => bail!("{name} under [telemetry] must be at least 1"),
                asked => Ok(asked.map(Duration::from_secs)),
            };
            Ok(Some(Collector {
                traces,
                metrics,
                logs,
                headers: self.headers.into_iter().collect(),
                interval: seconds(self.export_seconds, "export_seconds")?,
                timeout: seconds(self.timeout_seconds, "timeout_seconds")?,
            }))
        }
    }

    fn checked(url: &str) -> anyhow::Result<String> {
        ensure!(
            url.starts_with("http://") || url.starts_with("https://"),
            "the collector {url:?} is no URL: use http://HOST:4318 or https://HOST"
        );
        url.parse::<hyper::Uri>().with_context(|| format!("the collector {url:?} is no URL"))?;
        Ok(url.to_owned())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// What a table and an environment come to, shown.
        fn check(table: &str, environment: &[(&str, &str)], expected: Result<&str, &str>) {
            let table: TelemetryTable = toml::from_str(table).expect("a table");
            let variable = |name: &str| environment.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned());
            let found = table.or(&WatchOptions::default(), 10, variable).map(|settings| {
                let Settings { listen, collector, service_name, resource, stuck } = settings;
                let collector = collector.map(|it| {
                    let urls = [it.traces, it.metrics, it.logs].map(|url| url.unwrap_or_else(|| "-".to_owned())).join(" ");
                    format!("{urls} {:?} {service_name:?} {resource:?} {:?} {:?}", it.headers, it.interval, it.timeout)
                });
                format!("{listen:?} {stuck:?} {}", collector.unwrap_or_else(|| "off".to_owned()))
            });
            assert_eq!(found.as_deref().map_err(ToString::to_string), expected.map_err(str::to_owned));
        }

        #[test]
        fn the_file_comes_before_the_environment_and_nothing_is_on_by_itself() {
            check("", &[], Ok("None 70s off"));
            check("listen = '127.0.0.1:9464'\nstuck_seconds = 5", &[], Ok("Some(127.0.0.1:9464) 5s off"));
            let all = "http://c:4318/v1/traces http://c:4318/v1/metrics http://c:4318/v1/logs";
            check("", &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/")], Ok(&format!("None 70s {all} [] None [] None None")));
            let file = "endpoint = 'http://c:4318'\nheaders = { token = 'hidden' }\nservice_name = 's'\nexport_seconds = 5\ntimeout_seconds = 2\nresource = { 'a.b' = 'c' }";
            let shown = format!(r#"None 70s {all} [("token", ***)] Some("s") [("a.b", "c")] Some(5s) Some(2s)"#);
            check(file, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://other")], Ok(&shown));
        }

        #[test]
        fn signals_go_where_they_are_sent_and_can_be_off() {
            let environment = [("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://l/x"), ("OTEL_METRICS_EXPORTER", "none")];
            check("", &environment, Ok("None 70s - - https://l/x [] None [] None None"));
            check("endpoint = 'http://c'\ntraces = false\nlogs = false", &[], Ok("None 70s - http://c/v1/metrics - [] None [] None None"));
            check("endpoint = 'http://c'", &[("OTEL_SDK_DISABLED", "true")], Ok("None 70s off"));
        }

        #[test]
        fn what_is_wrong_is_told() {
            check("endpoint = 'c:4318'", &[], Err("the collector \"c:4318/v1/traces\" is no URL: use http://HOST:4318 or https://HOST"));
            let grpc = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
            let said = "OTEL_EXPORTER_OTLP_PROTOCOL is \"grpc\", but only http/protobuf is spoken; collectors take it at port 4318";
            check("endpoint = 'http://c'", &grpc, Err(said));
            check("stuck_seconds = 0", &[], Err("stuck_seconds under [telemetry] must be from 1 to 86400"));
            check("endpoint = 'http://c'\nexport_seconds = 0", &[], Err("export_seconds under [telemetry] must be at least 1"));
            let error = toml::from_str::<TelemetryTable>("headers = { token = 4711 }").expect_err("no text");
            assert_eq!(error.message(), "headers must be a table of texts");
        }
    }
}
