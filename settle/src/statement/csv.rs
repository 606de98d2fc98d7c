//! A statement as CSV for spreadsheets and programs: one row per line of the statement and per figure, exact decimals.

use super::{Statement, UseLine};
use crate::error::SettleError;
use crate::moves::WhyCarried;
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
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(HEAD)?;
    let same = [
        statement.party.clone(),
        statement.mid.clone(),
        statement.currency.to_string(),
        statement.cycle.to_string(),
        statement.preview.to_string(),
    ];
    for row in rows(statement) {
        writer.write_record(same.iter().chain(&row))?;
    }
    let bytes = writer.into_inner().map_err(|error| ::csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8(bytes).expect("texts beside each other are a text"))
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
    let figures = &statement.figures;
    rows.extend(statement.adjustments.iter().map(|line| {
        let mut row: Row = Default::default();
        [row[0], row[1], row[11], row[12]] =
            ["adjustment".to_owned(), line.cycle.to_string(), line.amount.to_string(), format!("adjustment {}", line.number)];
        row
    }));
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
    // A figure that came later than the form: where it is nothing, texts are as they were.
    let shown = named.into_iter().filter(|(name, amount)| *name != "adjusted" || *amount != Money::ZERO);
    rows.extend(shown.map(|(name, amount)| {
        let why = figures.why_carried.filter(|_| name == "carried_out").map_or("", WhyCarried::as_str);
        let mut row: Row = Default::default();
        row[0] = name.to_owned();
        [row[11], row[12]] = [amount.to_string(), why.to_owned()];
        row
    }));
    rows
}

fn none() -> String {
    String::new()
}

fn use_row(name: &str, line: &UseLine) -> Row {
    let (agreement, platform, use_) = (line.agreement.clone(), line.platform.clone(), line.use_.to_string());
    let (events, late, gross, labour) = (line.events.to_string(), line.late.to_string(), line.gross.to_string(), line.labour.to_string());
    [name.to_owned(), none(), agreement, platform, use_, events, late, gross, labour, none(), none(), none(), none()]
}
