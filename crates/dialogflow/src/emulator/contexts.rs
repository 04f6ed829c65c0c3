//! Listing, reading, setting and deleting the contexts of a session outside of a turn.

use serde_json::{Map, Value, json};

use super::{failure::Failure, proto::Fields, request};
use crate::local::session::{Active, Session, bare, is_reserved};

pub(super) fn list(session: &str, stored: &Session) -> Value {
    let contexts = stored.contexts.iter().map(|context| shown(session, context));
    json!({ "contexts": contexts.collect::<Vec<_>>() })
}

pub(super) fn get(session: &str, stored: &Session, name: &str) -> Result<Value, Failure> {
    let context = stored.context(name).ok_or_else(|| missing(name))?;
    Ok(shown(session, context))
}

pub(super) fn create(session: &str, stored: &mut Session, body: &Value) -> Result<Value, Failure> {
    let context = request::context(&Fields::of("context", body, request::CONTEXT)?)?;
    let name = bare(&context.name);
    if is_reserved(&name) {
        let why = format!("{name} is a context that only the service sets.");
        return Err(Failure::invalid_argument(why));
    }
    stored.set(&name, context.lifespan, &context.parameters);
    Ok(shown(session, &Active { name, lifespan: context.lifespan, parameters: context.parameters }))
}

pub(super) fn delete(stored: &mut Session, name: &str) -> Result<Value, Failure> {
    if stored.context(name).is_none() {
        return Err(missing(name));
    }
    stored.set(name, 0, &Map::new());
    Ok(json!({}))
}

fn shown(session: &str, context: &Active) -> Value {
    let mut shown = Map::new();
    shown.insert("name".to_owned(), json!(format!("{session}/contexts/{}", context.name)));
    if context.lifespan > 0 {
        shown.insert("lifespanCount".to_owned(), json!(context.lifespan));
    }
    if !context.parameters.is_empty() {
        shown.insert("parameters".to_owned(), json!(context.parameters));
    }
    Value::Object(shown)
}

fn missing(name: &str) -> Failure {
    Failure::not_found(format!("Context '{name}' does not exist."))
}
