//! Which rows are shown: what an expression means for a row.

use std::cmp::Ordering;

use regex_lite::Regex;

use crate::field::{self, Field, Value};
use crate::model::Group;
use crate::model::sums::Grouping;
use crate::query::{QueryError, grammar};
use crate::snapshot::Identity;

/// A filter: which rows are shown.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Every row.
    All,
    /// The word is in its name, pod, namespace, image, runtime, id or cgroup path; lower case.
    Word(String),
    /// A field compares with a value.
    Compare(&'static Field, Operator, Operand),
    /// All of them. Flat, however many there are, so that matching takes no deeper a stack.
    And(Vec<Filter>),
    /// One of them at least; flat as well.
    Or(Vec<Filter>),
    /// The opposite.
    Not(Box<Filter>),
}

/// How a field compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `~`: matches a regular expression.
    Matches,
}

/// What a field is compared with.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A number; sizes in bytes, `max` above everything.
    Number(f64),
    /// A word; lower case. Only equal or not.
    Text(String),
    /// Yes or no. Only equal or not.
    Flag(bool),
    /// A regular expression.
    Pattern(Regex),
}

impl Filter {
    /// Reads an expression: words, `field OP value`, `and`, `or`, `not`, parentheses. Words side by side must all match.
    /// What stands in quotation marks, single or double, is one word as it is.
    ///
    /// # Errors
    /// [`QueryError`] says what cannot be understood.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        grammar::parse(text)
    }

    /// The rows that a sum stands for, and the expression that says so.
    pub fn of_key(grouping: Grouping, sum: &Identity) -> (Self, String) {
        let netns = sum.netns.ok().map(|inode| inode.to_string());
        let (name, value) = match grouping {
            Grouping::Pod if sum.pod_id.is_some() => ("pod_id", sum.pod_id.as_deref()),
            Grouping::Pod => ("pod", sum.pod.as_deref().ok()),
            Grouping::Namespace => ("namespace", sum.namespace.as_deref().ok()),
            Grouping::Image => ("image", sum.image.as_deref().ok()),
            Grouping::Runtime => ("runtime", sum.runtime.as_deref()),
            Grouping::Netns => ("netns", netns.as_deref()),
        };
        let Some(value) = value else {
            // A pod whose name is not known has a sum of its own.
            let text = if name == "pod" { "not pod~. and not pod_id~.".to_owned() } else { format!("not {name}~.") };
            return (Self::parse(&text).unwrap_or(Self::All), text);
        };
        // Names are hostile: the filter is made without reading what is shown of it.
        let equal = |field| Self::Compare(field, Operator::Equal, Operand::Text(value.to_lowercase()));
        let quote = if value.contains('"') { '\'' } else { '"' };
        (field::find(name).map_or(Self::All, equal), format!("{name}={quote}{value}{quote}"))
    }

    /// Whether a row is shown.
    pub fn matches(&self, group: &Group) -> bool {
        match self {
            Self::All => true,
            Self::Word(word) => searched(group).any(|text| text.to_lowercase().contains(word)),
            Self::Compare(field, operator, operand) => compare(field, *operator, operand, group),
            Self::And(filters) => filters.iter().all(|filter| filter.matches(group)),
            Self::Or(filters) => filters.iter().any(|filter| filter.matches(group)),
            Self::Not(filter) => !filter.matches(group),
        }
    }
}

fn searched(group: &Group) -> impl Iterator<Item = &str> {
    let identity = &group.identity;
    [
        Some(&*identity.name),
        identity.pod.as_deref().ok(),
        identity.pod_id.as_deref(),
        identity.namespace.as_deref().ok(),
        identity.image.as_deref().ok(),
        identity.runtime.as_deref(),
        identity.id.as_deref(),
        Some(&*group.id.path),
    ]
    .into_iter()
    .flatten()
}

/// A figure that is missing matches nothing, not even `!=`.
fn compare(field: &Field, operator: Operator, operand: &Operand, group: &Group) -> bool {
    let Ok(value) = (field.get)(group) else { return false };
    match operand {
        Operand::Pattern(pattern) => pattern.is_match(&value.human()),
        Operand::Flag(flag) => (value == Value::Flag(*flag)) == (operator == Operator::Equal),
        Operand::Text(text) => is(&value, text) == (operator == Operator::Equal),
        Operand::Number(number) => {
            value.number().and_then(|value| value.partial_cmp(number)).is_some_and(|order| operator.allows(order))
        }
    }
}

/// Whether the value, or one of several, is the word.
fn is(value: &Value<'_>, text: &str) -> bool {
    match value {
        Value::Netns(netns) => netns.label() == text || netns.inode.to_string() == text,
        Value::List(items) => items.iter().any(|item| item.to_lowercase() == text),
        value => value.human().to_lowercase() == text,
    }
}

impl Operator {
    /// Whether a number that stands so to another passes.
    fn allows(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::NotEqual => order != Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::AtMost => order != Ordering::Greater,
            Self::More => order == Ordering::Greater,
            Self::AtLeast => order != Ordering::Less,
            Self::Matches => false,
        }
    }
}
