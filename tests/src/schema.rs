//! Reads JSON by a JSON Schema: as much of the language as `palier schema` speaks. Strict:
//! a property that the schema does not name, or a word of it not known here, is an error.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The schemas of all answers, by name.
pub struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// Those that `palier schema --json` printed.
    pub fn of(printed: &Value) -> Self {
        let all = printed.as_object().cloned().unwrap_or_default();
        Self(all.into_iter().collect())
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether `value` is as the schema of `name` says; else where it is not, and why.
    pub fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        let root = self.0.get(name).ok_or_else(|| format!("there is no schema {name}"))?;
        check(root, root, value).map_err(|why| format!("{name}{why} in {value}"))
    }
}

/// Words that say nothing about a value.
const SILENT: [&str; 6] = ["$schema", "title", "description", "$defs", "required", "minimum"];

fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let rules = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Object(rules) => rules,
        _ => return Err(format!(": cannot read the schema {schema}")),
    };
    for (rule, says) in rules {
        match rule.as_str() {
            "$ref" => check(root, referred(root, says)?, value)?,
            "type" => kind(says, value)?,
            "const" if says != value => return Err(format!(": not {says}")),
            "enum" if !says.as_array().is_some_and(|all| all.contains(value)) => {
                return Err(format!(": none of {says}"));
            }
            "const" | "enum" => {}
            "oneOf" | "anyOf" => one_of(root, says, value)?,
            "properties" => object(root, rules, value)?,
            "additionalProperties" if !rules.contains_key("properties") => {
                object(root, rules, value)?;
            }
            "additionalProperties" => {}
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, says, item).map_err(|why| format!("[{n}]{why}"))?;
                }
            }
            "pattern" => pattern(says, value)?,
            "format" => format(says, value)?,
            silent if SILENT.contains(&silent) => {}
            unknown => return Err(format!(": the schema says {unknown}, which is not known here")),
        }
    }
    Ok(())
}

fn referred<'a>(root: &'a Value, to: &Value) -> Result<&'a Value, String> {
    let path = to.as_str().and_then(|to| to.strip_prefix('#'));
    path.and_then(|path| root.pointer(path)).ok_or_else(|| format!(": {to} leads nowhere"))
}

fn kind(says: &Value, value: &Value) -> Result<(), String> {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    let fits = match says {
        Value::Array(all) => all.iter().filter_map(Value::as_str).any(is),
        one => one.as_str().is_some_and(is),
    };
    if fits { Ok(()) } else { Err(format!(": not {says}")) }
}

fn one_of(root: &Value, says: &Value, value: &Value) -> Result<(), String> {
    let mut why = Vec::new();
    for choice in says.as_array().into_iter().flatten() {
        match check(root, choice, value) {
            Ok(()) => return Ok(()),
            Err(reason) => why.push(reason),
        }
    }
    Err(format!(": none of its forms ({})", why.join("; ")))
}

fn object(root: &Value, rules: &Map<String, Value>, value: &Value) -> Result<(), String> {
    let Some(value) = value.as_object() else { return Ok(()) };
    let known = rules.get("properties").and_then(Value::as_object);
    for (name, of) in value {
        let rule = known.and_then(|known| known.get(name));
        let rule = rule.or_else(|| rules.get("additionalProperties"));
        let rule = rule.ok_or_else(|| format!(".{name}: not in the schema"))?;
        check(root, rule, of).map_err(|why| format!(".{name}{why}"))?;
    }
    let required = rules.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !value.contains_key(name) {
            return Err(format!(".{name}: missing"));
        }
    }
    Ok(())
}

/// Only what ids look like: `^lst_[a-z2-7]{52}$`, `^ser_[a-z2-7]{26}$`.
fn pattern(says: &Value, value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let says = says.as_str().unwrap_or_default();
    let inner = says.strip_prefix('^').and_then(|it| it.strip_suffix("}$"));
    let parts = inner.and_then(|it| it.split_once("[a-z2-7]{"));
    let parts = parts.and_then(|(prefix, chars)| Some((prefix, chars.parse::<usize>().ok()?)));
    let (prefix, chars) = parts.ok_or_else(|| format!(": the pattern {says} is not known here"))?;
    let body = text.strip_prefix(prefix).unwrap_or_default();
    let is_base32 = |c: char| c.is_ascii_lowercase() || ('2'..='7').contains(&c);
    if body.len() == chars && body.chars().all(is_base32) {
        Ok(())
    } else {
        Err(format!(": not {says}"))
    }
}

fn format(says: &Value, value: &Value) -> Result<(), String> {
    let fits = match (says.as_str(), value) {
        (Some("date-time"), Value::String(text)) => is_instant(text),
        (Some("uint64"), Value::Number(_)) => value.is_u64(),
        (Some("int64"), Value::Number(_)) => value.is_i64(),
        (Some("uint32"), Value::Number(_)) => {
            value.as_u64().is_some_and(|n| u32::try_from(n).is_ok())
        }
        (Some("date-time" | "uint64" | "int64" | "uint32"), _) => true,
        _ => return Err(format!(": the format {says} is not known here")),
    };
    if fits { Ok(()) } else { Err(format!(": not {says}")) }
}

/// RFC 3339 with an offset: `2026-12-01T14:00:00+01:00`.
fn is_instant(text: &str) -> bool {
    let shape = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.chars().zip(shape.chars()).all(|(c, of)| match of {
                '0' => c.is_ascii_digit(),
                of => c == of,
            })
    };
    let (Some(day), Some(rest)) = (text.get(..19), text.get(19..)) else { return false };
    let offset = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    shape(day, "0000-00-00T00:00:00")
        && (offset == "Z" || shape(offset, "+00:00") || shape(offset, "-00:00"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_breaks_a_promise_is_seen() {
        let id = format!("lst_{}", "a".repeat(52));
        let schemas = Schemas::of(&json!({ "It": {
            "type": "object",
            "properties": {
                "id": { "type": "string", "pattern": "^lst_[a-z2-7]{52}$" },
                "at": { "type": ["string", "null"], "format": "date-time" },
                "n": { "type": "integer", "format": "uint32", "minimum": 0 },
                "kind": { "$ref": "#/$defs/Kind" },
                "by": { "type": "object", "additionalProperties": { "type": "integer" } },
            },
            "required": ["id", "n"],
            "$defs": { "Kind": { "oneOf": [{ "const": "a" }, { "const": "b" }] } },
        }}));
        let good = json!({ "id": id, "n": 1, "at": "2026-12-01T14:00:00.5+01:00", "kind": "b" });
        assert_eq!(schemas.check("It", &good), Ok(()));
        for (field, bad) in [
            ("id", json!("lst_short")),
            ("id", json!(format!("mem_{}", "a".repeat(52)))),
            ("at", json!("2026-12-01T14:00:00")),
            ("at", json!("2026-12-01 14:00:00Z")),
            ("n", json!(-1)),
            ("n", json!(1.5)),
            ("n", Value::Null),
            ("kind", json!("c")),
            ("by", json!({ "x": "y" })),
            ("other", json!(1)),
        ] {
            let mut wrong = good.clone();
            wrong[field] = bad;
            assert!(schemas.check("It", &wrong).is_err(), "{wrong}");
        }
        assert!(schemas.check("It", &json!({ "id": id })).is_err(), "n is missing");
        assert!(schemas.check("Other", &good).is_err());
    }
}
