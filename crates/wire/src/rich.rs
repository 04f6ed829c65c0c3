//! `content` of `bot_message`: a bot's message in the one form that every client draws.
//!
//! The form is closed and small. The reader of a bot's message (`dialogflow::rich`) makes it and
//! leaves out what does not fit, so a client need not check addresses or sizes. The limits below
//! always hold. `examples/rich.*.json` has an example of each kind; `docs/rich-responses.md`
//! explains them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Elements of a message, cards of a carousel, items of a list, buttons, options.
pub const COUNT_MAX: usize = 30;
/// Rows of a table.
pub const ROWS_MAX: usize = 100;
/// Characters of a text or a body.
pub const TEXT_CHARS_MAX: usize = 32_000;
/// Characters of a title, a label, a cell.
pub const TITLE_CHARS_MAX: usize = 1_000;
/// Characters of what a button says for the visitor: as many as a visitor may write.
pub const SAY_CHARS_MAX: usize = 4_000;
/// Characters of an event's name.
pub const EVENT_CHARS_MAX: usize = 150;
/// Bytes of an address.
pub const ADDRESS_BYTES_MAX: usize = 4_096;
/// Bytes of the parameters of one action, as JSON.
pub const PARAMETERS_BYTES_MAX: usize = 8_192;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Element {
    /// A text, with Markdown for emphasis, lists and links.
    Text {
        text: String,
    },
    /// Buttons that disappear when the conversation goes on.
    Suggestions {
        buttons: Vec<Button>,
    },
    Card(Card),
    /// Cards side by side.
    Carousel {
        cards: Vec<Card>,
    },
    /// Cards below each other, usually of one line.
    List(List),
    Media(Media),
    Table(Table),
    Form(Form),
    /// A button that opens another bot.
    BotCard(BotCard),
    /// Other bots, by their ids.
    BotList(BotList),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Button {
    pub title: String,
    pub action: Action,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Card {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subtitle: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// The action of the card itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct List {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subtitle: String,
    pub items: Vec<Card>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Media {
    pub kind: MediaKind,
    pub url: Source,
    /// Alternative text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alt: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Picture shown with audio or video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poster: Option<Source>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    Image,
    Audio,
    Video,
    /// A page to embed, such as a player or a map.
    Embed,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Table {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subtitle: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Column {
    pub title: String,
    #[serde(default)]
    pub align: Align,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    #[default]
    Start,
    Center,
    End,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Row {
    pub cells: Vec<String>,
    /// A line below.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub divider: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BotCard {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct BotList {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Id of a list that is stored elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    pub bots: Vec<String>,
    /// Show what each bot would answer.
    pub preview: bool,
}

/// What happens when the visitor presses an element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// Sends `text` as a message of the visitor.
    Message {
        text: String,
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        parameters: Map<String, Value>,
    },
    /// Sends a Dialogflow event; its visible label is the title of what was pressed.
    Event {
        name: String,
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        parameters: Map<String, Value>,
    },
    Link {
        url: Address,
        target: Target,
    },
    Location(Location),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A new tab.
    Tab,
    /// The page itself.
    Page,
    /// Next to the conversation if the client can do that, else a new tab.
    Chat,
}

/// Asks the browser for its position. The result becomes parameters of the action that follows:
/// `{parameter: {latitude: n, longitude: n}}` or `{parameter: {errorCode: n}}`, where 0 means that
/// the browser has no positions, and other codes are the browser's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    pub parameter: String,
    pub latitude: String,
    pub longitude: String,
    pub error_code: String,
    /// Both are a message or an event.
    #[schema(no_recursion)]
    pub success: Box<Action>,
    #[schema(no_recursion)]
    pub failure: Box<Action>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Form {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subtitle: String,
    pub style: FormStyle,
    /// The form cannot be cancelled; with `wall` only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
    pub fields: Vec<Field>,
    /// A message or an event; the values of the fields are added to its parameters.
    pub action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormStyle {
    /// Among the messages.
    Message,
    /// Over the conversation.
    Wall,
}

/// One field; its value is sent as `parameter`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Field {
    pub parameter: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub helper: String,
    /// Shown when a required field is empty or a value is not valid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The value may be given to the page around the chat.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expose: bool,
    #[serde(flatten)]
    pub input: Input,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Input {
    /// Gives a string.
    Text(TextInput),
    /// Gives a boolean.
    Checkbox { checked: bool },
    /// Gives `{value: boolean}` for every option.
    Checkboxes { options: Vec<Choice> },
    /// Gives the value of the chosen option; all options are visible.
    Radio { options: Vec<Choice> },
    /// The same as a drop-down list.
    Select { options: Vec<Choice> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextInput {
    pub kind: TextKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub placeholder: String,
    /// A regular expression in the syntax of HTML, for the whole value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pattern: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub autocomplete: String,
    /// 1 is a single line.
    pub rows: u8,
    pub chars_max: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TextKind {
    Text,
    Color,
    Date,
    DatetimeLocal,
    Email,
    Month,
    Number,
    Password,
    Tel,
    Time,
    Url,
    Week,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    pub value: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chosen: bool,
}

/// Where a link may lead: `http`, `https`, `tel` or `mailto`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String)]
pub struct Address(String);

impl Address {
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !printable(text) {
            return None;
        }
        let (scheme, rest) = text.split_once(':')?;
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => has_host(rest),
            "tel" | "mailto" => !rest.is_empty() && !rest.starts_with('/'),
            _ => false,
        }
        .then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where media may come from: `http` or `https`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String)]
pub struct Source(String);

impl Source {
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':')?;
        let is_page = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
        (is_page && printable(text) && has_host(rest)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn printable(address: &str) -> bool {
    address.len() <= ADDRESS_BYTES_MAX
        && !address.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Whether a host follows `//`. Browsers read a backslash as a slash, so it cannot begin one.
fn has_host(after_scheme: &str) -> bool {
    let host = after_scheme.strip_prefix("//").unwrap_or_default();
    host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
}

impl TryFrom<String> for Address {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("is not an address: send http, https, tel or mailto")
    }
}

impl TryFrom<String> for Source {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("is not an address: send http or https")
    }
}

#[cfg(test)]
mod tests;
