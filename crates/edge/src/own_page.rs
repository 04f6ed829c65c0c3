//! Whether a request comes from a page of our own.

use http::{HeaderMap, header};

/// Whether `Origin` is there and names exactly the host that was called.
#[must_use]
pub fn has_own_origin(headers: &HeaderMap) -> bool {
    let one = |name| {
        let mut values = headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    };
    let (Some(origin), Some(host)) = (one(header::ORIGIN), one(header::HOST)) else {
        return false;
    };
    let origin = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    !host.is_empty() && origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn allowed(origin: Option<&'static str>, host: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        has_own_origin(&headers)
    }

    #[test]
    fn f6_only_the_exact_origin_is_ours() {
        assert!(allowed(Some("https://desk.example.com"), "desk.example.com"));
        assert!(allowed(Some("http://127.0.0.1:8080"), "127.0.0.1:8080"));
        for origin in [
            None,
            Some("null"),
            Some(""),
            Some("https://"),
            Some("desk.example.com"),
            Some("https://desk.example.com.evil.com"),
            Some("https://evil-desk.example.com"),
            Some("https://desk.example.com:444"),
            Some("https://user@desk.example.com"),
            Some("https://desk.example.com/"),
            Some("wss://desk.example.com"),
            Some("https://evil.com/https://desk.example.com"),
        ] {
            assert!(!allowed(origin, "desk.example.com"), "{origin:?}");
        }
    }

    #[test]
    fn f6_two_origins_are_none() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("a.example.com"));
        for origin in ["https://a.example.com", "https://b.example.com"] {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        assert!(!has_own_origin(&headers));
    }
}
