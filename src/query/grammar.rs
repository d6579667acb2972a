//! How a filter is written: words, quotations, operators, and how they bind.
//!
//! Must not know a row: what an expression means for one is [`Filter::matches`].

use regex_lite::Regex;

use crate::field::{self, Field, Unit};
use crate::query::{DEEPEST, Filter, LONGEST, Operand, Operator, QueryError};
use crate::{text, units};

const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::More),
    ("~", Operator::Matches),
];

/// The smallest parts of an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    /// As it was written, `and`, `or` and `not` included.
    Word(&'a str),
    /// What stood in quotation marks: never a keyword.
    Quotation(&'a str),
    Sign(&'static str, Operator),
    Open,
    Close,
}

impl<'a> Token<'a> {
    /// The word, quoted or not.
    fn word(self) -> Option<&'a str> {
        match self {
            Self::Word(word) | Self::Quotation(word) => Some(word),
            Self::Sign(..) | Self::Open | Self::Close => None,
        }
    }

    fn written(self) -> &'a str {
        match self {
            Self::Word(word) | Self::Quotation(word) => word,
            Self::Sign(sign, _) => sign,
            Self::Open => "(",
            Self::Close => ")",
        }
    }
}

/// The filter that `text` says.
pub(super) fn parse(text: &str) -> Result<Filter, QueryError> {
    if text.len() > LONGEST {
        return Err(QueryError::TooLong);
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(Filter::All);
    }
    let mut parser = Parser { tokens: &tokens, depth: 0 };
    let filter = parser.either()?;
    match parser.tokens.first() {
        None => Ok(filter),
        Some(token) => Err(QueryError::LeftOver(text::excerpt(token.written()))),
    }
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, QueryError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, behind) = if let Some((sign, operator)) = sign(rest) {
            (Token::Sign(sign, operator), &rest[sign.len()..])
        } else {
            match first {
                '(' => (Token::Open, &rest[1..]),
                ')' => (Token::Close, &rest[1..]),
                '"' | '\'' => {
                    let (quotation, behind) = rest[1..].split_once(first).ok_or(QueryError::OpenQuote(first))?;
                    (Token::Quotation(quotation), behind)
                }
                _ => {
                    let (word, behind) = rest.split_at(end_of_word(rest));
                    (Token::Word(word), behind)
                }
            }
        };
        tokens.push(token);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

/// The operator that `text` starts with.
fn sign(text: &str) -> Option<(&'static str, Operator)> {
    OPERATORS.into_iter().find(|(sign, _)| text.starts_with(sign))
}

/// Where the word that `text` starts with ends. An apostrophe within is a letter.
fn end_of_word(text: &str) -> usize {
    let ends = |&(at, c): &(usize, char)| c.is_whitespace() || matches!(c, '(' | ')') || sign(&text[at..]).is_some();
    text.char_indices().find(ends).map_or(text.len(), |(at, _)| at)
}

/// What an expression ends with that may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfinished<'a> {
    /// A word that may become a field.
    Word(&'a str),
    /// A field that a value is compared with for being equal, and the start of that value.
    Value(&'a str, &'a str),
}

/// The end of `text` that may go on, and where it begins.
pub(super) fn unfinished(text: &str) -> Option<(usize, Unfinished<'_>)> {
    let (before, from, start) = match tokens(text) {
        Err(QueryError::OpenQuote(quote)) => {
            let from = text.rfind(quote)?;
            (tokens(&text[..from]).ok()?, from, &text[from + quote.len_utf8()..])
        }
        Err(_) => return None,
        Ok(mut tokens) => match *tokens.last()? {
            Token::Word(word) if text.ends_with(word) => {
                tokens.pop();
                (tokens, text.len() - word.len(), word)
            }
            Token::Sign(..) => (tokens, text.len(), ""),
            _ => return None,
        },
    };
    match before[..] {
        [.., Token::Word(field), Token::Sign(_, Operator::Equal | Operator::NotEqual)] => {
            Some((from, Unfinished::Value(field, start)))
        }
        [.., Token::Sign(..)] => None,
        _ if text[from..].starts_with(['"', '\'']) => None,
        _ => Some((from, Unfinished::Word(start))),
    }
}

