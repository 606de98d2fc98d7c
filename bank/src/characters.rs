//! What formats can write: their character sets, and how any other text becomes one of them.
//!
//! | text | becomes |
//! |---|---|
//! | a character of the set | itself |
//! | ä ö ü Ä Ö Ü ß | ae oe ue Ae Oe Ue ss, as German banks have it; also when the two dots stand as a character of their own |
//! | any other letter or number, of any script | what the crate `any_ascii` writes for it: é e, Ł L, Щ Shch, 李 Li |
//! | what of that is not in the set, and other signs | the sign of [`substitute`], as in the European Payments Council's guidance (EPC217-08): & +, _ -, [ (, @ . and so on |
//! | white space, also line ends and tabs | one space |
//! | accents that stand alone, joiners, marks of direction and the few other signs that have no form | nothing |
//! | a letter or number that has no such form | an error that names it: no letter becomes nothing |
//!
//! Spaces at the ends are cut and several are one. A text that has nothing left but signs is an error, too, where a name is needed.

use any_ascii::any_ascii_char;

/// The characters that a format takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharacterSet {
    /// The Latin set of SEPA and of most banks elsewhere: letters, digits and `/ - ? : ( ) . , ' +` and space.
    Sepa,
    /// NACHA's: printable ASCII without small letters, and without `*`, `\`, `~` and the grave accent, which X12 has for itself.
    Nacha,
}

/// Why a text cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A letter has no form in the set.
    #[error("the character {character:?} (U+{code:04X}) has no form in the characters that banks take", code = u32::from(*character))]
    NoForm {
        /// The letter.
        character: char,
    },
    /// Nothing but signs is left.
    #[error("nothing readable is left of it in the characters that banks take")]
    NothingLeft,
}

impl CharacterSet {
    /// Whether it has this character.
    #[must_use]
    pub fn has(self, character: char) -> bool {
        match self {
            CharacterSet::Sepa => is_sepa(character),
            CharacterSet::Nacha => {
                matches!(character, ' '..='}') && !character.is_ascii_lowercase() && !matches!(character, '*' | '\\' | '`')
            }
        }
    }

    /// The text in this set, as the table above says.
    ///
    /// ```
    /// use farthing_bank::characters::CharacterSet;
    /// assert_eq!(CharacterSet::Sepa.write("Zoë Müller & Söhne")?, "Zoe Mueller + Soehne");
    /// assert_eq!(CharacterSet::Nacha.write("Łukasz Щукин")?, "LUKASZ SHCHUKIN");
    /// # Ok::<(), farthing_bank::characters::TextError>(())
    /// ```
    ///
    /// # Errors
    /// [`TextError::NoForm`] for a letter that cannot be written.
    pub fn write(self, text: &str) -> Result<String, TextError> {
        let mut written = String::with_capacity(text.len());
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let dotted = characters.next_if_eq(&DIAERESIS).and_then(|_| with_dots(character));
            self.push(dotted.unwrap_or(character), &mut written)?;
        }
        Ok(written.trim_end().to_owned())
    }

    /// A name or another text that somebody has to be able to read: at least one letter or digit.
    ///
    /// # Errors
    /// [`TextError::NothingLeft`] for a text without, [`TextError::NoForm`] as with [`CharacterSet::write`].
    pub fn write_name(self, text: &str) -> Result<String, TextError> {
        let written = self.write(text)?;
        if written.contains(|character: char| character.is_ascii_alphanumeric()) { Ok(written) } else { Err(TextError::NothingLeft) }
    }

    fn push(self, character: char, written: &mut String) -> Result<(), TextError> {
        let ascii = german(character).unwrap_or_else(|| any_ascii_char(character));
        match ascii {
            _ if character.is_whitespace() || character.is_control() => self.push_ascii(' ', written),
            "" if is_letter(character) => return Err(TextError::NoForm { character }),
            _ => ascii.chars().for_each(|one| self.push_ascii(one, written)),
        }
        Ok(())
    }

    fn push_ascii(self, character: char, written: &mut String) {
        let cased = if self == CharacterSet::Nacha { character.to_ascii_uppercase() } else { character };
        let kept = if self.has(cased) { cased } else { substitute(cased) };
        if kept != ' ' || !(written.is_empty() || written.ends_with(' ')) {
            written.push(kept);
        }
    }
}

/// Two dots over the letter before.
const DIAERESIS: char = '\u{308}';

/// The characters that every bank takes in ids, too.
#[must_use]
pub(crate) const fn is_sepa(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '/' | '-' | '?' | ':' | '(' | ')' | '.' | ',' | '\'' | '+' | ' ')
}

/// What stands for an ASCII sign that a set does not have.
#[must_use]
pub const fn substitute(sign: char) -> char {
    match sign {
        '&' => '+',
        ';' => ',',
        '[' | '{' => '(',
        ']' | '}' => ')',
        '\\' | '|' => '/',
        '_' | '~' => '-',
        '`' => '\'',
        _ => '.',
    }
}

