//! Which rows, and in which order: filter expressions and sorting over the fields.

use std::cmp::Ordering;

use regex_lite::Regex;
use thiserror::Error;

use crate::field::{self, FIELDS, Field, Unit, Value};
use crate::model::{Group, verdict};
use crate::units::{self, Limit};

/// Why an expression means nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum QueryError {
    /// No field is called so.
    #[error("no field `{0}`; fields: {fields}", fields = names())]
    NoSuchField(String),
    /// A field and an operator, and then nothing.
    #[error("`{0}` needs a value, as in usage>512M")]
    NoValue(String),
    /// Not a number where one is needed.
    #[error("`{value}` is no value for {field}: {why}")]
    BadValue {
        /// The field.
        field: &'static str,
        /// What was given.
        value: String,
        /// Why it is none.
        why: String,
    },
    /// A parenthesis too many or too few, or an `and` without another side.
    #[error("the expression ends too early: something is missing after `{0}`")]
    Incomplete(String),
    /// Something is left over.
    #[error("`{0}` is one too many")]
    LeftOver(String),
    /// Neither `asc` nor `desc`.
    #[error("`{0}` is no order; write asc or desc")]
    BadOrder(String),
}

fn names() -> String {
    FIELDS.iter().map(|field| field.id).collect::<Vec<_>>().join(", ")
}

/// A filter: which rows are shown.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Every row.
    All,
    /// The word is in its name, pod, namespace, image, runtime, id or cgroup path; lower case.
    Word(String),
    /// A field compares with a value.
    Compare(&'static Field, Operator, Operand),
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// Either.
    Or(Box<Filter>, Box<Filter>),
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
    /// A word; lower case.
    Text(String),
    /// A regular expression.
    Pattern(Regex),
}

const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::More),
    ("~", Operator::Matches),
];

