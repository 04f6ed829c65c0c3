//! Compiles the pages in whenever they were built again. Cargo cannot watch a folder that is not
//! there, so an empty one stands in for pages that were never built.

use std::{fs, path::Path};

const PAGES: &str = "../../web/dist";

fn main() {
    if !Path::new(PAGES).exists() {
        // Where that is not allowed, the package is only built more often than needed.
        let _made = fs::create_dir_all(PAGES);
    }
    println!("cargo:rerun-if-changed={PAGES}");
}
