//! The operator behind the middleware: a person at a tool, a command, or a test.

use std::{process::Stdio, sync::Arc};

use anyhow::{Context as _, ensure};
use futures::future::BoxFuture;
use tokio::process::Command;

/// A task for the human agent of the scripted conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Send these texts, one message each, in this order.
    Answer(Vec<String>),
    /// Type for a moment without sending.
    Type,
    /// End the chat.
    End,
}

type Hook = Arc<dyn Fn(String, Task) -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

pub enum Operator {
    /// Reads each task on standard error and in the chat.
    Person,
    /// Run by the shell for each task, with `BATON_CHECK_USER`, `BATON_CHECK_DO` (`answer`, `type`
    /// or `end`) and `BATON_CHECK_TEXT`.
    Command(String),
    /// Called with the visitor's id and the task.
    Hook(Hook),
}

impl Task {
    /// The visitor's text that asks the human agent for this task.
    pub(super) fn request(&self) -> String {
        match self {
            Self::Answer(texts) if texts.len() == 1 => format!("Please answer: {}", texts[0]),
            Self::Answer(texts) => {
                format!("Please answer these, one message each, in order: {}", texts.join(", "))
            }
            Self::Type => "Please type for a moment, without sending.".to_owned(),
            Self::End => "Please end the chat.".to_owned(),
        }
    }
}

impl Operator {
    pub(super) async fn perform(&self, user: &str, task: &Task) -> anyhow::Result<()> {
        match self {
            Self::Person => {
                eprintln!("check: at the agent's tool: {}", task.request());
                Ok(())
            }
            Self::Hook(hook) => hook(user.to_owned(), task.clone()).await,
            Self::Command(command) => match task {
                Task::Answer(texts) => {
                    for text in texts {
                        shell(command, user, "answer", text).await?;
                    }
                    Ok(())
                }
                Task::Type => shell(command, user, "type", "").await,
                Task::End => shell(command, user, "end", "").await,
            },
        }
    }
}

async fn shell(command: &str, user: &str, task: &str, text: &str) -> anyhow::Result<()> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    shell.env("BATON_CHECK_USER", user).env("BATON_CHECK_DO", task);
    shell.env("BATON_CHECK_TEXT", text);
    let status = shell.status().await.context("the operator's command")?;
    ensure!(status.success(), "the operator's command for `{task}` ended with {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_is_told_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        let words = "$BATON_CHECK_USER $BATON_CHECK_DO $BATON_CHECK_TEXT";
        let operator = Operator::Command(format!("echo \"{words}\" >> {}", file.display()));
        let answer = Task::Answer(vec!["one".to_owned(), "two words".to_owned()]);
        for task in [answer, Task::Type, Task::End] {
            operator.perform("u1", &task).await.unwrap();
        }
        let told = std::fs::read_to_string(&file).unwrap();
        assert_eq!(told, "u1 answer one\nu1 answer two words\nu1 type \nu1 end \n");
        let failing = Operator::Command("exit 3".to_owned());
        let error = failing.perform("u1", &Task::End).await.unwrap_err();
        assert!(error.to_string().contains("`end`"), "{error}");
    }
}
