//! From a line to a request.

use mpotr_json::{Failure, Params};
use serde_json::{Map, Value};

use super::line::{Line, MOST};

/// How deep objects and lists may be in one another.
const DEPTH: usize = 16;

/// What the host asks for.
#[derive(Debug)]
pub(super) struct Request {
    /// A number or a text, to be given back.
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) params: Params,
    /// The bytes of its line.
    pub(super) length: usize,
}

impl Request {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it, and the id as far as it was read.
    pub(super) fn read(line: Line) -> Result<Self, (Value, Failure)> {
        let unread = |failure| (Value::Null, failure);
        let Line::Whole(line) = line else {
            let message = format_args!("a line has at most {MOST} bytes");
            return Err(unread(Failure::request(message)));
        };
        if is_too_deep(&line) {
            let message = format_args!("a request is at most {DEPTH} objects and lists deep");
            return Err(unread(Failure::request(message)));
        }
        let value: Value =
            serde_json::from_slice(&line).map_err(|error| unread(Failure::parse(error)))?;
        let Value::Object(fields) = value else {
            let message = "a request is one object; there are no batches";
            return Err(unread(Failure::request(message)));
        };
        Self::of(fields, line.len())
    }

    fn of(mut fields: Map<String, Value>, length: usize) -> Result<Self, (Value, Failure)> {
        let id = match fields.remove("id") {
            Some(id @ (Value::Number(_) | Value::String(_))) => id,
            Some(_) | None => {
                let message = "a request has an id, a number or a text";
                return Err((Value::Null, Failure::request(message)));
            }
        };
        let wrong = |message: &str| Err((id.clone(), Failure::request(message)));
        if fields.remove("jsonrpc") != Some("2.0".into()) {
            return wrong("jsonrpc is \"2.0\"");
        }
        let Some(Value::String(method)) = fields.remove("method") else {
            return wrong("a request has a method, a text");
        };
        let params = match fields.remove("params") {
            Some(Value::Object(params)) => params,
            None => Map::new(),
            Some(_) => return wrong("params is an object"),
        };
        if let Some(unknown) = fields.keys().next() {
            return wrong(&format!("a request has no field {unknown:?}"));
        }
        Ok(Self {
            id,
            method,
            params: Params::new(params),
            length,
        })
    }
}

/// Whether brackets that are in no text are deeper in one another than may be. Of what is no JSON it may say anything.
fn is_too_deep(line: &[u8]) -> bool {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in line {
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match byte {
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth = depth.saturating_add(1),
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{DEPTH, Line, Request};

    fn refused(line: &str) -> (Value, Value) {
        let (id, failure) = Request::read(Line::Whole(line.into())).unwrap_err();
        (id, failure.into_json())
    }

    #[test]
    fn what_is_no_request_says_so_with_the_id_if_there_is_one() {
        for (line, id, number, code) in [
            ("", Value::Null, -32_700, "parse"),
            ("{", Value::Null, -32_700, "parse"),
            ("\u{feff}{}", Value::Null, -32_700, "parse"),
            (r#"{"id":1} {}"#, Value::Null, -32_700, "parse"),
            ("[]", Value::Null, -32_600, "request"),
            ("7", Value::Null, -32_600, "request"),
            (
                r#"{"jsonrpc":"2.0","method":"a"}"#,
                Value::Null,
                -32_600,
                "request",
            ),
            (
                r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#,
                Value::Null,
                -32_600,
                "request",
            ),
            (r#"{"id":1,"method":"a"}"#, json!(1), -32_600, "request"),
            (
                r#"{"jsonrpc":"1.0","id":1,"method":"a"}"#,
                json!(1),
                -32_600,
                "request",
            ),
            (
                r#"{"jsonrpc":"2.0","id":"x"}"#,
                json!("x"),
                -32_600,
                "request",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[]}"#,
                json!(1),
                -32_600,
                "request",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"a","more":0}"#,
                json!(1),
                -32_600,
                "request",
            ),
        ] {
            let (refused_id, failure) = refused(line);
            assert_eq!(refused_id, id, "{line}");
            assert_eq!(failure["code"], number, "{line}");
            assert_eq!(failure["data"]["code"], code, "{line}");
        }
        let (id, failure) = Request::read(Line::TooLong).unwrap_err();
        assert_eq!(
            (id, failure.into_json()["code"].clone()),
            (Value::Null, json!(-32_600))
        );
    }

    #[test]
    fn a_request_is_only_so_deep_and_brackets_in_texts_do_not_count() {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{{"x":{open}{close}}}}}"#)
        };
        assert!(Request::read(Line::Whole(nested(DEPTH - 2).into())).is_ok());
        assert_eq!(refused(&nested(DEPTH - 1)).1["code"], -32_600);
        assert_eq!(refused(&"[".repeat(1 << 20)).1["code"], -32_600);
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"[[[[[[[[[[[[[[[[[[[\"[[[[\\"}"#;
        assert!(Request::read(Line::Whole(text.into())).is_ok());
    }
}
