//! Which pages may use a bot, by the origin that a browser names in `Origin`.

use std::{str::FromStr, sync::Arc};

use http::{HeaderMap, header};
use url::Url;

/// The pages that may use a bot: any, unless origins are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Option<Arc<[Pattern]>>);

#[derive(Debug, PartialEq, Eq)]
struct Pattern {
    site: Site,
    /// `*.` before the host: each host below it, but not the host itself.
    below: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Site {
    scheme: String,
    host: String,
    /// `None` for the default port of the scheme.
    port: Option<u16>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OriginsError {
    #[error("the list is empty: name an origin, or remove the key to allow any page")]
    Empty,
    #[error("\"*\" is not an origin: remove the key to allow any page")]
    Any,
    #[error(
        "{0:?} is not an origin: write scheme, host and port only, such as \
         \"https://example.com\" or \"https://*.example.com\""
    )]
    NotAnOrigin(String),
}

impl Origins {
    #[must_use]
    pub const fn any() -> Self {
        Self(None)
    }

    /// # Errors
    ///
    /// Names the entry that is not an origin.
    pub fn listed<S: AsRef<str>>(origins: &[S]) -> Result<Self, OriginsError> {
        if origins.is_empty() {
            return Err(OriginsError::Empty);
        }
        let patterns: Result<Vec<Pattern>, _> =
            origins.iter().map(|origin| origin.as_ref().parse()).collect();
        Ok(Self(Some(patterns?.into())))
    }

    #[must_use]
    pub fn are_any(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a page with this value of `Origin` is one of them.
    pub fn have(&self, origin: &str) -> bool {
        let Some(patterns) = &self.0 else { return true };
        Site::parse(origin).is_some_and(|site| patterns.iter().any(|one| one.fits(&site)))
    }

    /// Whether this request may use the bot. One without `Origin` comes from no page.
    pub fn admit(&self, asked_by: &AskedBy) -> bool {
        asked_by.0.as_deref().is_none_or(|origin| self.have(origin))
    }
}

impl FromStr for Pattern {
    type Err = OriginsError;

    fn from_str(text: &str) -> Result<Self, OriginsError> {
        if text == "*" {
            return Err(OriginsError::Any);
        }
        let (below, plain) = match text.split_once("://*.") {
            Some((scheme, domain)) => (true, format!("{scheme}://{domain}")),
            None => (false, text.to_owned()),
        };
        let site = Site::parse(&plain).ok_or_else(|| OriginsError::NotAnOrigin(text.to_owned()))?;
        Ok(Self { site, below })
    }
}

impl Pattern {
    fn fits(&self, site: &Site) -> bool {
        let Site { scheme, host, port } = &self.site;
        let host_fits = if self.below {
            site.host.strip_suffix(host.as_str()).is_some_and(|rest| rest.ends_with('.'))
        } else {
            site.host == *host
        };
        host_fits && site.scheme == *scheme && site.port == *port
    }
}

impl Site {
    /// As browsers compare origins: without case, without the default port, with `xn--` names.
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(&text.to_ascii_lowercase()).ok()?;
        let bare = matches!(url.path(), "" | "/") && !text.ends_with(['/', '?', '#']);
        let bare = bare && url.query().is_none() && url.fragment().is_none();
        let bare = bare && !text.contains(['@', '*']);
        let host = url.host_str().filter(|host| !host.is_empty() && bare)?;
        Some(Self { scheme: url.scheme().to_owned(), host: host.to_owned(), port: url.port() })
    }
}

/// The value of `Origin` in a request; `None` if there is none.
#[derive(Debug, Clone)]
pub struct AskedBy(Option<String>);

impl AskedBy {
    /// Two values, and bytes that are not text, are kept as something that no list has.
    pub fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ORIGIN).iter();
        let texts: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        Self((!texts.is_empty()).then(|| texts.join(", ")))
    }

    /// For a message to the page's author, at most 200 characters.
    pub fn shown(&self) -> String {
        self.0.iter().flat_map(|origin| origin.chars()).take(200).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_origin_is_compared_as_browsers_compare() {
        let origins = Origins::listed(&[
            "https://Example.com",
            "https://*.shop.example:8443",
            "http://localhost:3000",
            "https://bücher.example",
            "capacitor://localhost",
            "http://[::1]:80",
        ]);
        let origins = origins.unwrap();
        for good in [
            "https://example.com",
            "https://EXAMPLE.com:443",
            "https://www.shop.example:8443",
            "https://a.b.shop.example:8443",
            "http://localhost:3000",
            "https://xn--bcher-kva.example",
            "capacitor://localhost",
            "http://[::1]",
        ] {
            assert!(origins.have(good), "{good}");
        }
        for bad in [
            "http://example.com",
            "https://example.com:8443",
            "https://www.example.com",
            "https://example.com.evil.test",
            "https://evilexample.com",
            "https://example.com@evil.test",
            "https://example.com/",
            "https://shop.example:8443",
            "https://evilshop.example:8443",
            "https://*.shop.example:8443",
            "https://www.shop.example",
            "http://localhost",
            "https://example.com, https://example.com",
            "null",
            "",
            "example.com",
        ] {
            assert!(!origins.have(bad), "{bad}");
        }
        assert!(Origins::any().have("null"));
    }

    #[test]
    fn what_is_not_an_origin_is_named() {
        for bad in [
            "example.com",
            "https://",
            "https://example.com/",
            "https://example.com/chat",
            "https://example.com?x",
            "https://user@example.com",
            "https://*",
            "https://*example.com",
            "https://a.*.example.com",
            "https://*.*.example.com",
            "*.example.com",
            "null",
        ] {
            let error = Origins::listed(&["https://example.com", bad]).unwrap_err();
            assert_eq!(error, OriginsError::NotAnOrigin(bad.to_owned()));
        }
        assert_eq!(Origins::listed(&["*"]).unwrap_err(), OriginsError::Any);
        assert_eq!(Origins::listed::<&str>(&[]).unwrap_err(), OriginsError::Empty);
    }

    #[test]
    fn two_origins_are_no_listed_one_and_none_is_no_page() {
        let origins = Origins::listed(&["https://a.example"]).unwrap();
        let mut headers = HeaderMap::new();
        assert!(origins.admit(&AskedBy::of(&headers)));
        headers.append(header::ORIGIN, "https://a.example".parse().unwrap());
        assert!(origins.admit(&AskedBy::of(&headers)));
        headers.append(header::ORIGIN, "https://b.example".parse().unwrap());
        assert!(!origins.admit(&AskedBy::of(&headers)));
        assert_eq!(AskedBy::of(&headers).shown(), "https://a.example, https://b.example");
    }
}
