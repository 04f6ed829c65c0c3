//! `baton key`: a new push key, shown once; the configuration needs only its hash (contract 13.19).

use std::io::Write as _;

use edge::{ids, secrets};
use secrecy::ExposeSecret;

pub(crate) fn print() -> anyhow::Result<()> {
    let key = ids::new_secret("psh");
    let key = key.expose_secret();
    let hash = secrets::hash_hex(key);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{key}\n")?;
    writeln!(
        out,
        "Give this key to the middleware; it is shown only now. In the configuration:\n"
    )?;
    writeln!(out, "push_key = {{ hash = \"{hash}\" }}\n")?;
    writeln!(out, "While another key is still in use, list both: push_key = [ … , … ].")?;
    Ok(())
}
