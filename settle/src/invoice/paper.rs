//! What an invoice says, in words and rows.

use super::{Invoice, Named, Paid, UseLine};
use crate::document::{Document, Fact, List, Part, Value};
use crate::error::SettleError;
use crate::report::table::readable;
use crate::unsettled::{Key, Sums};
use farthing_schemas::{Day, Money};

/// The columns of what was used.
const USES: [(&str, &str); 6] =
    [("agreement", "agreement"), ("use", "use"), ("events", "events"), ("late", "of them late"), ("gross", "gross"), ("labour", "labour")];

/// The columns of what was undone.
const UNDONE: [(&str, &str); 6] =
    [("undone_cycle", "cycle"), ("agreement", "agreement"), ("use", "use"), ("events", "events"), ("gross", "gross"), ("labour", "labour")];

/// The columns of what was paid before.
const PAID: [(&str, &str); 3] = [("claim", "claim"), ("reference", "its payment"), ("amount", "amount")];

/// The columns of what is not settled.
const UNSETTLED: [(&str, &str); 6] = [
    ("status", "status"),
    ("use", "use"),
    ("agreement", "agreement"),
    ("gross", "gross"),
    ("labour", "labour"),
    ("labour_to_date", "labour to date"),
];

impl Invoice {
    /// The invoice as a paper.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn document(&self) -> Result<Document, SettleError> {
        let Invoice { cycle, currency, .. } = self;
        let what = if self.issued.is_some() { "Invoice" } else { "Preview of an invoice" };
        let undone = "Undone of closed cycles, on their terms";
        let besides = "Owed besides by the contract, and not asked for here: it is nobody's to be paid by itself";
        let mut document = Document {
            kind: "invoice",
            title: format!("{what} to {} from {} for {cycle} in {currency}", shown(&self.platform), shown(&self.mid)),
            notice: self.notice(),
            facts: self.facts(),
            parts: vec![
                Part::list("uses", "What was used under which agreement, and what it earned", use_list(&self.uses)?),
                Part::list("undone", undone, self.undone_list()?),
                Part::facts("figures", format!("What is to be paid, in {currency}"), self.figures()?),
                Part::list(
                    "left_out",
                    "Left out, to be invoiced with a later cycle; in none of the figures above",
                    use_list(&self.left_out)?,
                ),
                Part::list("unsettled", besides, unsettled_list(&self.unsettled)?),
            ],
            remarks: self.remarks()?,
        };
        if !self.paid.is_empty() {
            document.parts.push(Part::list("paid_claims", "Paid already, for claims of unlicensed use", self.paid_list()));
        }
        Ok(document)
    }

    fn notice(&self) -> Option<String> {
        let why = if self.open { "the cycle is open" } else { "its draft is not approved" };
        let notice = format!("PREVIEW: {why}, so all of this can still change, and nothing is to be paid on it");
        self.issued.is_none().then_some(notice)
    }

    fn facts(&self) -> Vec<Fact> {
        let day = |instant| Day::of(instant).to_string();
        let (from, to) = (day(self.cycle.start()), day(self.cycle.end()));
        let issued = self.issued.as_ref();
        vec![
            Fact::new("mid", "from", Value::id(&self.mid.id)),
            Fact::new("platform", "to", Value::id(&self.platform.id)),
            Fact::new("currency", "currency", Value::text(self.currency)),
            Fact::new("cycle", "cycle", Value::text(self.cycle)),
            Fact::new("from", "first day, in UTC", Value::Text(from)),
            Fact::new("to", "the day after the last", Value::Text(to)),
            Fact::new("preview", "preview", Value::Flag(issued.is_none())),
            Fact::new("number", "number, also the payment's reference", Value::or_nothing(issued.map(|issued| &issued.number))),
            Fact::new("date", "date", Value::or_nothing(issued.map(|issued| issued.day))),
            Fact::new("due", "to be paid by", Value::or_nothing(issued.map(|issued| issued.due))),
            Fact::new("registry_version", "version of the registry", Value::count(self.registry_version)),
            Fact::new("draft_sha256", "SHA-256 of the draft", Value::text(&self.draft_sha256)),
            Fact::new("journal_entry", "entry of the journal", issued.map_or(Value::Nothing, |issued| Value::count(issued.entry))),
        ]
    }

    fn figures(&self) -> Result<Vec<Fact>, SettleError> {
        let figures = &self.figures;
        let amount = |key, label: &str, amount: Money| Fact::new(key, label, Value::Amount(amount));
        let mut facts = vec![
            amount("used", "labour of what was used", figures.used),
            amount("undone", "labour of what was undone", figures.undone),
            amount("labour", "= labour of this cycle", figures.labour()?),
            amount("carried_in", "carried in from earlier invoices", figures.carried_in),
        ];
        if !self.paid.is_empty() {
            facts.push(amount("paid", "less what was paid already, for claims", figures.paid));
        }
        facts.push(amount("to_pay", "= to be paid", figures.to_pay));
        facts.push(amount("carried_out", "carried to the next invoice", figures.carried_out));
        Ok(facts)
    }

    fn paid_list(&self) -> List {
        let mut list = List::new(&PAID);
        let row = |paid: &Paid| vec![Value::count(paid.claim), Value::id(&paid.reference), Value::Amount(paid.amount)];
        list.rows = self.paid.iter().map(row).collect();
        list
    }

    fn undone_list(&self) -> Result<List, SettleError> {
        let mut list = List::new(&UNDONE);
        for line in &self.undone {
            let words = [Value::text(line.cycle), Value::id(&line.agreement), Value::text(line.use_)];
            list.rows.push(row(words, [Value::count(line.events), Value::Amount(line.gross), Value::Amount(line.labour)]));
        }
        // An event can have been of several agreements, of which each counts it.
        let gross = Money::sum(self.undone.iter().map(|line| line.gross))?;
        let all = [Value::text("all"), Value::Nothing, Value::Nothing];
        list.sum = Some(row(all, [Value::Nothing, Value::Amount(gross), Value::Amount(self.figures.undone)]));
        Ok(list)
    }

    fn remarks(&self) -> Result<Vec<String>, SettleError> {
        let (mut remarks, figures) = (Vec::new(), &self.figures);
        if let Some(issued) = &self.issued {
            let asked = format!("Please pay {} {} with the reference {}.", readable(figures.to_pay), self.currency, issued.number);
            remarks.push(if figures.to_pay > Money::ZERO { asked } else { "Nothing is to be paid.".to_owned() });
            remarks.push("A paper with the same number and another draft is replaced by this one.".to_owned());
        }
        if figures.carried_out < Money::ZERO {
            let credit = readable(figures.carried_out.negated()?);
            let why = if figures.paid > Money::ZERO { "undone or paid already" } else { "undone" };
            remarks.push(format!("More was {why} than used: {credit} {} are credited, and taken from the next invoice.", self.currency));
        } else if figures.carried_out > Money::ZERO {
            remarks.push(format!("What is less than the smallest amount of {} is not lost: the next invoice has it.", self.currency));
        }
        Ok(remarks)
    }
}

