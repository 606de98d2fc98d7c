//! Rust sources as their words, so that comments, strings and tests do not count as code.

use super::workspace::TextFile;
use anyhow::{Context, Result};
use proc_macro2::{Spacing, TokenStream, TokenTree};
use std::path::Path;
use syn::{Attribute, File, Item, UseTree};

/// A parsed file, each word of its code between single spaces: identifiers, punctuation and brackets, without literals, comments and
/// `#[cfg(test)]` items. Grouped imports stand once more at the end, as one path each.
pub fn code_words(source: &str) -> Result<String> {
    let tokens: TokenStream = source.parse().map_err(|error| anyhow::anyhow!("cannot be read as Rust: {error}"))?;
    let mut file: File = syn::parse2(tokens.clone()).context("cannot be parsed as Rust")?;
    file.items.retain(|item| !is_test(item));
    let mut words = String::from(" ");
    push_words(without_tests(tokens), &mut words);
    for item in &file.items {
        if let Item::Use(import) = item {
            push_imports(&import.tree, "", &mut words);
        }
    }
    Ok(words)
}

/// Paths, from the root, of what only tests compile: files and folders of `#[cfg(test)] mod name;`.
pub fn test_only_paths(sources: &[TextFile]) -> Vec<String> {
    let mut paths = Vec::new();
    for source in sources.iter().filter(|source| source.path.ends_with(".rs")) {
        let Ok(file) = syn::parse_file(&source.text) else { continue };
        let folder = module_folder(&source.path);
        for item in file.items.iter().filter(|item| is_test(item)) {
            if let Item::Mod(module) = item {
                paths.push(format!("{folder}/{}.rs", module.ident));
                paths.push(format!("{folder}/{}/", module.ident));
            }
        }
    }
    paths
}

/// Where the child modules of the module in `path` are.
fn module_folder(path: &str) -> String {
    let path = Path::new(path);
    let parent = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let folder = if ["lib", "main", "mod"].contains(&stem) { parent.to_path_buf() } else { parent.join(stem) };
    folder.to_string_lossy().into_owned()
}

fn is_test(item: &Item) -> bool {
    let attributes = match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(is_cfg_test)
}

fn is_cfg_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test")
}

/// Drops each `#[cfg(test)]` and all that follows it up to the end of its item: a semicolon, or a block in braces.
fn without_tests(tokens: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut dropping = false;
    for token in tokens {
        if dropping {
            let text = token.to_string();
            dropping = !(text == ";" || text.starts_with('{'));
            continue;
        }
        let after_hash = matches!(kept.last(), Some(TokenTree::Punct(hash)) if hash.as_char() == '#');
        if after_hash && token.to_string().replace(' ', "") == "[cfg(test)]" {
            kept.pop();
            dropping = true;
            continue;
        }
        kept.push(token);
    }
    kept.into_iter().collect()
}

fn push_words(tokens: TokenStream, words: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                words.push_str("( ");
                push_words(without_tests(group.stream()), words);
                words.push_str(") ");
            }
            TokenTree::Ident(ident) => words.push_str(&format!("{ident} ")),
            TokenTree::Punct(mark) => {
                words.push(mark.as_char());
                if mark.spacing() == Spacing::Alone || mark.as_char() != ':' {
                    words.push(' ');
                }
            }
            // A number can carry its type: 1f64.
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let float =
                    ["f32", "f64"].into_iter().find(|suffix| text.starts_with(|c: char| c.is_ascii_digit()) && text.ends_with(suffix));
                words.push_str(&float.map_or_else(|| "_ ".to_owned(), |suffix| format!("{suffix} ")));
            }
        }
    }
}

fn push_imports(tree: &UseTree, before: &str, words: &mut String) {
    match tree {
        UseTree::Path(path) => push_imports(&path.tree, &format!("{before}{} :: ", path.ident), words),
        UseTree::Name(name) => words.push_str(&format!("{before}{} ; ", name.ident)),
        UseTree::Rename(rename) => words.push_str(&format!("{before}{} ; ", rename.ident)),
        UseTree::Glob(_) => words.push_str(&format!("{before}* ; ")),
        UseTree::Group(group) => group.items.iter().for_each(|item| push_imports(item, before, words)),
    }
}
