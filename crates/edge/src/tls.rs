//! Which implementation of cryptography TLS uses: one for the whole process, named here because no
//! library brings its own.

/// Makes *ring* the provider of this process, unless it has one already.
pub fn use_ring() {
    // `Err` means that a provider is installed, which is all that is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
