//! The Table API as far as tickets need it: `/api/now/table/{table}`. Values are strings; where
//! display values are asked for, a field is an object with both.

use connector::{
    Failure,
    client::{Request, Response},
};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::instance::{Instance, failure};

/// A list of records.
pub(super) struct List<'a> {
    pub(super) table: &'a str,
    /// Encoded query.
    pub(super) query: &'a str,
    pub(super) fields: &'a str,
    pub(super) limit: usize,
    pub(super) offset: usize,
}

impl Instance {
    pub(super) async fn list(&self, list: &List<'_>) -> Result<Vec<Value>, Failure> {
        let query = Serializer::new(String::new())
            .append_pair("sysparm_query", list.query)
            .append_pair("sysparm_fields", list.fields)
            .append_pair("sysparm_exclude_reference_link", "true")
            .append_pair("sysparm_limit", &list.limit.to_string())
            .append_pair("sysparm_offset", &list.offset.to_string())
            .finish();
        let response = self.send(Request::get(format!("{}?{query}", path(list.table)))).await?;
        match result(&response) {
            Ok(Value::Array(records)) => Ok(records),
            Ok(_) => Err(Failure::Unknown { detail: "the result is not a list".to_owned() }),
            // A list without matches is empty, so 404 does not mean that a ticket is gone.
            Err(Failure::Gone { detail }) => Err(Failure::later(detail)),
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn create(&self, table: &str, fields: &Value) -> Result<Value, Failure> {
        let path = format!("{}?sysparm_exclude_reference_link=true", path(table));
        result(&self.send(Request::post(path).json(fields)).await?)
    }

    pub(super) async fn update(
        &self,
        table: &str,
        sys_id: &str,
        fields: &Value,
    ) -> Result<(), Failure> {
        // Nothing else of the answer is needed.
        let path = format!("{}/{sys_id}?sysparm_fields=sys_id", path(table));
        result(&self.send(Request::new(http::Method::PATCH, path).json(fields)).await?).map(drop)
    }
}

fn path(table: &str) -> String {
    format!("api/now/table/{table}")
}

fn result(response: &Response) -> Result<Value, Failure> {
    if !response.is_success() {
        return Err(failure(response));
    }
    let mut body: Value = response.json()?;
    Ok(body["result"].take())
}

/// A field as text; empty where it is missing.
pub(super) fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    let value = &record[field];
    // An instance that ignores `exclude_reference_link` sends a reference as an object.
    value.as_str().or_else(|| value["value"].as_str()).unwrap_or_default()
}
