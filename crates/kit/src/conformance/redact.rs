//! Removes the secrets of the command line from reports, also where the other side echoes them.

use secrecy::{ExposeSecret as _, SecretString};

const MARK: &str = "***";

/// Replaces secrets in texts from the other side.
#[derive(Clone, Default)]
pub struct Redaction {
    /// Longest first, so that no part of a longer secret remains.
    secrets: Vec<SecretString>,
}

impl Redaction {
    #[must_use]
    pub fn new(secrets: &[&SecretString]) -> Self {
        let mut known = Vec::new();
        for secret in secrets {
            let secret = secret.expose_secret();
            known.push(secret.to_owned());
            // The secret as escaped in JSON.
            known.push(serde_json::json!(secret).to_string().trim_matches('"').to_owned());
            // One case sends all but the last character, and the other side may echo that.
            let mut most = secret.chars();
            most.next_back();
            known.push(most.as_str().to_owned());
        }
        known.retain(|secret| !secret.is_empty());
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        known.dedup();
        Self { secrets: known.into_iter().map(SecretString::from).collect() }
    }

    #[must_use]
    pub fn of(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.expose_secret(), MARK);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_secret_goes() {
        let secret = SecretString::from(r#"cana"ry-1"#);
        let redaction = Redaction::new(&[&secret]);
        let said = r#"Bearer cana"ry-1, {"accessToken":"cana\"ry-1"}, cana"ry- is too short"#;
        let shown = redaction.of(said);
        assert_eq!(shown, r#"Bearer ***, {"accessToken":"***"}, *** is too short"#);
        assert_eq!(Redaction::default().of("as it was"), "as it was");
    }
}
