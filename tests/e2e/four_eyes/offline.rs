//! Keys and signatures are OpenSSL's, too: a key may stay on a machine that has no books, and anybody can check what was signed.

use super::{BO, october, prepared};
use crate::support::Data;
use anyhow::{Context, Result, ensure};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

fn openssl(data: &Data, arguments: &str) -> Result<String> {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(data.path()).output().context("openssl is not there")?;
    ensure!(output.status.success(), "openssl {arguments}: {output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn a_key_of_openssl_signs_on_another_machine() -> Result<()> {
    let (data, draft) = prepared()?;
    openssl(&data, "genpkey -algorithm ed25519 -out dee.pem")?;
    openssl(&data, "pkey -in dee.pem -pubout -out dee.pub.pem")?;
    data.ok(["actor", "add", "dee", "--person", "Dee Ito", "--public-key", "dee.pub.pem"])?;
    let approve = |rest: &[&str]| data.ok(october("approve", "mid_x", &[&["--draft", &draft, "--as", "dee"], rest].concat()));
    let text = approve(&["--print-text"])?;
    std::fs::write(data.path().join("move.txt"), &text)?;
    openssl(&data, "pkeyutl -sign -rawin -inkey dee.pem -in move.txt -out move.sig")?;
    approve(&["--signature", "move.sig"])?;

    // What the log says was signed is what was signed, and OpenSSL says so.
    let log = data.json(october("log", "mid_x", &[]))?;
    let approved = &log["moves"][2];
    assert_eq!((approved["signed_text"].as_str(), approved["person"].as_str()), (Some(text.as_str()), Some("Dee Ito")));
    openssl(&data, "pkeyutl -verify -rawin -pubin -inkey dee.pub.pem -in move.txt -sigfile move.sig")?;
    std::fs::write(data.path().join("move.txt"), text.replace("2026-10", "2026-11"))?;
    openssl(&data, "pkeyutl -verify -rawin -pubin -inkey dee.pub.pem -in move.txt -sigfile move.sig")
        .err()
        .context("OpenSSL takes another text")?;
    data.ok(["verify"]).map(drop)
}

#[test]
fn a_key_that_was_made_here_is_one_for_openssl() -> Result<()> {
    let (data, draft) = prepared()?;
    let mode = std::fs::metadata(data.path().join("bo.pem"))?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "others may read the key");
    openssl(&data, "pkey -in bo.pem -pubout -out bo.pub.pem")?;
    data.ok(october("approve", "mid_x", &[&["--draft", &draft], &BO[..]].concat()))?;
    let log = data.json(october("log", "mid_x", &[]))?;
    let approved = &log["moves"][2];
    std::fs::write(data.path().join("move.txt"), approved["signed_text"].as_str().context("no text")?)?;
    let signature = approved["signature"].as_str().context("no signature")?;
    let bytes = (0..signature.len()).step_by(2).map(|at| u8::from_str_radix(&signature[at..at + 2], 16));
    std::fs::write(data.path().join("move.sig"), bytes.collect::<Result<Vec<u8>, _>>()?)?;
    openssl(&data, "pkeyutl -verify -rawin -pubin -inkey bo.pub.pem -in move.txt -sigfile move.sig")?;
    // The same key, told by its public half, cannot come again under another name.
    let again = data.run(["actor", "add", "bo2", "--person", "Bob", "--public-key", "bo.pub.pem"])?;
    ensure!(again.status.code() == Some(2) && crate::support::stderr(&again).contains("\"bo\""), "{again:?}");
    Ok(())
}
