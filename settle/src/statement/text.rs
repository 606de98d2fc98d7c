//! A statement as plain text of at most [`LINES_MAX`] lines, however much there is: what does not fit is summed up, so that the figures
//! still add up. The other forms have every line.

use super::account::{EntryKind, account, how_to_check, passed, percent, period, remarks, summed};
use super::{Inherited, Statement, UndoneUse, UseLine};
use crate::error::SettleError;
use crate::report::table::{Cell, Table};
use farthing_schemas::Money;

/// A page.
pub const LINES_MAX: usize = 60;
/// Lines of what was undone that are shown one by one.
const UNDONE_SHOWN: usize = 4;
/// Lines of what was left out that are shown one by one.
const LEFT_OUT_SHOWN: usize = 2;
/// Lines of what was inherited or passed on that are shown one by one.
const INHERITED_SHOWN: usize = 3;
/// Of a table of uses: its title, its head, the sum of all, and the empty line below.
const AROUND_USES: usize = 4;

/// The text, each line ended.
///
/// # Errors
/// A sum that does not fit.
pub fn text(statement: &Statement) -> Result<String, SettleError> {
    let above = heading(statement);
    let below = [
        undone(&statement.undone)?,
        inherited("Inherited from parties that have died", &statement.inherited)?,
        inherited("Passed on to heirs, since the party has died", &statement.passed_on)?,
        became(statement)?,
        remarks(statement)?,
        left_out(&statement.left_out)?,
        titled("How to check this statement", how_to_check(statement).into_iter().map(|line| format!("  {line}")).collect()),
    ];
    // Each part but the last has an empty line below it.
    let taken: usize = std::iter::once(&above).chain(&below).filter(|part| !part.is_empty()).map(|part| part.len() + 1).sum();
    let room = LINES_MAX + 1 - taken - AROUND_USES;
    let parts = std::iter::once(above).chain([uses(statement, room)?]).chain(below);
    let shown: Vec<String> = parts.filter(|part| !part.is_empty()).map(|part| part.join("\n")).collect();
    Ok(shown.join("\n\n") + "\n")
}

fn heading(statement: &Statement) -> Vec<String> {
    let Statement { party, mid, currency, cycle, .. } = statement;
    let mut lines = vec![format!("Statement of {party} from {mid} for {cycle} in {currency}"), format!("  {}", period(statement))];
    if statement.preview {
        lines.push("  PREVIEW: the cycle is open, so all of this can still change, and none of it can be proven".to_owned());
    }
    lines
}

fn titled(title: &str, lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { lines } else { std::iter::once(title.to_owned()).chain(lines).collect() }
}

/// The uses in at most so many lines.
fn uses(statement: &Statement, room: usize) -> Result<Vec<String>, SettleError> {
    let mut table = use_table();
    let (shown, others) = largest(&statement.uses, room, |line| (line.labour, line.gross));
    shown.iter().for_each(|line| use_row(&mut table, line));
    sum_row(&mut table, &others, "others")?;
    if statement.uses.len() > 1 {
        sum_row(&mut table, &statement.uses.iter().collect::<Vec<_>>(), "all")?;
    }
    Ok(titled("What was used, by whom, and what it earned", table.lines()))
}

fn use_table() -> Table {
    Table::new(&["platform", "use", "agreement", "events", "gross", "labour"])
}

fn use_row(table: &mut Table, line: &UseLine) {
    table.row(vec![
        Cell::text(&line.platform),
        Cell::text(line.use_.as_str()),
        Cell::text(&line.agreement),
        Cell::Number(line.events.to_string()),
        Cell::Amount(line.gross),
        Cell::Amount(line.labour),
    ]);
}

