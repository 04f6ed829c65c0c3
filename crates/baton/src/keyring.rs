//! The keys that seal stored secrets: from where the configuration says, or from a file in the data
//! folder that is made at the first start.

use std::path::Path;

use anyhow::Context as _;
use directory::seal::Keyring;
use secrecy::ExposeSecret as _;

use crate::{config::Config, private};

/// The file in the data folder.
const FILE: &str = "keyring";

pub(crate) fn load(config: &Config) -> anyhow::Result<Keyring> {
    if let Some(given) = &config.keyring {
        let text = given.read("keyring")?;
        return Keyring::parse(text.expose_secret()).context("`keyring`");
    }
    let kept = private::folder(&config.data).and_then(|()| of_file(&config.data.join(FILE)));
    kept.context("to keep the keys that seal stored secrets elsewhere, set `keyring`")
}

fn of_file(path: &Path) -> anyhow::Result<Keyring> {
    store::tighten(path).with_context(|| path.display().to_string())?;
    match std::fs::read_to_string(path) {
        Ok(text) => Keyring::parse(&text).with_context(|| path.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let keyring = Keyring::generate();
            private::write(path, keyring.to_text().expose_secret())
                .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(keyring)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
