//! `farthing check`: what always holds of the books.

use crate::books::Books;
use crate::check::{self, Finding};
use crate::output::{self, Answer};
use crate::place::Place;
use serde_json::{Value, json};

/// How often books are looked at again that have changed meanwhile.
const LOOKS: usize = 5;

pub async fn run(at: &Place, json: bool) -> anyhow::Result<Answer> {
    let findings = findings(at).await?;
    let holds = findings.iter().all(|finding| finding.difference.is_none());
    if json {
        let finding = |Finding { name, figure, difference }: &Finding| -> Value {
            let figure = difference.is_none().then_some(figure);
            json!({"name": name, "holds": difference.is_none(), "figure": figure, "difference": difference})
        };
        output::json(&json!({"holds": holds, "invariants": findings.iter().map(finding).collect::<Vec<_>>()}))?;
    } else {
        output::text(&text(&findings, holds))?;
    }
    Ok(if holds { Answer::Yes } else { Answer::No })
}

async fn findings(at: &Place) -> anyhow::Result<Vec<Finding>> {
    let mut books = Books::open(at).await?;
    let mut look = 1;
    loop {
        let seen = books.catalog.sequence;
        let findings = check::all(&books).await?;
        books.refresh().await?;
        // Entries may have come with a manifest that was not seen yet.
        let holds = findings.iter().all(|finding| finding.difference.is_none());
        if holds || books.catalog.sequence == seen || look == LOOKS {
            return Ok(findings);
        }
        look += 1;
    }
}

fn text(findings: &[Finding], holds: bool) -> String {
    let line = |finding: &Finding| match &finding.difference {
        None => format!("  holds   {}: {}", finding.name, finding.figure),
        Some(difference) => format!("  BROKEN  {}: {difference}", finding.name),
    };
    let said = if holds { "All invariants hold:" } else { "NOT ALL INVARIANTS HOLD, the first difference of each is:" };
    std::iter::once(said.to_owned()).chain(findings.iter().map(line)).collect::<Vec<_>>().join("\n")
}
