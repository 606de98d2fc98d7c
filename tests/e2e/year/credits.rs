//! What comes in at the banks of a year, as chance has it: mostly what an invoice asks for, by its number.

use super::acts::Act;
use super::assigned::unnamed;
use super::collected::{Invoice, Receipt};
use super::model::Model;
use super::world::{Books, MIDS};
use crate::dice::Dice;

/// A statement of a MID's bank.
pub fn receive(dice: &mut Dice, model: &Model) -> Option<Act> {
    let mid = dice.place(MIDS.len());
    let issued: Vec<Invoice> = model.numbers.keys().copied().filter(|(books, ..)| books.mid == mid).collect();
    if issued.is_empty() {
        return None;
    }
    let mut receipts: Vec<Receipt> = Vec::new();
    for _ in 0..1 + dice.place(4) {
        let reference = format!("BANK-{}-{}", model.receipts.len(), receipts.len());
        let next = match dice.below(10) {
            0 => again(dice, model, mid),
            1..4 => unnamed(dice, model, mid, reference.clone()),
            _ => None,
        };
        let next = next.unwrap_or_else(|| credit(dice, model, &issued, reference));
        // A statement tells nothing twice.
        if receipts.iter().all(|told| told.reference != next.reference) {
            receipts.push(next);
        }
    }
    Some(Act::Receive { mid, receipts })
}

/// One that another statement has told already.
fn again(dice: &mut Dice, model: &Model, mid: usize) -> Option<Receipt> {
    let ours: Vec<&Receipt> = model.receipts.iter().map(|(receipt, _)| receipt).filter(|receipt| receipt.books.mid == mid).collect();
    if ours.is_empty() { None } else { Some((*dice.pick(&ours)).clone()) }
}

fn credit(dice: &mut Dice, model: &Model, issued: &[Invoice], reference: String) -> Receipt {
    let invoice = *dice.pick(issued);
    let (books, platform, cycle) = invoice;
    let open = model.account(books, platform).invoices.get(&cycle).map_or(0, |[_, open]| *open);
    let some = books.minor() * i128::from(1 + dice.below(5_000));
    let amount = match dice.below(10) {
        0 => some,
        1 => open / 2 / books.minor() * books.minor(),
        2 => open + some,
        _ => open,
    };
    let amount = if amount > 0 { amount } else { some };
    match dice.below(100) {
        // It names nothing, or an invoice of somebody else's.
        0..6 => Receipt { books, amount, names: Vec::new(), reference },
        6..10 => Receipt { books, amount, names: others(dice, model, books.mid), reference },
        10..20 => Receipt { books, amount, names: vec![invoice, *dice.pick(issued)], reference },
        20..26 => {
            let currency = *dice.pick(&model.world.mids[books.mid].currencies);
            let other = Books { currency, ..books };
            Receipt { books: other, amount: (amount / other.minor()).max(1) * other.minor(), names: vec![invoice], reference }
        }
        _ => Receipt { books, amount, names: vec![invoice], reference },
    }
}

fn others(dice: &mut Dice, model: &Model, mid: usize) -> Vec<Invoice> {
    let others: Vec<Invoice> = model.numbers.keys().copied().filter(|(books, ..)| books.mid != mid).collect();
    if others.is_empty() { Vec::new() } else { vec![*dice.pick(&others)] }
}
