//! A registry of any size, in the form of SPEC section 4: most contributors in one of four MIDs, some that moved in the middle of the
//! month, some in none (suspense), some who denied consent (unlicensed), and one platform without an agreement with one MID.

use super::{MIDS, PLATFORMS, Plan};
use std::io::{self, Write};

const START: &str = "2026-01-01T00:00:00Z";
const MOVE: &str = "2026-10-16T00:00:00Z";

/// Writes the whole registry of `plan`.
///
/// # Errors
/// What the writer reports.
pub fn write_registry(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    write_platforms(out)?;
    write_mids(out)?;
    write_agreements(out)?;
    for number in 0..plan.contributors {
        write_party(number, out)?;
        write_memberships(number, out)?;
        write_consent(number, out)?;
    }
    Ok(())
}

fn write_platforms(out: &mut impl Write) -> io::Result<()> {
    for (position, platform) in PLATFORMS.iter().enumerate() {
        let id = platform.id;
        writeln!(
            out,
            r#"{{"kind":"platform","id":"{id}","name":"Platform {position}","legal_id":"LEI-{id}","default_labour_share":"0.7{position}","consent_default":"allow"}}"#
        )?;
    }
    Ok(())
}

fn write_mids(out: &mut impl Write) -> io::Result<()> {
    for (position, mid) in MIDS.iter().enumerate() {
        writeln!(
            out,
            r#"{{"kind":"mid","id":"{mid}","name":"Mediator {position}","legal_id":"LEI-{mid}","jurisdiction":"DE","registration_id":"DIR-{position}","fee":"0.0{}","currency":"USD","thresholds":[{{"method":"sepa","currency":"USD","amount":"0.05"}},{{"method":"ach","currency":"USD","amount":"1.00"}}]}}"#,
            position + 2
        )?;
    }
    Ok(())
}

fn write_agreements(out: &mut impl Write) -> io::Result<()> {
    let pairs = PLATFORMS.iter().flat_map(|platform| MIDS.iter().map(move |mid| (platform.id, *mid)));
    // The last pair has no agreement: its lines go to suspense, although both sides are known.
    for (position, (platform, mid)) in pairs.take(PLATFORMS.len() * MIDS.len() - 1).enumerate() {
        let shortfall = if position % 2 == 0 { "true_up" } else { "refuse" };
        writeln!(
            out,
            r#"{{"kind":"agreement","id":"agr_{platform}_{mid}","platform":"{platform}","mid":"{mid}","uses":["inference","retrieval","citation"],"labour_share":"0.7{}","currency":"USD","on_shortfall":"{shortfall}","from":"{START}"}}"#,
            position % 10
        )?;
    }
    Ok(())
}

fn write_party(number: u64, out: &mut impl Write) -> io::Result<()> {
    let kind = if number.is_multiple_of(50) { "organisation" } else { "person" };
    let method = if number.is_multiple_of(3) { "ach" } else { "sepa" };
    writeln!(
        out,
        r#"{{"kind":"party","id":"pty_{number:07}","name":"Contributor {number}","type":"{kind}","payout":{{"method":"{method}","currency":"USD"}}}}"#
    )
}

fn write_memberships(number: u64, out: &mut impl Write) -> io::Result<()> {
    if number % 20 == 7 {
        return Ok(());
    }
    let mid = |n: u64| MIDS[usize::try_from(n % 4).expect("one of four")];
    let (first, second) = (mid(number / 20), mid(number / 20 + 1));
    if number % 100 == 42 {
        write_membership(number, first, START, Some(MOVE), out)?;
        return write_membership(number, second, MOVE, None, out);
    }
    write_membership(number, first, START, None, out)
}

fn write_membership(number: u64, mid: &str, from: &str, to: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    let end = to.map_or_else(String::new, |to| format!(r#","to":"{to}""#));
    writeln!(out, r#"{{"kind":"membership","party":"pty_{number:07}","mid":"{mid}","platforms":"*","uses":"*","from":"{from}"{end}}}"#)
}

fn write_consent(number: u64, out: &mut impl Write) -> io::Result<()> {
    if number % 100 != 13 {
        return Ok(());
    }
    let (platform, usage) = if number % 200 == 13 { ("*", "*") } else { (PLATFORMS[0].id, "inference") };
    writeln!(
        out,
        r#"{{"kind":"consent","party":"pty_{number:07}","platform":"{platform}","use":"{usage}","decision":"n","from":"2026-10-05T12:00:00Z"}}"#
    )
}
