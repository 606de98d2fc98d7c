//! What tables come to, and what is said of those that are wrong.

use super::topic;
use crate::configuration::Configuration;

/// What a file says of the topic `t`: its properties, or why there are none.
fn check(file: &str, expected: Result<&str, &str>) {
    let read: Configuration = toml::from_str(file).unwrap_or_else(|error| panic!("{file}: {}", error.message()));
    let found = topic(&read.topics, "t").map(|(_, topic)| format!("{topic:?}"));
    let found = found.map_err(|error| format!("{error:#}"));
    assert!(!format!("{found:?} {:?}", read.topics).contains("hidden"), "a secret is shown: {found:?}");
    match (&found, expected) {
        (Ok(found), Ok(words)) | (Err(found), Err(words)) if found.contains(words) => {}
        _ => panic!("{file}\nfound {found:?}, not {expected:?}"),
    }
}

fn wrong(file: &str, words: &[&str]) {
    let said = toml::from_str::<Configuration>(file).err().map(|error| error.message().to_owned()).unwrap_or_default();
    assert!(words.iter().all(|word| said.contains(word)) && !said.contains("hidden"), "{file}: {said:?}");
}

const T: &str = "[topics.t]\nbrokers = ['a:1', 'b:2']\n";

#[test]
fn a_table_is_a_topic() {
    check(T, Ok("Topic { a:1,b:2 t t farthing None {} }"));
    let all =
        "topic = 'u'\nname = 'n'\ngroup = 'g'\ndead_letters_topic = 'd'\n[topics.t.properties]\nsession.timeout.ms = 9000\n'a.b' = true\n";
    check(&format!("{T}{all}"), Ok(r#"Topic { a:1,b:2 u n g Some("d") {"a.b": "true", "session.timeout.ms": "9000"} }"#));
}

#[test]
fn passwords_are_said_to_the_client_and_to_nobody_else() {
    let sasl = "[topics.t.sasl]\nmechanism = 'SCRAM-SHA-256'\nuser = 'u'\npassword = 'hidden'\n";
    check(
        &format!("{T}{sasl}"),
        Ok(r#"{"sasl.mechanisms": "SCRAM-SHA-256", "sasl.password": "***", "sasl.username": "u", "security.protocol": "sasl_plaintext"}"#),
    );
    check(
        &format!("{T}[topics.t.tls]\n{sasl}"),
        Ok(r#""security.protocol": "sasl_ssl", "ssl.endpoint.identification.algorithm": "https""#),
    );
    check(
        &format!("{T}[topics.t.tls]\nverify_host_name = false"),
        Ok(r#"{"security.protocol": "ssl", "ssl.endpoint.identification.algorithm": "none"}"#),
    );
    check(&format!("{T}{}", sasl.replace("SCRAM-SHA-256", "PLAIN")), Err("PLAIN would send the password for all to read"));
    check(&format!("{T}{sasl}password_file = 'x'"), Err("one of password and password_file is enough"));
    check(
        &format!("{T}{}", sasl.replace("password = 'hidden'", "password_file = 'no-such-file'")),
        Err("the secret in no-such-file cannot be read"),
    );
    check(&format!("{T}{}", sasl.replace("password = 'hidden'", "")), Err("sasl needs one of password and password_file"));
    check(&format!("{T}{}", sasl.replace("SCRAM-SHA-256", "GSSAPI")), Err("mechanism \"GSSAPI\" under sasl: there are SCRAM-SHA-512"));
    let twice = format!("{T}{sasl}[topics.t.properties]\nsasl.password = 'hidden too'");
    check(&twice, Err("\"sasl.password\" is said twice"));
    // Under its other name it would be by chance which of the two counts.
    let twice = format!("{T}{sasl}[topics.t.properties]\nsasl.mechanism = 'PLAIN'");
    check(&twice, Err("\"sasl.mechanism\" is said twice, also as \"sasl.mechanisms\""));
}

#[test]
fn what_is_wrong_is_told() {
    check("[topics.u]\nbrokers = ['a:1']\n[topics.v]\nbrokers = ['a:1']", Err("no [topics.t] is in the configuration (it names u, v)"));
    check("", Err("it names no topic"));
    check("[topics.t]\nbrokers = []", Err("brokers must be a list of HOST:PORT"));
    check(&format!("{T}[topics.u]\nbrokers = ['c:1']\ntopic = 't'"), Err("are both called \"t\" in the ledger"));
    check(&format!("{T}topic = 'a b'"), Err("[topics.t] of the configuration: \"a b\" is no name that Kafka takes"));
    check(&format!("{T}dead_letters_topic = 't'"), Err("cannot get its own rejected events"));
    check(&format!("{T}[topics.t.properties]\nenable.auto.commit = true"), Err("\"enable.auto.commit\" is set by farthing itself"));
    for other in ["topic.acks = 1", "topic.auto.offset.reset = 'earliest'", "bootstrap.servers = 'b:1'"] {
        check(&format!("{T}[topics.t.properties]\n{other}"), Err("is set by farthing itself"));
    }
    check(&format!("{T}[topics.t.properties]\nfetch.error.backoff.ms = 1.5"), Err("must be a text, a whole number, or true or false"));
    check(&format!("{T}[topics.t.tls]\nca_file = 'no-such-file'"), Err("no-such-file cannot be read"));
    check(&format!("{T}[topics.t.tls]\nkey_file = 'no-such-file'"), Err("certificate_file goes with key_file"));
    check(&format!("{T}[topics.t.tls]\nkey_password = 'hidden'"), Err("key_password goes with key_file"));
}

#[test]
fn unknown_keys_and_wrong_kinds_are_refused() {
    wrong(&format!("{T}topik = 'x'"), &["topik", "dead_letters_topic"]);
    wrong("[topics.t]\ntopic = 'x'", &["brokers"]);
    wrong(&format!("{T}[topics.t.tls]\nca = 'x'"), &["`ca`", "ca_file"]);
    wrong(&format!("{T}[topics.t.sasl]\nmechanism = 'PLAIN'\nuser = 'u'\npasswort = 'hidden'"), &["`passwort`"]);
    wrong(&format!("{T}[topics.t.sasl]\nmechanism = 'PLAIN'\nuser = 'u'\npassword = ['hidden']"), &["a password must be a text"]);
    wrong("[meter]\nbatch = 1", &["`batch`", "batch_events"]);
}

/// Every key there is stands in the example, and the example can be read whole.
#[test]
fn the_example_names_every_key() {
    let text = include_str!("../../../../deploy/farthing.toml");
    let read: Configuration = toml::from_str(text).unwrap_or_else(|error| panic!("deploy/farthing.toml: {}", error.message()));
    assert_eq!(read.topics.keys().collect::<Vec<_>>(), ["billing", "usage"]);
    read.meter.checked("meter").expect("within bounds");
    for (key, table) in &read.topics {
        table.limits(key).expect("within bounds");
    }
    for (method, table) in &read.payers["mid_guild"] {
        table.payer("EUR".parse().expect("a currency")).unwrap_or_else(|error| panic!("{method}: {error:#}"));
    }
    let tables =
        ["", "[s3]", "[meter]", "[telemetry]", "[topics.usage]", "[topics.usage.tls]", "[topics.usage.sasl]", "[payers.mid_guild.sepa]"];
    for table in tables {
        // One that does not exist: what is expected in its place is all that does.
        let planted = if table.is_empty() {
            format!("no_such_key = 1\n{text}")
        } else {
            text.replacen(&format!("\n{table}\n"), &format!("\n{table}\nno_such_key = 1\n"), 1)
        };
        let said = toml::from_str::<Configuration>(&planted).err().map(|error| error.message().to_owned()).unwrap_or_default();
        let (_, keys) = said.split_once("expected one of ").unwrap_or_else(|| panic!("{table}: {said:?}"));
        for key in keys.split(['`', ',', ' ']).filter(|word| !word.is_empty()) {
            assert!(text.contains(key), "{table}: {key} is not in deploy/farthing.toml");
        }
    }
}