/// A value as it may be written, in quotation marks where it needs them; none that has both kinds.
pub(super) fn written(value: &str) -> Option<String> {
    let is_keyword = matches!(value, "and" | "or" | "not");
    if !is_keyword && tokens(value).is_ok_and(|tokens| tokens == [Token::Word(value)]) {
        return Some(value.to_owned());
    }
    let quote = ['"', '\''].into_iter().find(|quote| !value.contains(*quote))?;
    Some(format!("{quote}{value}{quote}"))
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    depth: usize,
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Filter, QueryError> {
        let first = self.both()?;
        let mut filters = vec![first];
        while self.take(Token::Word("or")) {
            filters.push(self.both()?);
        }
        Ok(alone(filters, Filter::Or))
    }

    fn both(&mut self) -> Result<Filter, QueryError> {
        let first = self.one()?;
        let mut filters = vec![first];
        while !matches!(self.tokens.first(), None | Some(Token::Word("or") | Token::Close)) {
            self.take(Token::Word("and"));
            filters.push(self.one()?);
        }
        Ok(alone(filters, Filter::And))
    }

    fn one(&mut self) -> Result<Filter, QueryError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(QueryError::TooDeep);
        }
        let filter = if self.take(Token::Word("not")) {
            Filter::Not(Box::new(self.one()?))
        } else if self.take(Token::Open) {
            let inner = self.either()?;
            if !self.take(Token::Close) {
                return Err(QueryError::Incomplete("("));
            }
            inner
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn term(&mut self) -> Result<Filter, QueryError> {
        let (&first, rest) = self.tokens.split_first().ok_or(QueryError::Incomplete("and, or, not"))?;
        let word = match first {
            Token::Sign(sign, _) => return Err(QueryError::NoField(sign)),
            Token::Word("and" | "or") | Token::Open | Token::Close => {
                return Err(QueryError::LeftOver(first.written().to_owned()));
            }
            Token::Word(word) | Token::Quotation(word) => word,
        };
        self.tokens = rest;
        let Some(&Token::Sign(sign, operator)) = rest.first() else { return Ok(Filter::Word(word.to_lowercase())) };
        let field = field::find(word).ok_or_else(|| QueryError::NoSuchField(text::excerpt(word)))?;
        let value = match rest.get(1) {
            Some(Token::Open | Token::Close) => return Err(QueryError::Unquoted),
            value => value.and_then(|token| token.word()),
        };
        let value = value.ok_or_else(|| QueryError::NoValue(format!("{word}{sign}")))?;
        self.tokens = &rest[2..];
        Ok(Filter::Compare(field, operator, operand(field, (sign, operator), value)?))
    }

    fn take(&mut self, token: Token<'_>) -> bool {
        let found = self.tokens.first() == Some(&token);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }
}

/// A filter that is alone needs nothing around it.
fn alone(mut filters: Vec<Filter>, around: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match (filters.pop(), filters.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            filters.extend(last);
            around(filters)
        }
    }
}

fn operand(field: &'static Field, sign: (&'static str, Operator), value: &str) -> Result<Operand, QueryError> {
    let bad = |why: String| QueryError::BadValue { field: field.id, value: text::excerpt(value), why };
    let only = |possible| Err(QueryError::BadOperator { field: field.id, sign: sign.0, possible });
    match (field.unit, sign.1) {
        (Unit::Flag, Operator::Equal | Operator::NotEqual) => match value.to_lowercase().as_str() {
            "yes" | "true" => Ok(Operand::Flag(true)),
            "no" | "false" => Ok(Operand::Flag(false)),
            _ => Err(bad("write yes or no".to_owned())),
        },
        (Unit::Flag, _) => only("= and !="),
        (_, Operator::Matches) => Regex::new(value).map(Operand::Pattern).map_err(|error| bad(error.to_string())),
        (Unit::Text, Operator::Equal | Operator::NotEqual) => Ok(Operand::Text(value.to_lowercase())),
        (Unit::Text, _) => only("=, != and ~"),
        (Unit::Bytes, _) if value == "max" => Ok(Operand::Number(f64::INFINITY)),
        (Unit::Bytes, _) => {
            // What shrinks grows by less than nothing.
            let (sign, bytes) = value.strip_prefix('-').map_or((1.0, value), |bytes| (-1.0, bytes));
            let bytes = units::parse_size(bytes).map_err(|error| bad(error.to_string()))?;
            Ok(Operand::Number(sign * bytes as f64))
        }
        (Unit::Count | Unit::Percent, _) => {
            number(value).map(Operand::Number).ok_or_else(|| bad("not a number".to_owned()))
        }
    }
}

