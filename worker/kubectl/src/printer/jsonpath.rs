//! kubectl's dialect of `JSONPath` (client-go `util/jsonpath`): text around actions in braces,
//! `{range}` and `{end}`, filters, unions, slices, `*` and `..`.
//!
//! It is no RFC 9535: an index is an error where the list is too short, `['a.b']` is two fields, a
//! `*` of a string is its bytes. Maps are walked in the order of their keys, where Go has none.

mod compare;
mod eval;
mod parse;
mod print;
mod relaxed;

pub use self::eval::{EvalError, MAX_STEPS, Value};
pub use self::parse::ParseError;
pub use self::print::{print, print_as_json};
pub use self::relaxed::{NotRelaxed, relaxed};

use crate::json::Json;

/// A template that can be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Text and actions, in turn.
    nodes: Vec<Node>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// One action, or one side of a filter: each node works on what the one before it found.
    List(Vec<Node>),
    Text(String),
    Field(String),
    Array([Bound; 3]),
    Filter(Box<Filter>),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// `*`
    Wildcard,
    /// `..`
    Recursive,
    Union(Vec<Vec<Node>>),
    /// `range`, `end`, and words that mean nothing.
    Identifier(String),
}

/// Start, end or step of a slice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bound {
    value: i64,
    known: bool,
    /// The end was not given: it follows from the start.
    derived: bool,
}

/// `[?(LEFT OPERATOR RIGHT)]`
#[derive(Debug, Clone, PartialEq)]
struct Filter {
    left: Vec<Node>,
    right: Vec<Node>,
    /// `exists` where there is none.
    operator: String,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`ParseError`] with client-go's text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Ok(Self {
            nodes: parse::template(text)?,
        })
    }

    /// What each text and each action of the template finds in `root`. A missing key finds nothing,
    /// or is an error unless `allow_missing`.
    ///
    /// # Errors
    /// [`EvalError`]; the work and the results are bounded by [`MAX_STEPS`].
    pub fn find<'j>(
        &'j self,
        root: &'j Json<'j>,
        allow_missing: bool,
    ) -> Result<Vec<Vec<Value<'j>>>, EvalError> {
        eval::find(&self.nodes, Value::Json(root), allow_missing)
    }

    /// The names of the fields that the template asks for, filters and unions included.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(&self.nodes, &mut |node| {
            if let Node::Field(name) = node {
                names.push(name.as_str());
            }
        });
        names
    }

    /// Whether some part of it can reach a member without naming it: `*`, `..`.
    #[must_use]
    pub fn reaches_unnamed(&self) -> bool {
        let mut reaches = false;
        collect(&self.nodes, &mut |node| {
            reaches |= matches!(node, Node::Wildcard | Node::Recursive);
        });
        reaches
    }

    /// The names of the fields that filters ask for, and whether one of them reaches others.
    #[must_use]
    pub fn filtered(&self) -> (Vec<&str>, bool) {
        let (mut names, mut reaches) = (Vec::new(), false);
        let mut inside = |node: &'_ _| {
            reaches |= matches!(node, Node::Wildcard | Node::Recursive);
        };
        let mut sides: Vec<&[Node]> = Vec::new();
        collect(&self.nodes, &mut |node| {
            if let Node::Filter(filter) = node {
                sides.extend([filter.left.as_slice(), filter.right.as_slice()]);
            }
        });
        for side in sides {
            collect(side, &mut |node| {
                inside(node);
                if let Node::Field(name) = node {
                    names.push(name.as_str());
                }
            });
        }
        (names, reaches)
    }

    /// The fields of a template that is one plain path, such as `{.metadata.name}`.
    #[must_use]
    pub fn plain_path(&self) -> Option<Vec<&str>> {
        let [Node::List(nodes)] = self.nodes.as_slice() else {
            return None;
        };
        nodes
            .iter()
            .map(|node| match node {
                Node::Field(name) => Some(name.as_str()),
                _ => None,
            })
            .collect()
    }
}

/// Visits all nodes. They are nested no deeper than the parser lets them be.
fn collect<'n>(nodes: &'n [Node], visit: &mut impl FnMut(&'n Node)) {
    for node in nodes {
        visit(node);
        match node {
            Node::List(nodes) => collect_dyn(nodes, visit),
            Node::Union(lists) => lists.iter().for_each(|it| collect_dyn(it, visit)),
            Node::Filter(filter) => {
                collect_dyn(&filter.left, visit);
                collect_dyn(&filter.right, visit);
            }
            _ => {}
        }
    }
}

fn collect_dyn<'n>(nodes: &'n [Node], visit: &mut dyn FnMut(&'n Node)) {
    collect(nodes, &mut |node| visit(node));
}

#[cfg(test)]
mod tests;
