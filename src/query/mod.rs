//! Which rows, and in which order: filter expressions and sorting over the fields.

mod completion;
mod filter;
mod grammar;
mod sort;

use thiserror::Error;

use crate::field;

pub use completion::Candidates;
pub use filter::{Filter, Operand, Operator};
pub use sort::{Direction, Sort};

/// More bytes than an expression of a person or of a script has; what is longer would only use up time.
pub const LONGEST: usize = 16 * 1024;
/// Deeper nesting than a person writes would only use up the stack.
const DEEPEST: usize = 64;

/// Why an expression means nothing. What it repeats of the expression is short and fit for a terminal.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum QueryError {
    /// No field is called so.
    #[error("no field `{0}`{instead}", instead = field::instead_of(.0))]
    NoSuchField(String),
    /// An operator with nothing in front.
    #[error("`{0}` needs a field before it, as in usage>512M; quote it to search for it")]
    NoField(&'static str),
    /// A field and an operator, and then nothing.
    #[error("`{0}` needs a value, as in usage>512M")]
    NoValue(String),
    /// A value that is more than a word.
    #[error("what has parentheses stands in quotation marks, as in name~'^(web|api)-'")]
    Unquoted,
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
    /// Words have no size, and yes and no have no pattern.
    #[error("{field} does not compare with `{sign}`, only with {possible}")]
    BadOperator {
        /// The field.
        field: &'static str,
        /// The operator.
        sign: &'static str,
        /// Those that it has.
        possible: &'static str,
    },
    /// A parenthesis too many or too few, or an `and` without another side.
    #[error("the expression ends too early: something is missing after `{0}`")]
    Incomplete(&'static str),
    /// A quotation mark without its second.
    #[error("the quotation that begins with {0} does not end")]
    OpenQuote(char),
    /// Something is left over.
    #[error("`{0}` is one too many")]
    LeftOver(String),
    /// More parentheses or `not` inside each other than anybody needs.
    #[error("nested deeper than {DEEPEST}")]
    TooDeep,
    /// More than anybody writes.
    #[error("longer than {LONGEST} bytes")]
    TooLong,
    /// Neither `asc` nor `desc`.
    #[error("`{0}` is no order; write asc or desc")]
    BadOrder(String),
    /// Trouble comes first or not at all.
    #[error("trouble has one order; write it alone")]
    OneOrder,
}