/// A number, with or without a percent sign; nothing that is none or has no end.
fn number(text: &str) -> Option<f64> {
    text.strip_suffix('%').unwrap_or(text).parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse(text).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_quotation_is_one_word_as_it_is() {
        let value = |text| match parse(text) {
            Ok(Filter::Compare(_, _, Operand::Text(text))) => text,
            Ok(Filter::Compare(_, _, Operand::Pattern(pattern))) => pattern.to_string(),
            Ok(Filter::Word(word)) => word,
            other => format!("{other:?}"),
        };
        assert_eq!(value("name=\"a b\""), "a b");
        assert_eq!(value("name='say \"hi\"'"), "say \"hi\"");
        assert_eq!(value("name~\"(a|b)* \\d\""), "(a|b)* \\d");
        assert_eq!(value("\"not\""), "not");
        assert_eq!(value("'>5'"), ">5");
        assert_eq!(value("it's"), "it's");
        assert_eq!(value("a!b"), "a!b");
        assert!(error("name=\"a b").contains("does not end"));
    }

    #[test]
    fn what_does_not_compare_is_refused() {
        for (text, told) in [
            ("name>a", "does not compare with `>`, only with =, != and ~"),
            ("populated<yes", "does not compare with `<`, only with = and !="),
            ("populated~y", "only with = and !="),
            ("populated=perhaps", "write yes or no"),
            ("percent>NaN", "not a number"),
            ("percent<inf", "not a number"),
            ("failcnt>1e999", "not a number"),
            ("usage>inf", "not a size"),
            (">5", "`>` needs a field"),
            ("=", "`=` needs a field"),
            ("usage>", "needs a value"),
            ("usage>(1)", "in quotation marks"),
            ("name~([", "in quotation marks, as in name~"),
            ("name~\"(\"", "group"),
            ("a)", "`)` is one too many"),
            ("a or or b", "`or` is one too many"),
            ("a and", "ends too early"),
        ] {
            assert!(error(text).contains(told), "{text}: {}", error(text));
        }
        for text in ["populated=TRUE", "populated != no", "percent>=90%", "limit=max", "name!=a", "failcnt>0"] {
            assert_eq!(error(text), "", "{text}");
        }
    }

    #[test]
    fn nesting_and_length_have_a_limit_of_their_own() {
        let nested = |deep| format!("{}a{}", "(".repeat(deep), ")".repeat(deep));
        assert!(parse(&nested(DEEPEST - 1)).is_ok());
        assert_eq!(parse(&nested(DEEPEST)).err(), Some(QueryError::TooDeep));
        assert_eq!(parse(&"not ".repeat(1_000)).err(), Some(QueryError::TooDeep));
        assert_eq!(parse(&"(".repeat(LONGEST)).err(), Some(QueryError::TooDeep));
        assert_eq!(parse(&"e ".repeat(LONGEST)).err(), Some(QueryError::TooLong));
    }

    #[test]
    fn messages_repeat_no_more_than_fits_a_line() {
        let long = "\u{1b}[31m\u{202e}".repeat(1_000);
        for text in [format!("{long}>1"), format!("usage>{long}"), format!("populated={long}")] {
            let error = error(&text);
            assert!((20..150).contains(&error.chars().count()), "{error}");
            assert!(error.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{error:?}");
        }
    }
}
