//! The cookies of our own pages.
//!
//! Over https a name has the prefix `__Host-`, so that no other host of the domain can set it.
//! Below a base path the prefix is `__Secure-`, and only the API of this path gets the cookie.
//! On plain http, for example on loopback, the name has no prefix.

use http::{HeaderMap, HeaderValue, header, header::InvalidHeaderValue};
use machine::Millis;
use secrecy::SecretString;

use crate::base_path::BasePath;

const PREFIXES: [&str; 2] = ["__Host-", "__Secure-"];

/// A cookie by its name without prefix.
#[derive(Debug, Clone, Copy)]
pub struct Cookie(pub &'static str);

impl Cookie {
    /// The token of a request. A bare name counts on plain http only.
    #[must_use]
    pub fn token(self, headers: &HeaderMap) -> Option<SecretString> {
        let find = |prefix: &str| {
            let cookies = headers.get_all(header::COOKIE).iter();
            let mut pairs =
                cookies.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(';'));
            pairs.find_map(|pair| {
                pair.trim().strip_prefix(prefix)?.strip_prefix(self.0)?.strip_prefix('=')
            })
        };
        let prefixed = PREFIXES.into_iter().find_map(find);
        let token = prefixed.or_else(|| if is_https(headers) { None } else { find("") });
        token.map(SecretString::from)
    }

    /// The cookie with this token. An age of zero removes it; without an age it ends with the
    /// browser. Without `Path` a browser sends it below the folder of the address that set it,
    /// which is the same API at any base path.
    ///
    /// # Errors
    /// When the token is no text of a header.
    pub fn set(
        self,
        headers: &HeaderMap,
        base: Option<&BasePath>,
        token: &str,
        age_seconds: Option<Millis>,
    ) -> Result<HeaderValue, InvalidHeaderValue> {
        let (prefix, place) = match (is_https(headers), base) {
            (true, None) => ("__Host-", "; Path=/; Secure"),
            (true, Some(_)) => ("__Secure-", "; Secure"),
            (false, _) => ("", ""),
        };
        let (name, age) = (self.0, age_seconds.map(|age| format!("; Max-Age={age}")));
        let age = age.unwrap_or_default();
        let cookie = format!("{prefix}{name}={token}{place}; HttpOnly; SameSite=Strict{age}");
        let mut cookie = HeaderValue::try_from(cookie)?;
        cookie.set_sensitive(true);
        Ok(cookie)
    }
}

/// Whether the browser speaks https with the proxy that is nearest to it.
fn is_https(headers: &HeaderMap) -> bool {
    let given = headers.get("x-forwarded-proto").and_then(|proto| proto.to_str().ok());
    let first = given.and_then(|protos| protos.split(',').next());
    first.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    const SESSION: Cookie = Cookie("baton_desk");

    fn headers(proto: &'static str, cookie: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-proto", HeaderValue::from_static(proto));
        headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        headers
    }

    fn read(proto: &'static str, cookie: &'static str) -> Option<String> {
        SESSION.token(&headers(proto, cookie)).map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = read("http", "a=b; baton_desk_old=x; baton_desk=dsk_1; c=d");
        assert_eq!(found.as_deref(), Some("dsk_1"));
        let found = read("https", "baton_desk=x; a=__Host-baton_desk=y; __Host-baton_desk=dsk_2");
        assert_eq!(found.as_deref(), Some("dsk_2"));
        assert_eq!(read("https", "__Secure-baton_desk=dsk_3").as_deref(), Some("dsk_3"));
    }

    #[test]
    fn over_https_a_bare_name_could_be_of_another_host_of_the_domain() {
        for proto in ["https", "HTTPS", "https, http"] {
            assert_eq!(read(proto, "baton_desk=dsk_1"), None, "{proto}");
        }
        assert_eq!(read("http, https", "baton_desk=dsk_1").as_deref(), Some("dsk_1"));
    }

    #[test]
    fn the_prefix_fits_the_address() {
        let base: BasePath = "/support-chat".parse().unwrap();
        for (proto, base, expected) in [
            ("http", None, "baton_desk=t; HttpOnly; SameSite=Strict"),
            ("http", Some(&base), "baton_desk=t; HttpOnly; SameSite=Strict"),
            ("https", None, "__Host-baton_desk=t; Path=/; Secure; HttpOnly; SameSite=Strict"),
            ("https", Some(&base), "__Secure-baton_desk=t; Secure; HttpOnly; SameSite=Strict"),
        ] {
            assert_eq!(SESSION.set(&headers(proto, ""), base, "t", None).unwrap(), expected);
        }
        assert_eq!(
            SESSION.set(&headers("https", ""), None, "", Some(0)).unwrap(),
            "__Host-baton_desk=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
        );
    }
}
