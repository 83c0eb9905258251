//! From a line to a request.

use mpotr_json::{Failure, Params};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
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
        let read = serde_json::from_slice::<Once>(&line);
        let value = read.map_err(|error| {
            // Well-formed, and yet of two minds.
            let is_repeated = error.is_data();
            unread(match is_repeated {
                true => Failure::request(error),
                false => Failure::parse(error),
            })
        })?;
        let Value::Object(fields) = value.0 else {
            let message = "a request is one object; there are no batches";
            return Err(unread(Failure::request(message)));
        };
        Self::of(fields, line.len())
    }

    fn of(mut fields: Map<String, Value>, length: usize) -> Result<Self, (Value, Failure)> {
        let id = match fields.remove("id") {
            Some(id @ Value::String(_)) => id,
            // Another is kept in 53 bits and would come back changed.
            Some(Value::Number(id)) if id.is_i64() || id.is_u64() => id.into(),
            Some(_) | None => {
                let message = "a request has an id, a whole number of 64 bits or a text";
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

/// A value in which no object has a field twice: who reads the first of two and who reads the last would not agree on what was
/// asked.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Once;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Once, A::Error> {
        let mut values = Vec::new();
        while let Some(Once(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Once(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Once, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Once(value))) = object.next_entry::<String, Once>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format_args!(
                    "an object has the field {name:?} twice"
                )));
            }
            fields.insert(name, value);
        }
        Ok(Once(fields.into()))
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

    /// Which of the two is meant nobody knows.
    #[test]
    fn a_field_that_is_there_twice_is_refused_however_deep_it_is() {
        for line in [
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"a","m\u0065thod":"b"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":[{"y":1,"y":1}]}}"#,
        ] {
            let (id, failure) = refused(line);
            assert_eq!(
                (id, failure["data"]["code"].as_str()),
                (Value::Null, Some("request"))
            );
        }
        let line = r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":[{"y":1},{"y":-1.5}],"z":null,"w":true}}"#;
        Request::read(Line::Whole(line.into())).unwrap();
    }

    #[test]
    fn an_id_comes_back_as_it_was_or_is_refused() {
        for id in ["0", "-9223372036854775808", "18446744073709551615"] {
            let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"a"}}"#);
            let request = Request::read(Line::Whole(line.into())).unwrap();
            assert_eq!(request.id.to_string(), id);
        }
        for id in ["18446744073709551616", "-9223372036854775809", "1.5", "1e3"] {
            let (told, failure) =
                refused(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"a"}}"#));
            assert_eq!(
                (told, failure["code"].as_i64()),
                (Value::Null, Some(-32_600)),
                "{id}"
            );
        }
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
