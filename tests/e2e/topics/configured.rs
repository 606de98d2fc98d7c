//! Topics that a configuration names: brokers that want TLS, a certificate and a password; limits and platforms; what is wrong is told,
//! and no secret with it.

mod authority;

use super::scene::Scene;
use crate::services::kafka::Cluster;
use crate::support::stderr;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::LazyLock;

const PASSWORD: &str = "hidden-word-of-the-user";
const KEY_PASSWORD: &str = "hidden-word-of-the-key";

/// A broker that lets in whoever has a certificate and a password, and its papers; shared by the tests of this file.
fn secured() -> &'static Cluster {
    static SHARED: LazyLock<Cluster> = LazyLock::new(start);
    &SHARED
}

fn start() -> Cluster {
    let cluster = Cluster::secured(papers);
    let credentials = format!("SCRAM-SHA-512=[iterations=4096,password={PASSWORD}]");
    cluster
        .tool("kafka.admin.ConfigCommand", &["--alter", "--entity-type", "users", "--entity-name", "worker", "--add-config", &credentials]);
    cluster
}

fn papers(folder: &Path) -> Result<()> {
    authority::certificates(folder, KEY_PASSWORD)?;
    let at = |name: &str| folder.join(name).display().to_string();
    let listener = "listener.name.secured";
    let lines = [
        format!("{listener}.ssl.keystore.type=PEM\n{listener}.ssl.keystore.location={}", at("broker.pem")),
        format!("{listener}.ssl.truststore.type=PEM\n{listener}.ssl.truststore.location={}", at("ca.pem")),
        format!("{listener}.ssl.client.auth=required\n{listener}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512"),
        format!(
            "{listener}.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_worker=\"{PASSWORD}\";"
        ),
        format!("{listener}.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"),
    ];
    Ok(fs::write(at("secured.properties"), lines.join("\n") + "\n")?)
}

/// Lines by their beginning, and what stands in their place.
type Changes<'c> = &'c [(&'c str, &'c str)];

/// What a file says of the topic of a scene, but for what a test says in place of a line of it.
fn file(scene: &Scene, changes: Changes<'_>) -> Result<String> {
    let folder = secured().papers().display().to_string();
    let (brokers, topic) = (secured().secured_brokers(), &scene.topic);
    let mut text = format!(
        "[topics.usage]\nbrokers = [\"{brokers}\"]\ntopic = \"{topic}\"\ngroup = \"{topic}\"\nname = \"paid\"\n\
         [topics.usage.tls]\nca_file = \"{folder}/ca.pem\"\ncertificate_file = \"{folder}/worker.pem\"\n\
         key_file = \"{folder}/worker.key\"\nkey_password_file = \"{folder}/key-password\"\n\
         [topics.usage.sasl]\nmechanism = \"SCRAM-SHA-512\"\nuser = \"worker\"\npassword = \"{PASSWORD}\"\n\
         [topics.usage.properties]\nsession.timeout.ms = 3000\nheartbeat.interval.ms = 300\n"
    );
    for (line, changed) in changes {
        let before = text.lines().find(|found| found.starts_with(line)).with_context(|| format!("no line {line}"))?.to_owned();
        text = text.replace(&before, &changed.replace("FOLDER", &folder));
    }
    Ok(text)
}

fn meter(scene: &Scene, changes: Changes<'_>, words: &[&str]) -> Result<Output> {
    fs::write(scene.data.path().join("farthing.toml"), file(scene, changes)?)?;
    let output = scene.data.run([&["meter", "kafka:usage", "--config", "farthing.toml", "--json"], words].concat())?;
    let said = format!("{}{}", stderr(&output), String::from_utf8_lossy(&output.stdout));
    ensure!(!said.contains("hidden-word"), "a secret is shown: {said}");
    Ok(output)
}

fn scene() -> Result<Scene> {
    let scene = Scene::on(secured(), "small", 1)?;
    scene.produce_all()?;
    Ok(scene)
}

#[test]
fn a_topic_behind_tls_and_a_password_is_metered_by_its_name() -> Result<()> {
    for mechanism in ["mechanism = \"SCRAM-SHA-512\"", "mechanism = \"PLAIN\""] {
        let scene = scene()?;
        let output = meter(&scene, &[("mechanism", mechanism)], &[])?;
        ensure!(output.status.success(), "{mechanism}: {}", stderr(&output));
        let said = serde_json::from_slice(&output.stdout)?;
        scene.check(&said, &scene.once())?;
        ensure!(said["partitions"][0]["partition"] == "kafka:paid/0", "{said}");
        let status = scene.data.json(["status", "kafka:usage", "--config", "farthing.toml"])?;
        ensure!(status["partitions"][0]["partition"] == "kafka:paid/0" && status["partitions"][0]["lag"] == 0, "{status}");
        // By a URL it is the same partition: nothing is left of it.
        let url = format!("kafka://{}/{}?group={}&name=paid", scene.brokers, scene.topic, scene.topic);
        ensure!(scene.data.json(["meter", &url])?["read"] == said["read"], "the position is that of the configuration");
    }
    Ok(())
}

