//! What a template finds (client-go `util/jsonpath/jsonpath.go`).

use super::compare::compare;
use super::{Bound, Filter, Node};
use crate::json::Json;
use crate::table::go_text;

/// Values that one evaluation may look at: enough for `..` over some ten thousand objects.
pub const MAX_STEPS: usize = 4_000_000;

/// Something that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'j> {
    /// Nothing at all: what a loop without rounds looks at.
    Invalid,
    /// A part of the object.
    Json(&'j Json<'j>),
    /// A text of the template.
    Text(&'j str),
    /// A number of the template.
    Int(i64),
    /// A number of the template.
    Float(f64),
    /// A word of the template.
    Bool(bool),
    /// A byte of a string.
    Byte(u8),
}

/// Why a template has no result, in client-go's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A key is missing, and that is an error.
    #[error("{0} is not found")]
    NotFound(String),
    /// An index of something else than a list.
    #[error("{0} is not array or slice")]
    NotAList(&'static str),
    /// A filter of something else than a list.
    #[error("{0} is not array or slice and cannot be filtered")]
    NotFilterable(String),
    /// A list is too short.
    #[error("array index out of bounds: index {index}, length {length}")]
    OutOfBounds {
        /// The index, counted from the start.
        index: i64,
        /// Elements of the list.
        length: i64,
    },
    /// A slice that ends before it starts.
    #[error("starting index {0} is greater than ending index {1}")]
    Reversed(i64, i64),
    /// A step that leads nowhere.
    #[error("step must be > 0")]
    Step,
    /// `{end}` without `{range}`.
    #[error("not in range, nothing to end")]
    NothingToEnd,
    /// A word that is neither.
    #[error("unrecognized identifier {0}")]
    Identifier(String),
    /// An operator that no filter has.
    #[error("unrecognized filter operator {0}")]
    Operator(String),
    /// One side of a filter found several values.
    #[error("can only compare one element at a time")]
    Several,
    /// Values that have no order or are no single values.
    #[error("invalid type for comparison")]
    BadComparisonType,
    /// Values of two kinds.
    #[error("incompatible types for comparison")]
    BadComparison,
    /// client-go crashes here: an index where a loop had no rounds.
    #[error("there is no value to take an element of")]
    NoValue,
    /// The template is too much work.
    #[error("the template looks at more than {MAX_STEPS} values")]
    Budget,
}

/// An error, and what client-go goes on with where it ignores that.
struct Failed<'j> {
    values: Vec<Value<'j>>,
    error: EvalError,
}

type Found<'j> = Result<Vec<Value<'j>>, Failed<'j>>;

impl From<EvalError> for Failed<'_> {
    fn from(error: EvalError) -> Self {
        Self {
            values: Vec::new(),
            error,
        }
    }
}

pub(super) fn find<'j>(
    nodes: &'j [Node],
    root: Value<'j>,
    allow_missing: bool,
) -> Result<Vec<Vec<Value<'j>>>, EvalError> {
    let mut evaluation = Evaluation {
        nodes,
        allow_missing,
        begun: 0,
        inside: 0,
        ended: 0,
        last_end: None,
        steps: MAX_STEPS,
    };
    evaluation.find(root, 0).map_err(|failed| failed.error)
}

/// One evaluation. Loops are counted as client-go counts them: a `{range}` begins one at the end of
/// its action, an `{end}` ends one.
struct Evaluation<'j> {
    nodes: &'j [Node],
    allow_missing: bool,
    begun: usize,
    inside: usize,
    ended: usize,
    /// The node that ended the last loop.
    last_end: Option<usize>,
    steps: usize,
}

impl<'j> Evaluation<'j> {
    fn spend(&mut self, steps: usize) -> Result<(), EvalError> {
        self.steps = self.steps.checked_sub(steps).ok_or(EvalError::Budget)?;
        Ok(())
    }

    /// Evaluates the nodes from `start` to the end of the template or of the loop.
    fn find(&mut self, root: Value<'j>, start: usize) -> Result<Vec<Vec<Value<'j>>>, Failed<'j>> {
        let mut found = Vec::new();
        let mut at = start;
        while let Some(node) = self.nodes.get(at) {
            self.spend(1)?;
            let results = self.walk(vec![root], node)?;
            if self.ended > 0 && self.ended <= self.inside {
                self.ended -= 1;
                self.last_end = Some(at);
                break;
            }
            if self.begun > 0 {
                self.begun -= 1;
                self.inside += 1;
                if results.is_empty() {
                    // Without a round the loop still has to find its end.
                    self.find(Value::Invalid, at + 1)?;
                }
                for value in results {
                    let value = match value {
                        Value::Json(Json::Null) => Value::Invalid,
                        value => value,
                    };
                    found.extend(self.find(value, at + 1)?);
                }
                self.inside -= 1;
                at = self.last_end.map_or(at, |end| end.max(at)) + 1;
                continue;
            }
            found.push(results);
            at += 1;
        }
        Ok(found)
    }