/// A row for several lines, unless there are none.
fn sum_row(table: &mut Table, lines: &[&UseLine], name: &str) -> Result<(), SettleError> {
    if lines.is_empty() {
        return Ok(());
    }
    let (events, gross, labour) = summed(lines.iter().copied())?;
    let name = if name == "all" { name.to_owned() } else { format!("{} {name}", lines.len()) };
    table.row(vec![
        Cell::Text(name),
        Cell::text(""),
        Cell::text(""),
        Cell::Number(events.to_string()),
        Cell::Amount(gross),
        Cell::Amount(labour),
    ]);
    Ok(())
}

/// All lines as they are if there is room for them, else the largest ones, largest first, and the others, which take one line.
fn largest<T, K: Ord>(lines: &[T], room: usize, size: impl Fn(&T) -> K) -> (Vec<&T>, Vec<&T>) {
    let mut shown: Vec<&T> = lines.iter().collect();
    if lines.len() <= room {
        return (shown, Vec::new());
    }
    shown.sort_by_key(|line| std::cmp::Reverse(size(line)));
    let others = shown.split_off(room.saturating_sub(1).min(shown.len()));
    (shown, others)
}

fn undone(lines: &[UndoneUse]) -> Result<Vec<String>, SettleError> {
    let mut table = Table::new(&["cycle", "platform", "agreement", "events", "gross", "labour", "fee", "net"]);
    let (shown, others) = largest(lines, UNDONE_SHOWN, |line| std::cmp::Reverse(line.net));
    let row = |name: String, platform: &str, agreement: &str, events: i64, amounts: [Money; 4]| {
        let words = [Cell::Text(name), Cell::text(platform), Cell::text(agreement), Cell::Number(events.to_string())];
        words.into_iter().chain(amounts.map(Cell::Amount)).collect()
    };
    for line in shown {
        let amounts = [line.gross, line.labour, line.fee, line.net];
        table.row(row(line.cycle.to_string(), &line.platform, &line.agreement, line.events, amounts));
    }
    if !others.is_empty() {
        let sum = |field: fn(&UndoneUse) -> Money| Money::sum(others.iter().map(|line| field(line)));
        let amounts = [sum(|line| line.gross)?, sum(|line| line.labour)?, sum(|line| line.fee)?, sum(|line| line.net)?];
        table.row(row(format!("{} others", others.len()), "", "", others.iter().map(|line| line.events).sum(), amounts));
    }
    Ok(titled("Undone of closed cycles, on their terms", table.lines()))
}

fn inherited(title: &str, lines: &[Inherited]) -> Result<Vec<String>, SettleError> {
    let mut table = Table::new(&["party", "share", "amount"]);
    let (shown, others) = largest(lines, INHERITED_SHOWN, |line| line.amount);
    for line in shown {
        table.row(vec![Cell::text(&line.party), Cell::Number(percent(line.share)), Cell::Amount(line.amount)]);
    }
    if !others.is_empty() {
        let amount = passed(others.iter().copied())?;
        table.row(vec![Cell::Text(format!("{} others", others.len())), Cell::Number(String::new()), Cell::Amount(amount)]);
    }
    Ok(titled(title, table.lines()))
}

fn left_out(lines: &[UseLine]) -> Result<Vec<String>, SettleError> {
    let mut table = use_table();
    let (shown, others) = largest(lines, LEFT_OUT_SHOWN, |line| (line.labour, line.gross));
    shown.iter().for_each(|line| use_row(&mut table, line));
    sum_row(&mut table, &others, "others")?;
    Ok(titled("Left out of this cycle, to be settled in a later one; in none of the figures above", table.lines()))
}

fn became(statement: &Statement) -> Result<Vec<String>, SettleError> {
    let mut table = Table::new(&["", "amount"]);
    for entry in account(statement)? {
        let label = if entry.kind == EntryKind::Part { entry.label } else { format!("= {}", entry.label) };
        table.row(vec![Cell::Text(label), Cell::Amount(entry.amount)]);
    }
    // The head says nothing that the title does not.
    let rows = table.lines().into_iter().skip(1).collect();
    Ok(titled(&format!("What became of it, in {}", statement.currency), rows))
}
