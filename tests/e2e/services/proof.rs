//! The services themselves: they answer, keep what they were given through a `kill -9`, and leave nothing behind.

use super::postgres::query;
use super::{fresh, kafka, output, postgres, read_line, s3};
use crate::support::root;
use anyhow::{Result, ensure};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const PRODUCER: &str = "org.apache.kafka.tools.ProducerPerformance";
const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";

/// Writes one record, acknowledged by all replicas that are in sync.
fn produce(cluster: &kafka::Cluster, topic: &str, record: &str) -> Result<()> {
    let file = cluster.folder().join(fresh("record"));
    fs::write(&file, record)?;
    let file = file.to_string_lossy();
    let arguments =
        ["--topic", topic, "--num-records", "1", "--throughput", "-1", "--payload-file", &file, "--command-property", "acks=all"];
    cluster.tool(PRODUCER, &arguments);
    Ok(())
}

/// The first records of a topic.
fn consume(cluster: &kafka::Cluster, topic: &str, records: usize) -> Vec<String> {
    let records = records.to_string();
    let output = cluster.tool(CONSUMER, &["--topic", topic, "--from-beginning", "--max-messages", &records, "--timeout-ms", "30000"]);
    output.lines().map(str::to_owned).collect()
}

#[test]
fn a_broker_keeps_its_records_through_a_kill() -> Result<()> {
    let cluster = kafka::alone();
    let topic = cluster.topic(1);
    produce(&cluster, &topic, "before the kill")?;
    cluster.kill(1);
    cluster.start(1);
    produce(&cluster, &topic, "after the kill")?;
    assert_eq!(consume(&cluster, &topic, 2), ["before the kill", "after the kill"]);
    Ok(())
}

#[test]
fn three_nodes_go_on_without_one_of_them() -> Result<()> {
    let cluster = kafka::three_nodes();
    assert_eq!(cluster.brokers.split(',').count(), 3);
    let topic = cluster.topic(3);
    produce(&cluster, &topic, "all are up")?;
    cluster.kill(2);
    produce(&cluster, &topic, "one is down")?;
    cluster.start(2);
    let mut records = consume(&cluster, &topic, 2);
    records.sort();
    assert_eq!(records, ["all are up", "one is down"]);
    Ok(())
}

#[test]
fn the_shared_broker_gives_every_test_a_topic_of_its_own() {
    let (one, other) = (kafka::cluster().topic(1), kafka::cluster().topic(2));
    let listed = kafka::cluster().tool("org.apache.kafka.tools.TopicCommand", &["--list"]);
    assert!(one != other && [&one, &other].iter().all(|topic| listed.lines().any(|line| line == **topic)), "{listed}");
}

#[test]
fn postgres_keeps_its_rows_through_a_kill() -> Result<()> {
    let server = postgres::alone();
    let url = server.database();
    query(&url, "create table kept (what text); insert into kept values ('before the kill')")?;
    server.kill();
    assert!(query(&url, "select 1").is_err());
    server.start();
    assert_eq!(query(&url, "select what from kept")?, "before the kill\n");
    Ok(())
}

#[test]
fn the_shared_postgres_gives_every_test_a_database_of_its_own() -> Result<()> {
    let (one, other) = (postgres::server().database(), postgres::server().database());
    query(&one, "create table own (x int)")?;
    assert!(query(&other, "select * from own").is_err());
    Ok(())
}

#[test]
fn the_stand_in_for_s3_keeps_objects_in_buckets() -> Result<()> {
    let bucket = s3::server().bucket();
    s3::server().request("PUT", &format!("/{bucket}/folder/name"), "what was put")?;
    assert!(s3::server().request("GET", &format!("/{bucket}/folder/name"), "")?.ends_with("\r\n\r\nwhat was put"));
    let other = s3::server().bucket();
    assert!(s3::server().request("GET", &format!("/{other}/folder/name"), "")?.starts_with("HTTP/1.1 404 "));
    Ok(())
}

/// Whether a process runs; one that has ended and was not collected yet has no command line any more.
fn runs(pid: &str) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

/// Starts a service for an owner, kills the owner, and waits until neither the processes nor the folder are there.
fn ends_with_its_owner(script: &str, pid_file: &str) -> Result<()> {
    let folder: PathBuf = tempfile::tempdir()?.keep();
    let mut owner = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn()?;
    let up = output(Command::new(root().join("deploy/local").join(script)).arg("up").arg(&folder).args([
        "--remove",
        "--owner",
        &owner.id().to_string(),
    ]));
    let pid = read_line(&folder.join(pid_file)).map(|line| line.lines().next().unwrap_or_default().to_owned());
    owner.kill()?;
    owner.wait()?;
    up?;
    let pid = pid?;
    let start = Instant::now();
    while runs(&pid) || folder.exists() {
        ensure!(start.elapsed() < PATIENCE, "{script} left process {pid} or {} behind", folder.display());
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[test]
fn kafka_ends_with_its_owner() -> Result<()> {
    ends_with_its_owner("kafka.sh", "1/pid")
}

#[test]
fn postgres_ends_with_its_owner() -> Result<()> {
    ends_with_its_owner("postgres.sh", "data/postmaster.pid")
}
