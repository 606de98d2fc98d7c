//! Certificates for a test, made by OpenSSL.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;
use std::process::Command;

const MAKE: [&str; 5] = ["-x509", "-days", "2", "-newkey", "rsa:2048"];

/// Makes an authority in a folder: `ca.pem`; `broker.pem`, the broker's certificate with its key; `worker.pem` and `worker.key`, a worker's,
/// the key encrypted with what `key-password` holds; and `other-ca.pem`, which has vouched for nobody.
pub fn certificates(folder: &Path, key_password: &str) -> Result<()> {
    for name in ["ca", "other-ca"] {
        make(folder, name, &["-noenc"])?;
    }
    let by_ca = ["-CA", "ca.pem", "-CAkey", "ca.key"];
    // It is for the address alone, and for no name.
    make(folder, "broker", &[&by_ca[..], &["-noenc", "-addext", "subjectAltName=IP:127.0.0.1"]].concat())?;
    fs::write(folder.join("key-password"), format!("{key_password}\n"))?;
    make(folder, "worker", &[&by_ca[..], &["-passout", "file:key-password"]].concat())?;
    let (certificate, key) = (folder.join("broker.pem"), folder.join("broker.key"));
    Ok(fs::write(&certificate, fs::read_to_string(&certificate)? + &fs::read_to_string(key)?)?)
}

/// Makes a key and its certificate.
fn make(folder: &Path, name: &str, more: &[&str]) -> Result<()> {
    let (subject, certificate, key) = (format!("/CN={name}"), format!("{name}.pem"), format!("{name}.key"));
    let files = ["-subj", &subject, "-keyout", &key, "-out", &certificate];
    let output = Command::new("openssl").arg("req").args(MAKE).args(files).args(more).current_dir(folder).output();
    let output = output.context("openssl is not installed; run: deploy/install-test-tools.sh")?;
    ensure!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
