//! [`Table`]: columns of text and amounts, aligned; amounts at their points.

use farthing_schemas::Money;

/// What stands in one place of a table.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Words, to the left.
    Text(String),
    /// A count or a share, to the right.
    Number(String),
    /// An amount, by its point.
    Amount(Money),
}

impl Cell {
    /// Words.
    pub fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

/// Rows below a head.
#[derive(Clone, Debug)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub fn new(head: &[&'static str]) -> Table {
        Table { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with one cell per column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The lines, indented by two; none if there is no row.
    pub fn lines(&self) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let columns: Vec<Vec<String>> = (0..self.head.len()).map(|column| self.column(column)).collect();
        let line = |row: usize| {
            let cells: Vec<&str> = columns.iter().map(|cells| cells[row].as_str()).collect();
            format!("  {}", cells.join("  ")).trim_end().to_owned()
        };
        (0..=self.rows.len()).map(line).collect()
    }

    /// One column's texts, head first, all of one width.
    fn column(&self, column: usize) -> Vec<String> {
        let cells: Vec<&Cell> = self.rows.iter().filter_map(|row| row.get(column)).collect();
        let digits = cells.iter().map(|cell| fraction_digits(cell)).max().unwrap_or(0);
        let head = self.head[column].to_owned();
        let texts: Vec<String> = std::iter::once(head).chain(cells.iter().map(|cell| shown(cell, digits))).collect();
        let width = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
        let to_the_left = cells.iter().all(|cell| matches!(cell, Cell::Text(_)));
        texts.into_iter().map(|text| if to_the_left { format!("{text:<width$}") } else { format!("{text:>width$}") }).collect()
    }
}

fn fraction_digits(cell: &Cell) -> usize {
    match cell {
        Cell::Amount(amount) => readable(*amount).split_once('.').map_or(0, |(_, fraction)| fraction.len()),
        Cell::Text(_) | Cell::Number(_) => 0,
    }
}

/// An amount is filled up with spaces to `digits` after the point, so that points stand under points.
fn shown(cell: &Cell, digits: usize) -> String {
    match cell {
        Cell::Text(text) | Cell::Number(text) => text.clone(),
        Cell::Amount(amount) => {
            let fill = digits - fraction_digits(cell);
            format!("{}{}", readable(*amount), " ".repeat(fill))
        }
    }
}

/// `51,037.07`: the whole in groups of three, the fraction without zeros at its end but with at least two digits.
pub fn readable(amount: Money) -> String {
    let text = amount.to_string();
    let (sign, size) = text.strip_prefix('-').map_or(("", text.as_str()), |size| ("-", size));
    let (whole, fraction) = size.split_once('.').unwrap_or((size, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let cut = fraction.trim_end_matches('0');
    format!("{sign}{grouped}.{cut:0<2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_readable() {
        let check = |units: i128, expected: &str| assert_eq!(readable(Money::from_units(units)), expected);
        check(0, "0.00");
        check(51_037_070_000_000_000, "51,037.07");
        check(-1_000_000_000_000_000_000, "-1,000,000.00");
        check(1, "0.000000000001");
        check(999_100_000_000_000, "999.10");
    }

    #[test]
    fn points_stand_under_points() {
        let mut table = Table::new(&["party", "paid"]);
        table.row(vec![Cell::text("ana"), Cell::Amount(Money::from_units(1_500_000_000_000))]);
        table.row(vec![Cell::text("b"), Cell::Amount(Money::from_units(12_000_100_000_000))]);
        assert_eq!(table.lines(), ["  party     paid", "  ana     1.50", "  b      12.0001"]);
    }
}