/// A name in so many characters: its first and last word are kept and those between become initials, then are left out; what is
/// still too long is cut. For formats with little room; whoever uses it decides so, the writers never do.
///
/// ```
/// use farthing_bank::characters::shortened;
/// assert_eq!(shortened("Maria Fernanda dos Santos Silva", 22), "Maria F D S Silva");
/// ```
#[must_use]
pub fn shortened(name: &str, characters_max: usize) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let initials = |word: &&str| word.chars().next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let middle: Vec<String> = words.iter().skip(1).take(words.len().saturating_sub(2)).map(initials).collect();
    let (first, last) = (words.first().copied().unwrap_or_default(), words.last().copied().unwrap_or_default());
    let fits = |text: &str| text.chars().count() <= characters_max;
    let all = words.join(" ");
    if fits(&all) || words.len() < 2 {
        return all.chars().take(characters_max).collect();
    }
    let with_initials = [&[first.to_owned()], middle.as_slice(), &[last.to_owned()]].concat().join(" ");
    let short = if fits(&with_initials) { with_initials } else { format!("{first} {last}") };
    short.chars().take(characters_max).collect::<String>().trim_end().to_owned()
}

fn german(character: char) -> Option<&'static str> {
    Some(match character {
        'ä' => "ae",
        'ö' => "oe",
        'ü' => "ue",
        'Ä' => "Ae",
        'Ö' => "Oe",
        'Ü' => "Ue",
        'ß' => "ss",
        'ẞ' => "SS",
        _ => return None,
    })
}

fn with_dots(letter: char) -> Option<char> {
    Some(match letter {
        'a' => 'ä',
        'o' => 'ö',
        'u' => 'ü',
        'A' => 'Ä',
        'O' => 'Ö',
        'U' => 'Ü',
        _ => return None,
    })
}

/// A letter or number; of those of private use nobody knows, so they count as such.
fn is_letter(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, sepa: &str, nacha: &str) {
        assert_eq!(CharacterSet::Sepa.write(text).as_deref(), Ok(sepa), "{text:?}");
        assert_eq!(CharacterSet::Nacha.write(text).as_deref(), Ok(nacha), "{text:?}");
    }

    #[test]
    fn texts_become_what_the_table_says() {
        check("Ana Lima", "Ana Lima", "ANA LIMA");
        check("  José\u{a0}\t Ñandú\r\n", "Jose Nandu", "JOSE NANDU");
        check("Jürgen Größe", "Juergen Groesse", "JUERGEN GROESSE");
        check("Ju\u{308}rgen", "Juergen", "JUERGEN");
        check("e\u{301}te\u{301}", "ete", "ETE");
        check("Ærøskøbing Þór", "Aeroskobing Thor", "AEROSKOBING THOR");
        check("Σωκράτης", "Sokratis", "SOKRATIS");
        check("深圳", "ShenZhen", "SHENZHEN");
        check("R&D [x] {y} a_b~c|d\\e", "R+D (x) (y) a-b-c/d/e", "R&D [X] {Y} A_B-C|D/E");
        check("a@b.c #1 *50%*", "a.b.c .1 .50..", "A@B.C #1 .50%.");
        check("“quoted” — dash…", ".quoted. - dash...", "\"QUOTED\" - DASH...");
        check("a\u{200b}b\u{ad}c\u{202e}d", "abcd", "ABCD");
        check("\u{1f451}", ":crown:", ":CROWN:");
        check("O’Brien", "O'Brien", "O'BRIEN");
    }

    #[test]
    fn what_comes_out_is_in_the_set_and_stays_as_it_is() {
        for code in (0..0x3000).chain(0x1_f300..0x1_f700) {
            let Some(character) = char::from_u32(code) else { continue };
            for set in [CharacterSet::Sepa, CharacterSet::Nacha] {
                let Ok(written) = set.write(&format!("x{character}x")) else { continue };
                assert!(written.chars().all(|character| set.has(character)), "{code:04X} {written}");
                assert_eq!(set.write(&written), Ok(written), "{code:04X}");
            }
        }
    }

    #[test]
    fn no_letter_becomes_nothing() {
        let mut without_form = 0;
        for code in 0..0x11_0000 {
            let Some(character) = char::from_u32(code).filter(|character| character.is_alphanumeric()) else { continue };
            let written = CharacterSet::Sepa.write(&character.to_string());
            match written {
                Ok(written) => assert!(!written.is_empty(), "{code:04X}"),
                Err(error) => assert_eq!(error, TextError::NoForm { character }),
            }
            without_form += i32::from(CharacterSet::Sepa.write(&format!("a{character}")).is_err());
        }
        assert!(without_form > 0, "every letter has a form");
        let private = '\u{E000}';
        assert_eq!(CharacterSet::Sepa.write("a\u{E000}"), Err(TextError::NoForm { character: private }));
    }

    #[test]
    fn a_name_of_signs_alone_is_none() {
        for name in ["", "   ", "...", "\u{301}", "– —"] {
            assert_eq!(CharacterSet::Sepa.write_name(name), Err(TextError::NothingLeft), "{name:?}");
        }
        assert_eq!(CharacterSet::Sepa.write_name("7").as_deref(), Ok("7"));
    }

    #[test]
    fn names_are_shortened_as_far_as_needed() {
        let name = "Maria Fernanda dos Santos Silva";
        assert_eq!(shortened(name, 40), name);
        assert_eq!(shortened(name, 22), "Maria F D S Silva");
        assert_eq!(shortened(name, 12), "Maria Silva");
        assert_eq!(shortened(name, 8), "Maria Si");
        assert_eq!(shortened("Wolfeschlegelsteinhausenbergerdorff", 22), "Wolfeschlegelsteinhaus");
        assert_eq!(shortened("", 5), "");
    }
}
