//! Buckets that cannot be used: each is told with a way out, before anything is begun.

use crate::crash::scene::{Scene, refused, words};
use crate::services::proxy::{Fault, Proxy};
use crate::services::s3;
use crate::support::{Data, binary, on_s3};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Runs a command without any variables that AWS's tools know, but for these.
fn run(scene: &Scene, line: &str, variables: &[(&str, &str)]) -> Result<Output> {
    let mut command = Command::new(binary());
    command.args(words(line)).current_dir(scene.data.path());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    Ok(command.envs(variables.iter().copied()).output()?)
}

const KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "hidden-secret")];
const LOAD: &str = "registry load registry.ndjson --ledger sqlite://books/ledger.sqlite --archive";

/// Loading into such an archive is refused with these words; nothing is made, and no secret is told.
fn unusable(archive: &str, variables: &[(&str, &str)], says: &[&str]) -> Result<()> {
    let scene = Scene::bare()?;
    let output = run(&scene, &format!("{LOAD} {archive}"), variables)?;
    refused(&output, says).with_context(|| archive.to_owned())?;
    ensure!(!String::from_utf8_lossy(&output.stderr).contains("hidden-secret"), "a secret is told: {output:?}");
    ensure!(!scene.data.ledger().exists(), "a ledger was made for {archive}");
    Ok(())
}

#[test]
fn buckets_that_cannot_be_used_are_told_with_a_way_out() -> Result<()> {
    let server = s3::server();
    let bucket = server.bucket();
    let url = format!("s3://{bucket}/books");
    let at = |endpoint: &str| {
        [KEY[0], KEY[1]]
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .chain([("AWS_ENDPOINT_URL", endpoint.to_owned()), ("AWS_ALLOW_HTTP", "true".to_owned())])
            .collect::<Vec<_>>()
    };
    let told = |archive: &str, endpoint: &str, says: &[&str]| {
        let variables = at(endpoint);
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        unusable(archive, &variables, says)
    };
    told("s3://no-such-bucket/books", &server.endpoint, &["no bucket no-such-bucket", &server.endpoint, "aws s3 mb s3://no-such-bucket"])?;
    let clock = Instant::now();
    told(&url, "http://127.0.0.1:1", &[&url, "http://127.0.0.1:1", "Connection refused", "is it up"])?;
    ensure!(clock.elapsed() < Duration::from_secs(30), "it took {:?}", clock.elapsed());
    for (status, code) in [(403, "InvalidAccessKeyId"), (403, "SignatureDoesNotMatch"), (401, "Unauthorized")] {
        let proxy = Proxy::new(move |_| Some(Fault::Answer(status, code)));
        told(&url, &proxy.endpoint, &[&url, &proxy.endpoint, "refuses these credentials", code])?;
    }
    let web = Proxy::new(|_| Some(Fault::Answer(400, "AuthorizationHeaderMalformed")));
    told(&url, &web.endpoint, &[&web.endpoint, "AuthorizationHeaderMalformed", "endpoint and region"])?;
    unusable(&url, &[("AWS_ENDPOINT_URL", &server.endpoint)], &[&url, "no credentials", "access_key_id", "AWS_ACCESS_KEY_ID"])?;
    unusable(&url, &[KEY[0], KEY[1], ("AWS_ENDPOINT_URL", &server.endpoint)], &["not encrypted", "allow_http = true"])?;
    for wrong in ["s3://", "s3://bucket/../c", "s3://bucket/*"] {
        unusable(wrong, &KEY, &["no archive URL", "s3://BUCKET/PREFIX"])?;
    }
    Ok(())
}

