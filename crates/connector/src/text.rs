//! Texts of human agents and visitors on their way between two kinds of markup.
//!
//! Towards the visitor everything is Markdown, which the widget treats as untrusted: signs in plain
//! text are escaped, and HTML is sanitized and translated. Towards a tool, and where our own
//! platform takes no more, texts are split.

mod html;
mod length;
mod marks;

pub use html::from_html;
pub use length::{head, split, tail};
pub use marks::{from_plain, link};
