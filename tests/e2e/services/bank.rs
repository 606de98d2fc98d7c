//! A bank that is not ours: it takes files, settles, refuses and sends back, and tells so in messages.

use crate::support::root;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct Bank {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Bank {
    /// A new one, whose clock begins there.
    pub fn open(clock: &str) -> Result<Bank> {
        let python = root().join(".venv/bin/python");
        ensure!(python.exists(), "{} is not there; install the tests' tools with: deploy/install-test-tools.sh", python.display());
        let script = root().join("tests/e2e/services/bank.py");
        let mut command = Command::new(python);
        let mut child = command.arg("-sEB").arg(script).arg(clock).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().context("its input is not piped")?;
        let output = BufReader::new(child.stdout.take().context("its output is not piped")?);
        Ok(Bank { child, input, output })
    }

    /// Asks it to do something; all messages that it has for its customers since.
    pub fn ask(&mut self, job: &Value) -> Result<Vec<Message>> {
        let answer = self.exchange(job)?;
        let message = |message: &Value| {
            let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
            Message { form: text("type"), body: text("body") }
        };
        Ok(answer["messages"].as_array().into_iter().flatten().map(message).collect())
    }

    /// What it says of an account of a customer.
    pub fn account(&mut self, name: &str) -> Result<Value> {
        let answer = self.exchange(&json!({"get": format!("/_mock/accounts/{name}")}))?;
        let said = answer["said"][0].as_str().context("it says nothing")?;
        serde_json::from_str(said).with_context(|| said.to_owned())
    }

    fn exchange(&mut self, job: &Value) -> Result<Value> {
        writeln!(self.input, "{job}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        serde_json::from_str(&line).context("the bank has ended; its error is above")
    }
}

/// What it tells.
pub struct Message {
    /// Such as `pain.002`.
    pub form: String,
    pub body: String,
}

impl Drop for Bank {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
