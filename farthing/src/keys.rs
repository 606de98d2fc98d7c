//! Keys in files, as OpenSSL has them: the secret half in PKCS#8, the public half in SubjectPublicKeyInfo, both as PEM.

use anyhow::{Context, anyhow};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, KeypairBytes};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use farthing_schemas::manifest::Signed;
use farthing_settle::actors::PublicKey;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A key to sign with.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Makes a new one.
    pub fn make() -> anyhow::Result<SecretKey> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
        Ok(SecretKey(SigningKey::from_bytes(&secret)))
    }

    /// Writes it into a file that is not there yet and that nobody else can read.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        // Without the public half: OpenSSL 3 does not read the form that has both.
        let pem = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None }.to_pkcs8_pem(LineEnding::LF);
        let pem = pem.map_err(|error| anyhow!("the key cannot be written: {error}"))?;
        let created = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let written = created.and_then(|mut file| file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()));
        written.with_context(|| format!("--key {}: it cannot be made there", path.display()))
    }

    /// Reads one.
    pub fn read(path: &Path) -> anyhow::Result<SecretKey> {
        let pem = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let key = SigningKey::from_pkcs8_pem(&pem);
        let wanted =
            || format!("{}: not an Ed25519 key in PKCS#8 as PEM; make one with: farthing actor add, or openssl genpkey", path.display());
        Ok(SecretKey(key.with_context(wanted)?))
    }

    /// Its public half.
    pub fn public(&self) -> anyhow::Result<PublicKey> {
        Ok(PublicKey::from_bytes(self.0.verifying_key().as_bytes())?)
    }

    /// Signs a text.
    pub fn sign(&self, text: &str) -> anyhow::Result<Signed> {
        let signature = hex::encode(self.0.sign(text.as_bytes()).to_bytes());
        Ok(Signed { public_key: self.public()?.to_string(), signature })
    }
}

/// Reads a public key.
pub fn read_public(path: &Path) -> anyhow::Result<PublicKey> {
    let pem = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let key = VerifyingKey::from_public_key_pem(&pem);
    let wanted = || format!("{}: not an Ed25519 public key as PEM; openssl pkey -pubout writes it", path.display());
    PublicKey::from_bytes(key.with_context(wanted)?.as_bytes()).with_context(|| path.display().to_string())
}

/// A signature as 128 hexadecimal digits, or in a file as those or as 64 bytes; in hex.
pub fn signature(given: &str) -> anyhow::Result<String> {
    let as_hex = |text: &str| (text.len() == 128 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase());
    if let Some(found) = as_hex(given) {
        return Ok(found);
    }
    let bytes =
        std::fs::read(given).with_context(|| format!("--signature {given}: neither 128 hexadecimal digits nor a file that can be read"))?;
    let found =
        if bytes.len() == 64 { Some(hex::encode(&bytes)) } else { std::str::from_utf8(&bytes).ok().and_then(|text| as_hex(text.trim())) };
    found.with_context(|| format!("{given}: not a signature: it needs 64 bytes, or 128 hexadecimal digits"))
}
