//! Where a request carries a secret (contract, sections 4.1, 6.1 and 12).

/// The secret in `Authorization: Bearer <secret>` or `Authorization: <secret>`. The scheme may have
/// any case.
#[must_use]
pub fn from_authorization(header: &str) -> &str {
    let header = header.trim();
    match header.split_once(' ') {
        Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => secret.trim(),
        _ => header,
    }
}

#[cfg(test)]
mod tests {
    use super::from_authorization;

    #[test]
    fn bare_and_bearer_are_the_same_secret() {
        for header in ["s3cret", "Bearer s3cret", "bearer s3cret", "  BEARER   s3cret "] {
            assert_eq!(from_authorization(header), "s3cret");
        }
        assert_eq!(from_authorization("Basic s3cret"), "Basic s3cret");
        assert_eq!(from_authorization("Bearer"), "Bearer");
    }
}