/// The file gives what the command line leaves open, and the command line comes first.
#[test]
fn a_configuration_file_goes_with_urls_of_the_command_line() -> Result<()> {
    let scene = on_s3(Scene::new)?;
    let write = |name: &str, text: String| fs::write(scene.data.path().join(name), text);
    let (url, endpoint) = (scene.data.bucket().url(), &s3::server().endpoint);
    let s3 = format!("[s3]\nendpoint = \"{endpoint}\"\nallow_http = true\naccess_key_id = \"any\"\n");
    write("secret", "hidden-secret\n".to_owned())?;
    let by_file = format!("{s3}secret_access_key_file = \"secret\"\n");
    let both = format!("ledger = \"sqlite://books/ledger.sqlite\"\narchive = \"{url}\"\n");
    write("only.toml", by_file.clone())?;
    write("both.toml", format!("{both}{s3}secret_access_key = \"hidden-secret\"\nregion = \"eu-central-1\"\npatience_seconds = 20\n"))?;
    write("other.toml", format!("data = \"nowhere\"\n{by_file}"))?;
    let urls = format!("--ledger sqlite://books/ledger.sqlite --archive {url}");
    let expected = scene.ok(&words("accruals"))?;
    for line in [
        format!("accruals --config only.toml {urls}"),
        "accruals --config both.toml".to_owned(),
        format!("accruals --config other.toml {urls}"),
    ] {
        let output = run(&scene, &line, &[])?;
        ensure!(output.status.success(), "{line}: {output:?}");
        assert_eq!(String::from_utf8(output.stdout)?, expected, "{line}");
    }
    for (line, says) in [
        ("accruals --config other.toml", "nowhere/ledger.sqlite"),
        (
            "accruals --config other.toml --ledger sqlite://x/ledger.sqlite",
            "x/ledger.sqlite; start one with: farthing registry load FILE --config other.toml --ledger",
        ),
        ("accruals --config only.toml", "data, or ledger and archive"),
        ("accruals --config only.toml --archive s3://bucket", "data, or ledger and archive"),
    ] {
        refused(&run(&scene, line, &[])?, &[says])?;
    }
    Ok(())
}

/// Whatever is wrong in the file: its secrets are not quoted.
#[test]
fn what_is_wrong_with_the_configuration_is_told_without_secrets() -> Result<()> {
    let scene = Scene::bare()?;
    for (wrong, says) in [
        ("endpoind = 'x'", &["line 2", "endpoind"][..]),
        ("secret_access_key = 'hidden-secret", &["line 2"]),
        ("secret_access_key = ['hidden-secret']", &["line 2", "must be a text"]),
        ("secret_access_key = 'hidden-secret'\nsecret_access_key = 'hidden-secret'", &["line 3"]),
        ("secret_access_key = 'hidden-secret'", &["access_key_id goes with"]),
        ("access_key_id = 'a'\nsecret_access_key_file = 'nowhere'", &["nowhere", "cannot be read"]),
        ("patience_seconds = 100000", &["patience_seconds"]),
        ("endpoint = 'host'", &["\"host\" is no URL"]),
    ] {
        fs::write(scene.data.path().join("wrong.toml"), format!("[s3]\n{wrong}\n"))?;
        let output = run(&scene, &format!("{LOAD} s3://bucket --config wrong.toml"), &[])?;
        refused(&output, says).with_context(|| wrong.to_owned())?;
        ensure!(!String::from_utf8_lossy(&output.stderr).contains("hidden-secret"), "{wrong}: {output:?}");
    }
    Ok(())
}

/// A bucket that vanishes, and another one in its place, are told from the one that was.
#[test]
fn another_bucket_in_its_place_is_refused() -> Result<()> {
    let scene = on_s3(Scene::new)?;
    scene.ok(&words("meter a.ndjson --now 2026-11-05T00:00:00Z"))?;
    let empty = Data::in_bucket(&s3::server().endpoint)?.bucket().url();
    let line = format!("meter b.ndjson --now 2026-11-05T00:00:00Z --ledger sqlite://books/ledger.sqlite --archive {empty}");
    let variables = [KEY[0], KEY[1], ("AWS_ENDPOINT_URL", s3::server().endpoint.as_str()), ("AWS_ALLOW_HTTP", "true")];
    refused(&run(&scene, &line, &variables)?, &["missing from the archive"])?;
    scene.sound()
}
