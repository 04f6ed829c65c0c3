//! `baton apply` and `baton export`: sets the bots, routes, connectors and agents of a running
//! server from a file, and reads them back, by the admin API.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use directory::{New, apply::table, kind::Kind};
use edge::egress::{Egress, Target};
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use crate::config::Config;

/// Time limit for an answer: each changed document is a commit of its own.
const PATIENCE: Duration = Duration::from_mins(1);
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Which server, and with which key.
#[derive(clap::Args)]
pub(crate) struct Server {
    /// Address of the server
    #[arg(long, env = "BATON_SERVER", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// Environment variable that holds an API key of an admin
    #[arg(long, value_name = "NAME", default_value = "BATON_API_KEY")]
    key_env: String,
    /// Id or slug of the organization
    #[arg(long, value_name = "NAME", default_value = "default")]
    organization: String,
}

#[derive(clap::Args)]
pub(crate) struct Apply {
    /// File with bots, routes, connectors and agents, as for `serve`; its process settings are
    /// not looked at
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: PathBuf,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    /// Also remove what the tables of the file do not name
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
pub(crate) struct Export {
    /// Give secrets as they are stored, for a server with the same keyring; otherwise only how
    /// they end
    #[arg(long)]
    sealed: bool,
    #[command(flatten)]
    server: Server,
}

impl Server {
    async fn call(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let base = self.server.trim_end_matches('/');
        let url = format!("{base}/api/v1/organizations/{}/{path}", self.organization);
        // The operator names the server, which may be anywhere.
        let target = Target::parse(&url, true).with_context(|| format!("--server {base}"))?;
        let key = std::env::var(&self.key_env).map(SecretString::from).with_context(|| {
            format!("put an API key of an admin into the variable {}", self.key_env)
        })?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", key.expose_secret()))
            .with_context(|| format!("{} holds no key", self.key_env))?;
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let call = (method, headers, body.into());
        let reply = Egress::new()?.call(&target, call, PATIENCE, ANSWER_BYTES_MAX).await;
        let reply = reply.with_context(|| format!("cannot ask {base}"))?;
        let answer: Value = serde_json::from_slice(&reply.body)
            .with_context(|| format!("{base} answers with {} and no JSON", reply.status))?;
        if !(200..300).contains(&reply.status) {
            let text = |name: &str| answer[name].as_str().unwrap_or_default();
            bail!("{}: {}", text("title"), text("detail"));
        }
        Ok(answer)
    }
}

pub(crate) async fn apply(args: Apply) -> anyhow::Result<()> {
    let Apply { file, dry_run, prune, server } = args;
    let body = body(&file, dry_run, prune)?;
    let applied = server.call(Method::POST, "apply", &body).await?;
    let changes = applied["changes"].as_array().context("the answer has no `changes`")?;
    let mut out = std::io::stdout().lock();
    for change in changes {
        let text = |name: &str| change[name].as_str().unwrap_or_default();
        writeln!(out, "{} {} {}", text("what"), text("table"), text("id"))?;
        for setting in change["settings"].as_array().into_iter().flatten() {
            let shown = |name: &str| setting[name].as_str().unwrap_or("(not set)");
            let field = setting["field"].as_str().unwrap_or_default();
            writeln!(out, "  {field}: {} → {}", shown("before"), shown("after"))?;
        }
    }
    let would = if dry_run { "would change" } else { "changed" };
    writeln!(out, "{} {would}", changes.len())?;
    Ok(())
}

fn body(file: &Path, dry_run: bool, prune: bool) -> anyhow::Result<Value> {
    let documents = Config::load(file)?.documents;
    ensure!(
        !documents.is_empty() || prune,
        "{} names no bots, routes, connectors or agents",
        file.display()
    );
    let mut body = Map::new();
    body.insert("dryRun".to_owned(), dry_run.into());
    body.insert("prune".to_owned(), prune.into());
    for New { kind, slug, mut settings, .. } in documents {
        match kind {
            Kind::Connector => {
                let entries = body.entry(table(kind)).or_insert_with(|| json!({}));
                entries[slug] = settings.into();
            }
            kind => {
                if kind != Kind::Agent {
                    settings.insert("id".to_owned(), slug.into());
                }
                let entries = body.entry(table(kind)).or_insert_with(|| json!([]));
                entries.as_array_mut().context("a list")?.push(settings.into());
            }
        }
    }
    Ok(body.into())
}

pub(crate) async fn export(args: Export) -> anyhow::Result<()> {
    let secrets = if args.sealed { "sealed" } else { "shown" };
    let path = format!("export?secrets={secrets}");
    let exported = args.server.call(Method::GET, &path, &Value::Null).await?;
    let table: toml::Table = serde_json::from_value(without_nulls(exported))?;
    std::io::stdout().lock().write_all(toml::to_string_pretty(&table)?.as_bytes())?;
    Ok(())
}

/// TOML has no null, and an absent setting means the same.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        plain => plain,
    }
}
