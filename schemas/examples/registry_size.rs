//! How long a large registry takes to compile from its public text, and how much memory it needs.
//!
//! `cargo run --release -p farthing-schemas --example registry_size [PARTIES]`
use farthing_schemas::registry::{Registry, State, read_load};
use farthing_schemas::{Currency, Instant, Use};
use std::fmt::Write;
use std::time::{Duration, Instant as Clock};

type Failure = Box<dyn std::error::Error>;

const FEW: &str = r#"{"line":1,"kind":"platform","id":"plt_acme","default_labour_share":"0.700000","consent_default":"allow"}
{"line":2,"kind":"mid","id":"mid_guild","fee":"0.050000","currency":"USD","recovery_cap":"0.250000"}
"#;
const AGREEMENT: &str = r#"{"line":3,"kind":"agreement","id":"agr","platform":"plt_acme","mid":"mid_guild","uses":"*","labour_share":"0.750000","currency":"USD","on_shortfall":"refuse","from":"2026-01-01T00:00:00.000000Z"}
"#;

fn public_text(parties: usize) -> Result<String, Failure> {
    let mut text = FEW.to_owned();
    let digest = "0123456789abcdef".repeat(4);
    for number in 0..parties {
        let payout = r#"{"method":"sepa","currency":"USD"}"#;
        writeln!(
            text,
            r#"{{"line":{number},"kind":"party","id":"pty_{number:08}","type":"person","payout":{payout},"private_sha256":"{digest}"}}"#
        )?;
    }
    text.push_str(AGREEMENT);
    for number in 0..parties {
        let rest = r#""mid":"mid_guild","platforms":"*","uses":"*","from":"2026-01-01T00:00:00.000000Z""#;
        writeln!(text, r#"{{"line":{number},"kind":"membership","party":"pty_{number:08}",{rest}}}"#)?;
    }
    Ok(text)
}

fn look_up(registry: &Registry, parties: usize) -> Result<Duration, Failure> {
    let (platform, at) = (registry.platform("plt_acme").ok_or("no platform")?, "2026-10-03T09:12:44Z".parse::<Instant>()?);
    let currency: Currency = "USD".parse()?;
    let ids: Vec<String> = (0..1_000_000_usize).map(|n| format!("pty_{:08}", n.wrapping_mul(7_919_017) % parties)).collect();
    let start = Clock::now();
    for id in &ids {
        let party = registry.party(id).ok_or("no party")?;
        let mid = registry.mid_of(registry.standing(party), platform, Use::Inference, at).ok_or("no mid")?;
        registry.agreement_of(platform, mid, Use::Inference, currency, at).ok_or("no agreement")?;
        if registry.denied(registry.standing(party), None, platform, Use::Inference, at) {
            return Err("denied".into());
        }
    }
    Ok(start.elapsed() / 1_000_000)
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS")).collect::<Vec<_>>().join(" ")
}

/// What this thread has run on a core, however busy the machine is.
fn busy() -> Result<Duration, Failure> {
    let schedule = std::fs::read_to_string("/proc/self/schedstat")?;
    Ok(Duration::from_nanos(schedule.split(' ').next().unwrap_or("0").parse()?))
}

fn main() -> Result<(), Failure> {
    let parties = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let text = public_text(parties)?;
    println!("public text: {} bytes; {}", text.len(), peak());
    let (start, before) = (Clock::now(), busy()?);
    let registry = Registry::from_public([(1, text.as_bytes())])?;
    println!("busy for {:?}", busy()? - before);
    println!("compiled {} parties in {:?}, about {} bytes; {}", registry.party_count(), start.elapsed(), registry.heap_bytes(), peak());
    println!("party, mid, agreement and consent: {:?} each", look_up(&registry, parties)?);
    drop(registry);
    let start = Clock::now();
    let load = read_load("text", text.as_bytes()).map_err(|errors| errors[0].clone())?;
    println!("read as a load in {:?}; {}", start.elapsed(), peak());
    let start = Clock::now();
    let mut state = State::default();
    let delta = state.apply(load, |_, _| true).map_err(|errors| errors[0].clone())?;
    state.commit(1, delta);
    println!("judged in {:?}; {}", start.elapsed(), peak());
    let start = Clock::now();
    let registry = Registry::from_state(&state)?;
    println!("compiled from the state in {:?}, {} parties", start.elapsed(), registry.party_count());
    Ok(())
}
