//! Comparisons of filters (client-go's copy of `text/template`'s `eq`, `lt` and their kin).

use super::eval::{EvalError, Value};
use crate::json::Json;

/// What Go compares: numbers with and without sign are one kind, everything else is its own.
#[derive(Debug, Clone, Copy)]
enum Basic<'j> {
    Bool(bool),
    Int(i64),
    Byte(u8),
    Float(f64),
    Text(&'j str),
}

/// Whether `left OPERATOR right` holds.
pub(super) fn compare(
    left: Value<'_>,
    operator: &str,
    right: Value<'_>,
) -> Result<bool, EvalError> {
    match operator {
        "==" => equal(left, right),
        "!=" => equal(left, right).map(|equal| !equal),
        "<" => less(left, right),
        "<=" => less_or_equal(left, right),
        ">" => less_or_equal(left, right).map(|it| !it),
        ">=" => less(left, right).map(|less| !less),
        other => Err(EvalError::Operator(other.to_owned())),
    }
}

fn basic(value: Value<'_>) -> Result<Basic<'_>, EvalError> {
    Ok(match value {
        Value::Bool(value) | Value::Json(&Json::Bool(value)) => Basic::Bool(value),
        Value::Int(value) | Value::Json(&Json::Int(value)) => Basic::Int(value),
        Value::Float(value) | Value::Json(&Json::Float(value)) => Basic::Float(value),
        Value::Byte(value) => Basic::Byte(value),
        Value::Text(text) => Basic::Text(text),
        Value::Json(Json::Str(text)) => Basic::Text(text),
        Value::Invalid | Value::Json(Json::Null | Json::Array(_) | Json::Object(_)) => {
            return Err(EvalError::BadComparisonType);
        }
    })
}

#[expect(clippy::float_cmp, reason = "as Go compares them")]
fn equal(left: Value<'_>, right: Value<'_>) -> Result<bool, EvalError> {
    match (basic(left)?, basic(right)?) {
        (Basic::Bool(a), Basic::Bool(b)) => Ok(a == b),
        (Basic::Int(a), Basic::Int(b)) => Ok(a == b),
        (Basic::Byte(a), Basic::Byte(b)) => Ok(a == b),
        (Basic::Int(a), Basic::Byte(b)) | (Basic::Byte(b), Basic::Int(a)) => Ok(a == i64::from(b)),
        (Basic::Float(a), Basic::Float(b)) => Ok(a == b),
        (Basic::Text(a), Basic::Text(b)) => Ok(a == b),
        _ => Err(EvalError::BadComparison),
    }
}

fn less(left: Value<'_>, right: Value<'_>) -> Result<bool, EvalError> {
    match (basic(left)?, basic(right)?) {
        (Basic::Bool(_), Basic::Bool(_)) => Err(EvalError::BadComparisonType),
        (Basic::Int(a), Basic::Int(b)) => Ok(a < b),
        (Basic::Byte(a), Basic::Byte(b)) => Ok(a < b),
        (Basic::Int(a), Basic::Byte(b)) => Ok(a < i64::from(b)),
        (Basic::Byte(a), Basic::Int(b)) => Ok(i64::from(a) < b),
        (Basic::Float(a), Basic::Float(b)) => Ok(a < b),
        (Basic::Text(a), Basic::Text(b)) => Ok(a < b),
        _ => Err(EvalError::BadComparison),
    }
}

fn less_or_equal(left: Value<'_>, right: Value<'_>) -> Result<bool, EvalError> {
    Ok(less(left, right)? || equal(left, right)?)
}