    fn walk(&mut self, input: Vec<Value<'j>>, node: &'j Node) -> Found<'j> {
        self.spend(input.len())?;
        let constant = |value| Ok(vec![value; input.len()]);
        match node {
            Node::List(nodes) => self.list(input, nodes),
            Node::Text(text) => Ok(vec![Value::Text(text)]),
            Node::Int(number) => constant(Value::Int(*number)),
            Node::Float(number) => constant(Value::Float(*number)),
            Node::Bool(value) => constant(Value::Bool(*value)),
            Node::Field(name) => self.field(&input, name),
            Node::Array(bounds) => self.array(input, bounds),
            Node::Filter(filter) => self.filter(input, filter),
            Node::Wildcard => {
                let mut results = Vec::new();
                for value in input {
                    self.children(value, &mut results)?;
                }
                Ok(results)
            }
            Node::Recursive => {
                let mut results = Vec::new();
                self.recursive(&input, &mut results)?;
                Ok(results)
            }
            Node::Union(lists) => {
                let mut results = Vec::new();
                for nodes in lists {
                    match self.list(input.clone(), nodes) {
                        Ok(found) => results.extend(found),
                        Err(failed) => {
                            let error = failed.error;
                            return Err(Failed {
                                values: input,
                                error,
                            });
                        }
                    }
                }
                Ok(results)
            }
            Node::Identifier(word) => self.identifier(input, word),
        }
    }

    fn list(&mut self, input: Vec<Value<'j>>, nodes: &'j [Node]) -> Found<'j> {
        let mut values = input;
        for node in nodes {
            values = self.walk(values, node)?;
        }
        Ok(values)
    }

    fn identifier(&mut self, input: Vec<Value<'j>>, word: &str) -> Found<'j> {
        match word {
            "range" => {
                self.begun += 1;
                Ok(input)
            }
            "end" if self.inside > 0 => {
                self.ended += 1;
                Ok(Vec::new())
            }
            "end" => Err(EvalError::NothingToEnd.into()),
            word => Err(Failed {
                values: input,
                error: EvalError::Identifier(word.to_owned()),
            }),
        }
    }

    fn field(&self, input: &[Value<'j>], name: &str) -> Found<'j> {
        let results: Vec<_> = input
            .iter()
            .filter_map(|value| match value {
                Value::Json(json) => json.get(name).map(Value::Json),
                _ => None,
            })
            .collect();
        if results.is_empty() && !input.is_empty() && !self.allow_missing {
            return Err(EvalError::NotFound(name.to_owned()).into());
        }
        Ok(results)
    }

    fn array(&mut self, input: Vec<Value<'j>>, bounds: &[Bound; 3]) -> Found<'j> {
        let mut results = Vec::new();
        for value in &input {
            let items = match value {
                Value::Json(Json::Array(items)) => items,
                Value::Json(Json::Null) => continue,
                other => {
                    let error = type_name(*other).map_or(EvalError::NoValue, EvalError::NotAList);
                    return Err(Failed {
                        values: input,
                        error,
                    });
                }
            };
            match slice(items, bounds) {
                Ok(None) => return Ok(results),
                Ok(Some((items, step))) => {
                    self.spend(items.len() / step)?;
                    results.extend(items.iter().step_by(step).map(Value::Json));
                }
                Err(error) => {
                    return Err(Failed {
                        values: input,
                        error,
                    });
                }
            }
        }
        Ok(results)
    }

    fn filter(&mut self, input: Vec<Value<'j>>, filter: &'j Filter) -> Found<'j> {
        let mut results = Vec::new();
        for value in &input {
            let Value::Json(Json::Array(items)) = value else {
                return Err(Failed {
                    error: EvalError::NotFilterable(shown(*value)),
                    values: input,
                });
            };
            for item in items {
                let item = Value::Json(item);
                let lefts = self.list(vec![item], &filter.left);
                if filter.operator == "exists" {
                    let found = match lefts {
                        Err(Failed {
                            error: EvalError::Budget,
                            ..
                        }) => return Err(EvalError::Budget.into()),
                        Ok(values) | Err(Failed { values, .. }) => values,
                    };
                    results.extend((!found.is_empty()).then_some(item));
                    continue;
                }
                let fail = |error| Failed {
                    values: input.clone(),
                    error,
                };
                let left = match lefts.map_err(|failed| fail(failed.error))?.as_slice() {
                    [] => continue,
                    [left] => *left,
                    _ => return Err(fail(EvalError::Several)),
                };
                let rights = self.list(vec![item], &filter.right);
                let right = match rights.map_err(|failed| fail(failed.error))?.as_slice() {
                    [] => continue,
                    [right] => *right,
                    _ => return Err(fail(EvalError::Several)),
                };
                match compare(left, &filter.operator, right) {
                    Ok(pass) => results.extend(pass.then_some(item)),
                    Err(error) => {
                        return Err(Failed {
                            values: results,
                            error,
                        });
                    }
                }
            }
        }
        Ok(results)
    }

    /// Adds the members of a map, the elements of a list or the bytes of a string.
    fn children(
        &mut self,
        value: Value<'j>,
        results: &mut Vec<Value<'j>>,
    ) -> Result<(), EvalError> {
        let before = results.len();
        match value {
            Value::Json(Json::Object(members)) => {
                results.extend(members.iter().map(|(_, value)| Value::Json(value)));
            }
            Value::Json(Json::Array(items)) => results.extend(items.iter().map(Value::Json)),
            Value::Json(Json::Str(text)) => results.extend(text.bytes().map(Value::Byte)),
            Value::Text(text) => results.extend(text.bytes().map(Value::Byte)),
            _ => {}
        }
        self.spend(results.len() - before)
    }

    /// Adds every value that has something inside, outer ones first. Objects are as deep as the
    /// JSON reader lets them be.
    fn recursive(
        &mut self,
        input: &[Value<'j>],
        results: &mut Vec<Value<'j>>,
    ) -> Result<(), EvalError> {
        for value in input {
            let mut inside = Vec::new();
            self.children(*value, &mut inside)?;
            if !inside.is_empty() {
                results.push(*value);
                self.recursive(&inside, results)?;
            }
        }
        Ok(())
    }
}

/// The part of a list that is asked for and the step through it; `None` where that is nothing, which
/// ends the whole search.
fn slice<'j, 'a>(
    items: &'j [Json<'a>],
    [start, end, step]: &[Bound; 3],
) -> Result<Option<(&'j [Json<'a>], usize)>, EvalError> {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let from_end = |value: i64| value.saturating_add(length);
    let first = match start {
        Bound { known: false, .. } => 0,
        Bound { value, .. } if *value < 0 => from_end(*value),
        Bound { value, .. } => *value,
    };
    let last = match end {
        Bound { known: false, .. } => length,
        Bound { value, derived, .. } if *value < 0 || (*value == 0 && *derived) => from_end(*value),
        Bound { value, .. } => *value,
    };
    if first == last {
        return Ok(None);
    }
    let out = |index| EvalError::OutOfBounds { index, length };
    if !(0..length).contains(&first) {
        return Err(out(first));
    }
    if !(0..=length).contains(&last) {
        return Err(out(last.wrapping_sub(1)));
    }
    if first > last {
        return Err(EvalError::Reversed(first, last));
    }
    let step = match step {
        Bound { known: false, .. } => 1,
        Bound { value, .. } => usize::try_from(*value).unwrap_or(0),
    };
    if step == 0 {
        return Err(EvalError::Step);
    }
    let range = usize::try_from(first).unwrap_or(0)..usize::try_from(last).unwrap_or(0);
    Ok(Some((items.get(range).unwrap_or_default(), step)))
}

/// Go's name of a value's type.
pub(crate) fn type_name(value: Value<'_>) -> Option<&'static str> {
    Some(match value {
        Value::Invalid => return None,
        Value::Json(Json::Null) => "<nil>",
        Value::Json(Json::Object(_)) => "map[string]interface {}",
        Value::Json(Json::Array(_)) => "[]interface {}",
        Value::Json(Json::Int(_)) => "int64",
        Value::Json(Json::Str(_)) | Value::Text(_) => "string",
        Value::Json(Json::Float(_)) | Value::Float(_) => "float64",
        Value::Json(Json::Bool(_)) | Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Byte(_) => "uint8",
    })
}

/// A value as Go's `%v` prints it.
pub(super) fn shown(value: Value<'_>) -> String {
    match value {
        Value::Invalid => "<invalid reflect.Value>".to_owned(),
        Value::Json(json) => go_text(json),
        Value::Text(text) => text.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => go_text(&Json::Float(number)),
        Value::Bool(value) => value.to_string(),
        Value::Byte(byte) => byte.to_string(),
    }
}
