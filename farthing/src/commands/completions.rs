//! `farthing completions`.

use crate::cli::Cli;
use crate::output::{self, Answer};
use clap::CommandFactory;

pub fn run(shell: clap_complete::Shell) -> anyhow::Result<Answer> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "farthing", &mut script);
    output::bytes(&script)?;
    Ok(Answer::Yes)
}
