//! A statement as CSV for spreadsheets and programs: one row per line of the statement and per figure, exact decimals.

use super::account::{exchange_in_words, in_words};
use super::{Figures, Inherited, Statement, UseLine};
use crate::error::SettleError;
use crate::moves::WhyCarried;
use crate::values::values;
use farthing_schemas::Money;

/// The columns.
const HEAD: [&str; 18] = [
    "party",
    "mid",
    "currency",
    "cycle",
    "preview",
    "line",
    "undone_cycle",
    "agreement",
    "platform",
    "use",
    "events",
    "late",
    "gross",
    "labour",
    "fee",
    "net",
    "amount",
    "why",
];

/// Columns that are the same in each row.
const SAME: usize = 5;

/// The text: a head, then lines ended by CRLF, quoted as RFC 4180 has it.
///
/// # Errors
/// None, unless memory is at its end: the writer writes into it.
pub fn csv(statement: &Statement) -> Result<String, SettleError> {
    let same = [
        statement.party.clone(),
        statement.mid.clone(),
        statement.currency.to_string(),
        statement.cycle.to_string(),
        statement.preview.to_string(),
    ];
    let rows = rows(statement).into_iter().map(|row| same.iter().cloned().chain(row).collect());
    values(&HEAD, rows)
}

type Row = [String; HEAD.len() - SAME];

fn rows(statement: &Statement) -> Vec<Row> {
    let mut rows: Vec<Row> = statement.uses.iter().map(|line| use_row("use", line)).collect();
    rows.extend(statement.undone.iter().map(|line| {
        let amounts = [line.gross, line.labour, line.fee, line.net].map(|amount| amount.to_string());
        let [gross, labour, fee, net] = amounts;
        let (cycle, events) = (line.cycle.to_string(), line.events.to_string());
        let (agreement, platform) = (line.agreement.clone(), line.platform.clone());
        ["undone".to_owned(), cycle, agreement, platform, none(), events, none(), gross, labour, fee, net, none(), none()]
    }));
    rows.extend(statement.left_out.iter().map(|line| use_row("left_out", line)));
    rows.extend(statement.inherited.iter().map(|line| inherited_row("inherited_from", line)));
    rows.extend(statement.passed_on.iter().map(|line| inherited_row("passed_on_to", line)));
    if let Some(reserve) = &statement.reserve {
        let named = [("reserve_held", reserve.held), ("reserve_lifted", reserve.lifted), ("reserve_outstanding", reserve.outstanding)];
        rows.extend(named.map(|(name, amount)| figure_row(name, amount, "")));
    }
    rows.extend(statement.tax.iter().map(|withheld| {
        let mut row = figure_row("tax", withheld.withheld, &in_words(withheld));
        row[7] = withheld.base.to_string();
        row
    }));
    rows.extend(
        statement
            .exchanged
            .iter()
            .map(|exchanged| figure_row("exchanged", exchanged.amount, &exchange_in_words(statement).unwrap_or_default())),
    );
    rows.extend(statement.adjustments.iter().map(|line| {
        let mut row: Row = Default::default();
        [row[0], row[1], row[11], row[12]] =
            ["adjustment".to_owned(), line.cycle.to_string(), line.amount.to_string(), format!("adjustment {}", line.number)];
        row
    }));
    rows.extend(figure_rows(&statement.figures));
    rows
}

fn figure_rows(figures: &Figures) -> impl Iterator<Item = Row> {
    let passed = [("inherited", figures.inherited), ("passed_on", figures.passed_on)];
    let named = [
        ("gross", figures.gross),
        ("labour", figures.labour),
        ("fee", figures.fee),
        ("net", figures.net),
        ("true_up", figures.true_up),
        ("adjusted", figures.adjusted),
        ("held", figures.held),
        ("lifted", figures.lifted),
        ("withheld", figures.withheld),
        ("recovered", figures.recovered),
        ("carried_in", figures.carried_in),
        ("paid", figures.paid),
        ("carried_out", figures.carried_out),
    ];
    // What few statements have stands in theirs alone: a figure that came later than the form.
    let passed = passed.into_iter().filter(|(_, amount)| *amount != Money::ZERO);
    let shown = named.into_iter().filter(|(name, amount)| *name != "adjusted" || *amount != Money::ZERO);
    shown.chain(passed).map(|(name, amount)| {
        let why = figures.why_carried.filter(|_| name == "carried_out").map_or("", WhyCarried::as_str);
        figure_row(name, amount, why)
    })
}

fn figure_row(name: &str, amount: Money, why: &str) -> Row {
    let mut row: Row = Default::default();
    row[0] = name.to_owned();
    [row[11], row[12]] = [amount.to_string(), why.to_owned()];
    row
}

fn inherited_row(name: &str, line: &Inherited) -> Row {
    figure_row(name, line.amount, &format!("{} {}", line.party, line.share))
}

fn none() -> String {
    String::new()
}

fn use_row(name: &str, line: &UseLine) -> Row {
    let (agreement, platform, use_) = (line.agreement.clone(), line.platform.clone(), line.use_.to_string());
    let (events, late, gross, labour) = (line.events.to_string(), line.late.to_string(), line.gross.to_string(), line.labour.to_string());
    [name.to_owned(), none(), agreement, platform, use_, events, late, gross, labour, none(), none(), none(), none()]
}
