//! URLs of this connector that the server and visitors use. Each carries a code that only the
//! holder of the setting `inbound.key` can compute, so they cannot be guessed.

use connector::text;
use edge::secrets;
use secrecy::{ExposeSecret, SecretString};

use super::{api::segment, event::Said};

/// How the bridge is reached from outside.
pub(super) struct PublicUrls {
    /// `{inbound.url}/connectors/{name}`.
    pub(super) base: String,
    pub(super) key: SecretString,
    /// Whether the server is asked to call the webhook.
    pub(super) webhook: bool,
}

impl PublicUrls {
    /// Where the server is to send the events of a handover, if it is asked to.
    pub(super) fn webhook(&self, name: &str) -> Option<String> {
        let url = || format!("{}/webhook/{name}/{}", self.base, self.webhook_code(name));
        self.webhook.then(url)
    }

    fn file(&self, name: &str, guid: &str, file: &str) -> String {
        let code = self.file_code(name, guid);
        format!("{}/file/{name}/{}/{code}/{}", self.base, segment(guid), segment(file))
    }

    pub(super) fn webhook_code(&self, name: &str) -> String {
        self.code(&["webhook", name])
    }

    pub(super) fn file_code(&self, name: &str, guid: &str) -> String {
        self.code(&["file", name, guid])
    }

    /// Hashes twice with the key, so that a caller cannot append to `parts`.
    fn code(&self, parts: &[&str]) -> String {
        let key = self.key.expose_secret();
        let inner = secrets::hash_hex(&format!("{key}\n{}", parts.join("\n")));
        secrets::hash_hex(&format!("{key}\n{inner}"))[..32].to_owned()
    }
}

/// A message as safe Markdown. A file is a link where there are public URLs.
pub(super) fn markdown(urls: Option<&PublicUrls>, name: &str, said: &Said) -> String {
    match said {
        Said::Plain(text) => text::from_plain(text),
        Said::Html(html) => text::from_html(html),
        Said::Url(url) => text::link("", url),
        Said::File { guid, name: file } => {
            let label = file.trim_start_matches('-');
            match urls {
                Some(urls) => text::link(label, &urls.file(name, guid, file)),
                None => format!("\u{1f4ce} {}", text::from_plain(label)),
            }
        }
    }
}