impl Filter {
    /// Reads an expression: words, `field OP value`, `and`, `or`, `not`, parentheses. Words side by side must all match.
    ///
    /// # Errors
    /// [`QueryError`] says what cannot be understood.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let tokens = tokens(text);
        if tokens.is_empty() {
            return Ok(Self::All);
        }
        let mut parser = Parser { tokens: &tokens, depth: 0 };
        let filter = parser.either()?;
        match parser.tokens.first() {
            None => Ok(filter),
            Some(token) => Err(QueryError::LeftOver(token.clone())),
        }
    }

    /// Whether a row is shown.
    pub fn matches(&self, group: &Group) -> bool {
        match self {
            Self::All => true,
            Self::Word(word) => searched(group).any(|text| text.to_lowercase().contains(word)),
            Self::Compare(field, operator, operand) => compare(field, *operator, operand, group),
            Self::And(a, b) => a.matches(group) && b.matches(group),
            Self::Or(a, b) => a.matches(group) || b.matches(group),
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
    let order = match operand {
        Operand::Pattern(pattern) => return pattern.is_match(&value.human()),
        Operand::Number(number) => value.number().map(|value| value.total_cmp(number)),
        Operand::Text(text) => match &value {
            Value::List(items) => return items.iter().any(|item| item == text) == (operator == Operator::Equal),
            value => Some(value.human().to_lowercase().cmp(text)),
        },
    };
    order.is_some_and(|order| match operator {
        Operator::Equal => order == Ordering::Equal,
        Operator::NotEqual => order != Ordering::Equal,
        Operator::Less => order == Ordering::Less,
        Operator::AtMost => order != Ordering::Greater,
        Operator::More => order == Ordering::Greater,
        Operator::AtLeast => order != Ordering::Less,
        Operator::Matches => false,
    })
}

/// Words, parentheses, and operators, these kept with their field if they are written without blanks.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let operator = OPERATORS.iter().map(|(sign, _)| *sign).find(|sign| rest.starts_with(sign));
        let length = match (first, operator) {
            ('(' | ')', _) => 1,
            (_, Some(sign)) => sign.len(),
            _ => rest
                .find(|c: char| c.is_whitespace() || "()=!<>~".contains(c))
                .unwrap_or(rest.len())
                .max(first.len_utf8()),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

/// Deeper nesting than a person writes would only use up the stack.
const DEEPEST: usize = 64;

struct Parser<'a> {
    tokens: &'a [String],
    depth: usize,
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Filter, QueryError> {
        let mut filter = self.both()?;
        while self.take("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.both()?));
        }
        Ok(filter)
    }

    fn both(&mut self) -> Result<Filter, QueryError> {
        let mut filter = self.one()?;
        while !matches!(self.tokens.first().map(String::as_str), None | Some("or" | ")")) {
            self.take("and");
            filter = Filter::And(Box::new(filter), Box::new(self.one()?));
        }
        Ok(filter)
    }

    fn one(&mut self) -> Result<Filter, QueryError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(QueryError::LeftOver("(".to_owned()));
        }
        let filter = if self.take("not") {
            Filter::Not(Box::new(self.one()?))
        } else if self.take("(") {
            let inner = self.either()?;
            if !self.take(")") {
                return Err(QueryError::Incomplete("(".to_owned()));
            }
            inner
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn term(&mut self) -> Result<Filter, QueryError> {
        let (word, rest) =
            self.tokens.split_first().ok_or_else(|| QueryError::Incomplete("and, or, not".to_owned()))?;
        if matches!(word.as_str(), ")" | "and" | "or") {
            return Err(QueryError::LeftOver(word.clone()));
        }
        self.tokens = rest;
        let operator = rest.first().and_then(|token| OPERATORS.iter().find(|(sign, _)| sign == token));
        let Some((sign, operator)) = operator else { return Ok(Filter::Word(word.to_lowercase())) };
        let field = field::find(word).ok_or_else(|| QueryError::NoSuchField(word.clone()))?;
        let value = rest.get(1).ok_or_else(|| QueryError::NoValue(format!("{word}{sign}")))?;
        self.tokens = &rest[2..];
        Ok(Filter::Compare(field, *operator, operand(field, *operator, value)?))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.first().is_some_and(|token| token == word);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }
}

fn operand(field: &'static Field, operator: Operator, value: &str) -> Result<Operand, QueryError> {
    let bad = |why: String| QueryError::BadValue { field: field.id, value: value.to_owned(), why };
    if operator == Operator::Matches {
        return Regex::new(value).map(Operand::Pattern).map_err(|error| bad(error.to_string()));
    }
    match field.unit {
        Unit::Text => Ok(Operand::Text(value.to_lowercase())),
        Unit::Bytes if value == "max" => Ok(Operand::Number(f64::INFINITY)),
        Unit::Bytes => {
            units::parse_size(value).map(|bytes| Operand::Number(bytes as f64)).map_err(|error| bad(error.to_string()))
        }
        Unit::Count | Unit::Percent => {
            value.trim_end_matches('%').parse().map(Operand::Number).map_err(|_| bad("not a number".to_owned()))
        }
    }
}

/// In which order rows stand.
#[derive(Clone, Copy, Debug)]
pub enum Sort {
    /// What needs attention first.
    Trouble,
    /// By a field; missing figures last.
    Field(&'static Field, Direction),
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest.
    Ascending,
    /// The largest.
    Descending,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

impl Sort {
    /// Reads `trouble`, `FIELD`, `FIELD:asc`, `FIELD:desc`. Figures start with the largest, names with the first.
    ///
    /// # Errors
    /// [`QueryError`] for unknown fields and orders.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let (name, order) = text.split_once(':').map_or((text, None), |(name, order)| (name, Some(order)));
        if name == "trouble" {
            return Ok(Self::Trouble);
        }
        let field = field::find(name).ok_or_else(|| QueryError::NoSuchField(name.to_owned()))?;
        let direction = match order {
            None => Self::natural(field),
            Some("asc") => Direction::Ascending,
            Some("desc") => Direction::Descending,
            Some(other) => return Err(QueryError::BadOrder(other.to_owned())),
        };
        Ok(Self::Field(field, direction))
    }

    /// The direction that a field is first sorted in.
    pub fn natural(field: &Field) -> Direction {
        if field.unit == Unit::Text { Direction::Ascending } else { Direction::Descending }
    }

    /// The order of two rows: total, so that equal rows never swap.
    pub fn compare(&self, a: &Group, b: &Group) -> Ordering {
        let by_key = match self {
            Self::Trouble => trouble(b).cmp(&trouble(a)),
            Self::Field(field, direction) => match ((field.get)(a), (field.get)(b)) {
                (Ok(a), Ok(b)) if *direction == Direction::Ascending => a.compare(&b),
                (Ok(a), Ok(b)) => b.compare(&a),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => Ordering::Equal,
            },
        };
        by_key.then_with(|| a.identity.label().cmp(&b.identity.label())).then_with(|| a.id.cmp(&b.id))
    }
}

/// Tier, stall, floor's share of the limit, size: in coarse steps, so that rows do not dance.
fn trouble(group: &Group) -> (u8, u64, u64, u64) {
    const STEP: f64 = 5.0;
    let figures = &group.figures;
    let stall = figures.psi.map_or(0.0, |psi| psi.some.avg10) / STEP;
    let floor = match (figures.floor, figures.effective_limit) {
        (Ok(floor), Ok(Limit::Bytes(limit))) if limit > 0 => floor as f64 * 100.0 / limit as f64 / STEP,
        _ => 0.0,
    };
    let quarter_octaves = (figures.usage.unwrap_or(0).max(1) as f64).log2() * 4.0;
    (verdict::tier(group), stall as u64, floor as u64, quarter_octaves as u64)
}
