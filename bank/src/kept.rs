//! [`kept`]: what of a bank's words may stand where nothing can be erased. Whatever may be somebody's name stays in the message alone.

/// Characters of what is kept, at most.
const CHARACTERS_MAX: usize = 100;

/// The words that banks' reasons are made of, in order; all others may be names.
#[rustfmt::skip]
const WORDS: [&str; 162] = [
    "a", "able", "accepted", "account", "accounts", "address", "after", "agent", "all", "already", "amount", "an", "and", "any", "at",
    "authorisation", "authorised", "authorization", "authorized", "balance", "bank", "beneficiary", "bic", "blocked", "by", "can",
    "cancelled", "cannot", "change", "check", "clearing", "closed", "code", "correspondent", "could", "country", "creditor", "currency",
    "customer", "cutoff", "data", "date", "day", "days", "dead", "debtor", "deceased", "declined", "details", "digit", "digits", "does",
    "double", "due", "duplicate", "email", "entry", "error", "exceeded", "execution", "exist", "expired", "failed", "field", "file",
    "for", "format", "found", "from", "frozen", "fund", "funds", "has", "have", "holder", "iban", "id", "identification", "identifier",
    "in", "incorrect", "institution", "insufficient", "invalid", "is", "it", "known", "later", "legal", "length", "limit", "match",
    "message", "missing", "name", "narrative", "need", "no", "not", "notprovided", "number", "of", "on", "only", "open", "or", "order",
    "originator", "other", "paid", "party", "payee", "payment", "payments", "pending", "period", "permitted", "possible", "processed",
    "provided", "purpose", "reached", "reason", "received", "receiver", "recipient", "reference", "refund", "refused", "regulatory",
    "rejected", "remittance", "request", "requested", "required", "return", "returned", "reversal", "routing", "rules", "sender",
    "service", "settled", "since", "specified", "status", "stopped", "suspended", "system", "technical", "than", "that", "the", "to",
    "too", "transaction", "transfer", "type", "unable", "unclaimed", "unknown", "was",
];

/// The text with all words masked that reasons are not made of, cut where it is long. Numbers of four digits or fewer stay.
///
/// ```
/// use farthing_bank::kept::kept;
/// assert_eq!(kept("The account of Maria Silva is closed since 2026"), "The account of *** *** is closed since 2026");
/// assert_eq!(kept("the creditor account ***0003 is closed"), "the creditor account ***0003 is closed");
/// ```
#[must_use]
pub fn kept(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if shown.chars().count() >= CHARACTERS_MAX {
            shown.push_str("...");
            break;
        }
        let word = rest.find(|character: char| !character.is_alphanumeric()).map_or(rest, |end| &rest[..end]);
        let length = if word.is_empty() { first.len_utf8() } else { word.len() };
        let stays = word.is_empty() || is_reason(word);
        shown.push_str(if stays { &rest[..length] } else { "***" });
        rest = &rest[length..];
    }
    shown
}

/// The same of a code: up to four capital letters stay, too, and what [`kept_reference`] leaves.
#[must_use]
pub fn kept_code(text: &str) -> String {
    let is_short = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_short { text.to_owned() } else { kept_reference(text) }
}

/// The same of ids, which stay: words of capital letters and digits with a digit among them.
#[must_use]
pub fn kept_reference(text: &str) -> String {
    text.split(' ').map(|word| if is_id(word) { word.to_owned() } else { kept(word) }).collect::<Vec<_>>().join(" ")
}

fn is_id(word: &str) -> bool {
    let fits = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-./+".contains(&byte));
    fits && word.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_reason(word: &str) -> bool {
    let number = word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    number || WORDS.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_kept_that_could_be_a_name() {
        for (text, expected) in [
            ("ACCOUNT CLOSED MARIA SILVA", "ACCOUNT CLOSED *** ***"),
            ("Konto von Jürgen Müller", "*** *** *** ***"),
            ("no account for ***.org, O'Brien", "no account for ***.***, ***'***"),
            ("李小龍: unknown", "***: unknown"),
            ("", ""),
        ] {
            assert_eq!(kept(text), expected, "{text}");
        }
        let long = kept(&"invalid account ".repeat(100));
        assert!(long.len() < 120 && long.ends_with("..."), "{long}");
    }

    #[test]
    fn codes_stay_and_what_is_none_is_masked() {
        for code in ["AC04", "MD07", "NARR", "R02"] {
            assert_eq!(kept_code(code), code);
        }
        for id in ["NOBODY-1", "BMAN96ZRA1R704ZDJX8J-2610-1", "all of AB12-1", "BMAN96ZRA1R704..."] {
            assert_eq!(kept_reference(id), id);
        }
        for (text, expected) in
            [("Gehalt Maria", "*** ***"), ("MARIA SILVA 1", "*** *** 1"), ("NOTPROVIDED", "NOTPROVIDED"), ("KIM", "***")]
        {
            assert_eq!(kept_reference(text), expected);
        }
    }
}
