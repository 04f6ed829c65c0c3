//! Forms of the payload `botcopy`.

use crate::rich::{Choice, Field, Form, FormStyle, Input, TITLE_CHARS_MAX, TextInput, TextKind};
use serde_json::Value;

use super::action;
use crate::answer::elements::read::{COUNT, cut, first, flag, items, say, text, title};

/// Longest value of a field, in characters.
const FIELD_CHARS_MAX: u16 = 256;
/// Tallest text field, in lines.
const ROWS_MAX: u64 = 20;

/// A form; `None` when it has no field.
pub(super) fn form(value: &Value) -> Option<Form> {
    let label = first(&[text(value, "title"), text(value, "subtitle"), "Form"]);
    let action = value.get("action").and_then(|action| action::message(action, label));
    let action = action.or_else(|| say(label))?;
    let style = match text(value, "style") {
        "wall" => FormStyle::Wall,
        _ => FormStyle::Message,
    };
    let fields: Vec<Field> = items(value, "fields").filter_map(field).take(COUNT).collect();
    (!fields.is_empty()).then_some(Form {
        title: title(value, "title"),
        subtitle: title(value, "subtitle"),
        style,
        force: style == FormStyle::Wall && flag(value, "force"),
        fields,
        action,
    })
}

/// A field. Its value needs a name: `parameter`, or another key where that is missing.
fn field(value: &Value) -> Option<Field> {
    let names = ["parameter", "name", "groupLabel", "label", "id"].map(|key| text(value, key));
    let labels = ["label", "groupLabel", "checkboxLabel", "placeholder", "parameter"];
    let parameter = cut(first(&names), TITLE_CHARS_MAX);
    let input = input(value)?;
    (!parameter.is_empty()).then(|| Field {
        label: cut(
            first(&[first(&labels.map(|key| text(value, key))), &parameter]),
            TITLE_CHARS_MAX,
        ),
        parameter,
        helper: title(value, "helperText"),
        error: title(value, "error"),
        required: flag(value, "required"),
        expose: flag(value, "expose"),
        input,
    })
}

fn input(value: &Value) -> Option<Input> {
    let kind = first(&[text(value, "fieldType"), text(value, "type")]);
    let is_box = kind == "checkbox" || text(value, "type") == "checkbox";
    let options = |key: &str, label: &str, chosen: &str| {
        let options = items(value, key).filter_map(|option| choice(option, label, chosen));
        let options: Vec<Choice> = options.take(COUNT).collect();
        Some(options).filter(|options| !options.is_empty())
    };
    match kind {
        "radio" => Some(Input::Radio { options: options("radio", "radioLabel", "selected")? }),
        "select" => Some(Input::Select { options: options("select", "selectLabel", "selected")? }),
        _ if is_box => Some(match options("checkboxes", "checkboxLabel", "checked") {
            Some(options) => Input::Checkboxes { options },
            None => Input::Checkbox { checked: flag(value, "checked") },
        }),
        _ => Some(Input::Text(text_input(value))),
    }
}

fn choice(value: &Value, label: &str, chosen: &str) -> Option<Choice> {
    let labels = [text(value, label), text(value, "label"), text(value, "parameter")];
    let shown = cut(first(&labels), TITLE_CHARS_MAX);
    let value_of = first(&[text(value, "parameter"), text(value, "value"), &shown]);
    (!shown.is_empty()).then(|| Choice {
        value: cut(value_of, TITLE_CHARS_MAX),
        label: shown.clone(),
        chosen: flag(value, chosen),
    })
}

fn text_input(value: &Value) -> TextInput {
    let rows = match value.get("rows") {
        Some(Value::Number(rows)) => rows.as_u64().unwrap_or_default(),
        Some(Value::String(rows)) => rows.trim().parse().unwrap_or_default(),
        _ => 0,
    };
    let rows = match (flag(value, "multiline"), rows.min(ROWS_MAX)) {
        (false, _) => 1,
        (true, 0 | 1) => 3,
        (true, rows) => rows as u8,
    };
    TextInput {
        kind: text_kind(text(value, "type")),
        placeholder: title(value, "placeholder"),
        pattern: title(value, "pattern"),
        autocomplete: title(value, "autocomplete"),
        rows,
        chars_max: FIELD_CHARS_MAX,
    }
}

fn text_kind(name: &str) -> TextKind {
    match name {
        "color" => TextKind::Color,
        "date" => TextKind::Date,
        "datetime-local" => TextKind::DatetimeLocal,
        "email" => TextKind::Email,
        "month" => TextKind::Month,
        "number" => TextKind::Number,
        "password" => TextKind::Password,
        "tel" => TextKind::Tel,
        "time" => TextKind::Time,
        "url" => TextKind::Url,
        "week" => TextKind::Week,
        _ => TextKind::Text,
    }
}