/// What brokers say no to is told soon, with the reason and without a secret, and nothing is metered.
#[test]
fn whoever_is_not_let_in_is_told_why() -> Result<()> {
    let scene = scene()?;
    let by_name = |brokers: &str| format!("brokers = [\"{}\"]", brokers.replace("127.0.0.1", "localhost"));
    let localhost = by_name(&secured().secured_brokers());
    let cases: [(Changes<'_>, &[&str]); 8] = [
        (&[("password =", "password = \"hidden-word-but-wrong\"")], &["no way in", "Authentication failed", "SCRAM-SHA-512"]),
        (
            &[("password =", "password = \"hidden-word-but-wrong\""), ("mechanism", "mechanism = \"PLAIN\"")],
            &["no way in", "Authentication failed: Invalid username or password"],
        ),
        (&[("ca_file", "ca_file = \"FOLDER/other-ca.pem\"")], &["no way in", "certificate verify failed"]),
        (&[("certificate_file", ""), ("key_file", ""), ("key_password_file", "")], &["no way in", "bad certificate"]),
        (&[("key_password_file", "key_password = \"hidden-word-but-wrong\"")], &["the Kafka client cannot be made", "key"]),
        (&[("brokers", &localhost)], &["no way in", "certificate verify failed"]),
        (&[("session.timeout.ms", "sesion.timeout.ms = 3000")], &["\"sesion.timeout.ms\" cannot be set"]),
        (&[("session.timeout.ms", "isolation.level = \"read_uncommitted\"")], &["\"isolation.level\" is set by farthing itself"]),
    ];
    for (changes, words) in cases {
        let output = meter(&scene, changes, &[])?;
        let said = stderr(&output);
        ensure!(output.status.code() == Some(2), "{changes:?}: exit {:?}: {said}", output.status.code());
        for word in words {
            ensure!(said.contains(word), "{changes:?}: {word:?} is not in: {said}");
        }
    }
    ensure!(scene.positions()?.is_empty(), "something was metered");
    // Whoever does not ask for the name is let in.
    let lenient = [("brokers", localhost.as_str()), ("ca_file", "ca_file = \"FOLDER/ca.pem\"\nverify_host_name = false")];
    let output = meter(&scene, &lenient, &[])?;
    ensure!(output.status.success(), "{}", stderr(&output));
    Ok(())
}

/// A wrong secret in a URL stays as unseen as in a file.
#[test]
fn no_secret_of_a_url_is_shown() -> Result<()> {
    let scene = scene()?;
    let place = format!("kafka://{}/{}", scene.brokers, scene.topic);
    for (url, word) in [
        (format!("{place}?sasl.pasword=hidden-word"), "\"sasl.pasword\" cannot be set"),
        (format!("{place}?sasl_password=hidden-word"), "\"sasl_password\""),
        ("kafka://nowhere?sasl.password=hidden-word".to_owned(), "names no topic"),
        (format!("{place}?sasl.password=hidden-word&group.id=x"), "\"group.id\" is set by farthing itself"),
    ] {
        let output = scene.data.run(["meter", &url])?;
        let said = stderr(&output);
        ensure!(output.status.code() == Some(2) && said.contains(word) && !said.contains("hidden-word"), "{url}: {said}");
    }
    Ok(())
}

/// The number of batches that a scene's books have.
fn batches(scene: &Scene) -> Result<usize> {
    Ok(fs::read_dir(scene.data.archive().join("manifests/v1"))?.count() - 1)
}

#[test]
fn the_command_line_comes_before_the_file_and_a_topic_before_all() -> Result<()> {
    let count = scene()?.lines.len();
    let limits = |limit: usize| format!("name = \"paid\"\nbatch_events = {limit}");
    for (of_topic, words, expected) in
        [(Some(10), &[][..], count.div_ceil(10)), (Some(10), &["--batch-events", "1000"], 1), (None, &[], count.div_ceil(20))]
    {
        let scene = scene()?;
        let topic = of_topic.map_or("name = \"paid\"".to_owned(), limits);
        let changes = [("name", topic.as_str()), ("[topics.usage.sasl]", "[meter]\nbatch_events = 20\n[topics.usage.sasl]")];
        let output = meter(&scene, &changes, words)?;
        ensure!(output.status.success(), "{}", stderr(&output));
        ensure!(batches(&scene)? == expected, "{of_topic:?} {words:?}: {} batches, not {expected}", batches(&scene)?);
    }
    // What is out of bounds is told, wherever it stands.
    let scene = scene()?;
    for (changes, word) in [
        (("name", "batch_events = 0"), "batch_events under [topics.usage] must be from 1 to 10000000"),
        (("[topics.usage.sasl]", "[meter]\nworkers = 999\n[topics.usage.sasl]"), "workers under [meter] must be from 1 to 256"),
    ] {
        let output = meter(&scene, &[changes], &[])?;
        ensure!(output.status.code() == Some(2) && stderr(&output).contains(word), "{}", stderr(&output));
    }
    Ok(())
}

#[test]
fn a_topic_is_bound_to_platforms() -> Result<()> {
    let scene = scene()?;
    let output = meter(&scene, &[("name", "name = \"paid\"\nplatforms = [\"plt_of_nobody\"]")], &[])?;
    ensure!(output.status.success(), "{}", stderr(&output));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    ensure!(said["metered"] == 0 && said["rejected"] == said["read"], "{said}");
    let letters = scene.data.json(["dead-letters", "list", "--code", "platform_not_allowed"])?;
    ensure!(letters["dead_letters"].as_array().is_some_and(|letters| !letters.is_empty()), "{letters}");
    Ok(())
}