fn shown(named: &Named) -> String {
    named.name.as_ref().map_or_else(|| named.id.clone(), |name| format!("{name} ({})", named.id))
}

fn row<const WORDS: usize, const NUMBERS: usize>(words: [Value; WORDS], numbers: [Value; NUMBERS]) -> Vec<Value> {
    words.into_iter().chain(numbers).collect()
}

fn use_list(lines: &[UseLine]) -> Result<List, SettleError> {
    let mut list = List::new(&USES);
    for line in lines {
        let counts = [Value::count(line.events), Value::count(line.late), Value::Amount(line.gross), Value::Amount(line.labour)];
        list.rows.push(row([Value::id(&line.agreement), Value::text(line.use_)], counts));
    }
    let gross = Money::sum(lines.iter().map(|line| line.gross))?;
    let labour = Money::sum(lines.iter().map(|line| line.labour))?;
    let sums = [Value::Nothing, Value::Nothing, Value::Amount(gross), Value::Amount(labour)];
    list.sum = Some(row([Value::text("all"), Value::Nothing], sums));
    Ok(list)
}

fn unsettled_list(lines: &[(Key, Sums)]) -> Result<List, SettleError> {
    let mut list = List::new(&UNSETTLED);
    let amounts = |sums: &Sums| [sums.gross, sums.labour, sums.labour_to_date].map(Value::Amount);
    for (key, sums) in lines {
        list.rows.push(row([Value::text(key.status), Value::text(key.use_), Value::id(&key.agreement)], amounts(sums)));
    }
    let sum = |field: fn(&Sums) -> Money| Money::sum(lines.iter().map(|(_, sums)| field(sums)));
    let all = Sums { gross: sum(|sums| sums.gross)?, labour: sum(|sums| sums.labour)?, labour_to_date: sum(|sums| sums.labour_to_date)? };
    list.sum = Some(row([Value::text("all"), Value::Nothing, Value::Nothing], amounts(&all)));
    Ok(list)
}
