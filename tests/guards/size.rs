//! No file over 600 lines and no function over 70: what is longer has more than one purpose.

use super::workspace::{TextFile, files};
use anyhow::{Context, Result};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{ImplItemFn, ItemFn, Signature, TraitItemFn};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const SHOWN: usize = 5;

/// A length and what has it; ordered by length.
type Length = (usize, String);

struct Functions<'file> {
    path: &'file str,
    lengths: Vec<Length>,
}

impl Functions<'_> {
    fn push(&mut self, signature: &Signature, end: usize) {
        let start = signature.span().start().line;
        self.lengths.push((end + 1 - start, format!("{}:{start} {}", self.path, signature.ident)));
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.push(&function.sig, function.block.span().end().line);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.push(&function.sig, function.block.span().end().line);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.push(&function.sig, block.span().end().line);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn file_lengths(files: &[TextFile]) -> Vec<Length> {
    longest_first(files.iter().map(|file| (file.text.lines().count(), file.path.clone())).collect())
}

fn function_lengths(files: &[TextFile]) -> Result<Vec<Length>> {
    let mut lengths = Vec::new();
    for file in files {
        let parsed = syn::parse_file(&file.text).with_context(|| format!("{} cannot be parsed", file.path))?;
        let mut functions = Functions { path: &file.path, lengths: Vec::new() };
        functions.visit_file(&parsed);
        lengths.extend(functions.lengths);
    }
    Ok(longest_first(lengths))
}

fn longest_first(mut lengths: Vec<Length>) -> Vec<Length> {
    lengths.sort_by(|a, b| b.cmp(a));
    lengths
}

fn over(lengths: &[Length], max: usize) -> Vec<&Length> {
    lengths.iter().filter(|(length, _)| *length > max).collect()
}

#[test]
fn no_file_and_no_function_is_too_long() -> Result<()> {
    let sources: Vec<TextFile> = files()?.into_iter().filter(|file| file.path.ends_with(".rs")).collect();
    let (files, functions) = (file_lengths(&sources), function_lengths(&sources)?);
    assert!(functions.len() > sources.len(), "too few functions found");
    println!("longest files: {:?}", &files[..SHOWN.min(files.len())]);
    println!("longest functions: {:?}", &functions[..SHOWN.min(functions.len())]);
    assert_eq!(over(&files, FILE_LINES_MAX), Vec::<&Length>::new());
    assert_eq!(over(&functions, FUNCTION_LINES_MAX), Vec::<&Length>::new());
    Ok(())
}

#[test]
fn planted_long_ones_are_found() -> Result<()> {
    let file = |text: String| TextFile { path: "planted.rs".to_owned(), text };
    let body = |lines: usize| "    let s = \"fn not_one() {\"; // }\n".repeat(lines);
    let function =
        |lines: usize| format!("impl T {{\n    /// Doc.\n    #[must_use]\n    fn planted(self) {{\n{}    }}\n}}\n", body(lines - 2));
    let at_the_bound = function_lengths(&[file(function(FUNCTION_LINES_MAX))])?;
    assert_eq!(at_the_bound, [(FUNCTION_LINES_MAX, "planted.rs:4 planted".to_owned())]);
    assert_eq!(over(&at_the_bound, FUNCTION_LINES_MAX).len(), 0);
    assert_eq!(over(&function_lengths(&[file(function(FUNCTION_LINES_MAX + 1))])?, FUNCTION_LINES_MAX).len(), 1);
    let at_the_bound = "//\n".repeat(FILE_LINES_MAX);
    assert_eq!(over(&file_lengths(&[file(at_the_bound.clone())]), FILE_LINES_MAX).len(), 0);
    assert_eq!(over(&file_lengths(&[file(at_the_bound + "//\n")]), FILE_LINES_MAX).len(), 1);
    Ok(())
}
