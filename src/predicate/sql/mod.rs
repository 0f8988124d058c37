//! Conditions in SQL, as they stand behind WHERE.
//!
//! ```text
//! condition  = and { OR and }
//! and        = not { AND not }
//! not        = [ NOT ] not | "(" condition ")" | TRUE | FALSE | test
//! test       = column                                        of booleans
//!            | column compared literal | literal compared column
//!            | column IS [NOT] NULL
//!            | column [NOT] IN "(" [ literal { "," literal } ] ")"
//!            | column [NOT] BETWEEN literal AND literal
//!            | column [NOT] LIKE 'pattern' [ ESCAPE 'character' ]
//! compared   = "=" | "==" | "<>" | "!=" | "<" | "<=" | ">" | ">="
//! column     = name { "." name }              name = word | "word" | `word`
//! literal    = NULL | TRUE | FALSE | [+-] number | 'text' | X'bytes'
//!            | DATE 'text' | TIME 'text' | TIMESTAMP 'text'
//! ```
//!
//! Keywords are found in any case; names are case-sensitive, as in Parquet, and need quotes where they are keywords or have
//! other characters than letters, digits and `_`. A number with a point is a decimal, one with an exponent
//! a double. Written by hand because a parser of the whole language is larger than the rest of the library.

mod lexer;
mod literals;
#[cfg(test)]
mod tests;

use arrow_array::ArrayRef;

use self::lexer::{Placed, Token, error_at, tokens};
use self::literals::{Literal, array_of};
use super::pattern::Pattern;
use super::{Comparison, Predicate};
use crate::error::{Error, Result};

/// Conditions may be nested so deep: they are parsed recursively.
const LARGEST_DEPTH: usize = 200;

/// Words that are no names without quotes.
const KEYWORDS: [&str; 12] =
    ["AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "LIKE", "ESCAPE", "TRUE", "FALSE", "WHERE"];

impl Predicate {
    /// Reads a condition in SQL: comparisons of a column with a literal, IN, BETWEEN, LIKE, IS \[NOT\] NULL, AND, OR, NOT,
    /// parentheses; literals as in `5`, `-0.05`, `1e3`, `'text'`, `X'00ff'`, `TRUE`, `NULL`, `DATE '1994-01-01'`,
    /// `TIME '12:30:00'`, `TIMESTAMP '1994-01-01 12:30:00'`, the last one with `Z` or `+02:00` behind it for an instant in
    /// UTC. Names of columns are case-sensitive, and in double quotes where they are not plain words.
    ///
    /// Fails with `InvalidArgument`; the message says at which character.
    pub fn parse(sql: &str) -> Result<Self> {
        let mut parser = Parser { sql, tokens: tokens(sql)?, next: 0, depth: 0 };
        let condition = parser.condition()?;
        parser.sign(";");
        match parser.peek() {
            Token::End => Ok(condition),
            _ => Err(parser.error("the condition ends before this")),
        }
    }
}

struct Parser<'a> {
    sql: &'a str,
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
}

/// What a comparison has on a side.
enum Operand {
    Column(String),
    Literal(Literal),
}

impl Parser<'_> {
    fn condition(&mut self) -> Result<Predicate> {
        let mut operands = vec![self.conjunction()?];
        while self.keyword("OR") {
            operands.push(self.conjunction()?);
        }
        Ok(joined(operands, Predicate::or))
    }

    fn conjunction(&mut self) -> Result<Predicate> {
        let mut operands = vec![self.negation()?];
        while self.keyword("AND") {
            operands.push(self.negation()?);
        }
        Ok(joined(operands, Predicate::and))
    }

    fn negation(&mut self) -> Result<Predicate> {
        if self.depth >= LARGEST_DEPTH {
            return Err(self.error(&format!("conditions nested deeper than {LARGEST_DEPTH} levels")));
        }
        self.depth = self.depth.saturating_add(1);
        let predicate = if self.keyword("NOT") {
            Predicate::not(self.negation()?)
        } else if self.sign("(") {
            let inner = self.condition()?;
            self.expect_sign(")")?;
            inner
        } else {
            self.test()?
        };
        self.depth = self.depth.saturating_sub(1);
        Ok(predicate)
    }

    fn test(&mut self) -> Result<Predicate> {
        let start = self.next;
        match self.operand()? {
            Operand::Column(column) => self.test_of(&column),
            Operand::Literal(literal) => match (self.comparison(), literal) {
                (Some(op), literal) => match self.operand()? {
                    Operand::Column(column) => Predicate::compare(&column, op.mirrored(), array_of(&[literal])?),
                    Operand::Literal(_) => {
                        self.next = start;
                        Err(self.error("a comparison needs a column on one side"))
                    }
                },
                (None, Literal::Boolean(true)) => Ok(Predicate::and(Vec::new())),
                (None, Literal::Boolean(false)) => Ok(Predicate::or(Vec::new())),
                (None, _) => Err(self.error("a comparison is missing")),
            },
        }
    }

    /// What comes behind a column.
    fn test_of(&mut self, column: &str) -> Result<Predicate> {
        if let Some(op) = self.comparison() {
            return Predicate::compare(column, op, self.literal_array()?);
        }
        if self.keyword("IS") {
            let negated = self.keyword("NOT");
            self.expect_keyword("NULL")?;
            return Ok(negated_if(negated, Predicate::is_null(column)));
        }
        let negated = self.keyword("NOT");
        if self.keyword("IN") {
            return Ok(negated_if(negated, Predicate::is_in(column, self.list()?)?));
        }
        if self.keyword("BETWEEN") {
            let least = self.literal_array()?;
            self.expect_keyword("AND")?;
            let most = self.literal_array()?;
            let above = Predicate::compare(column, Comparison::GreaterOrEqual, least)?;
            let below = Predicate::compare(column, Comparison::LessOrEqual, most)?;
            return Ok(negated_if(negated, Predicate::and(vec![above, below])));
        }
        if self.keyword("LIKE") {
            return Ok(negated_if(negated, Predicate::matching(column, self.pattern()?)));
        }
        if negated {
            return Err(self.error("IN, BETWEEN or LIKE is missing"));
        }
        Predicate::compare(column, Comparison::Equal, array_of(&[Literal::Boolean(true)])?)
    }

    fn list(&mut self) -> Result<ArrayRef> {
        self.expect_sign("(")?;
        let start = self.next;
        let mut literals = Vec::new();
        if !self.sign(")") {
            literals.push(self.literal()?);
            while self.sign(",") {
                literals.push(self.literal()?);
            }
            self.expect_sign(")")?;
        }
        array_of(&literals).map_err(|error| {
            self.next = start;
            self.error(error.message())
        })
    }

    fn pattern(&mut self) -> Result<Pattern> {
        let start = self.next;
        let text = self.text()?;
        let escape = if self.keyword("ESCAPE") {
            let escape = self.text()?;
            let mut characters = escape.chars();
            match (characters.next(), characters.next()) {
                (None, _) => None,
                (Some(one), None) => Some(one),
                _ => return Err(self.error("ESCAPE takes one character")),
            }
        } else {
            Some('\\')
        };
        Pattern::like(&text, escape).map_err(|error| {
            self.next = start;
            self.error(error.message())
        })
    }

    fn text(&mut self) -> Result<String> {
        match self.peek().clone() {
            Token::Text(text) => {
                self.step();
                Ok(text)
            }
            _ => Err(self.error("a text in single quotes is missing")),
        }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let op = match self.peek() {
            Token::Sign("=" | "==") => Comparison::Equal,
            Token::Sign("<>" | "!=") => Comparison::NotEqual,
            Token::Sign("<") => Comparison::Less,
            Token::Sign("<=") => Comparison::LessOrEqual,
            Token::Sign(">") => Comparison::Greater,
            Token::Sign(">=") => Comparison::GreaterOrEqual,
            _ => return None,
        };
        self.step();
        Some(op)
    }

    fn literal_array(&mut self) -> Result<ArrayRef> {
        array_of(&[self.literal()?])
    }

    fn literal(&mut self) -> Result<Literal> {
        let start = self.next;
        match self.operand()? {
            Operand::Literal(literal) => Ok(literal),
            Operand::Column(_) => {
                self.next = start;
                Err(self.error("a literal is missing: columns are compared with literals, not with each other"))
            }
        }
    }

    fn operand(&mut self) -> Result<Operand> {
        let start = self.next;
        let literal = match self.peek().clone() {
            Token::Sign(sign @ ("+" | "-")) => {
                self.step();
                match self.peek().clone() {
                    Token::Number(digits) => Literal::number(&format!("{sign}{digits}")),
                    _ => return Err(self.error("a number is missing")),
                }
            }
            Token::Number(digits) => Literal::number(&digits),
            Token::Text(text) => Ok(Literal::Text(text)),
            Token::Bytes(bytes) => Ok(Literal::Bytes(bytes)),
            Token::Word(word) => match self.word_literal(&word) {
                Some(literal) => literal,
                None => return self.column().map(Operand::Column),
            },
            Token::Quoted(_) => return self.column().map(Operand::Column),
            Token::Sign(_) | Token::End => return Err(self.error("a column or literal is missing")),
        };
        let literal = literal.map_err(|message| {
            self.next = start;
            self.error(message)
        })?;
        self.step();
        Ok(Operand::Literal(literal))
    }

    /// The literal that begins with a word; its last token is left to be stepped over.
    fn word_literal(&mut self, word: &str) -> Option<std::result::Result<Literal, &'static str>> {
        let word = word.to_ascii_uppercase();
        match (&*word, self.tokens.get(self.next.saturating_add(1)).map(|placed| &placed.token)) {
            ("NULL", _) => Some(Ok(Literal::Null)),
            ("TRUE", _) => Some(Ok(Literal::Boolean(true))),
            ("FALSE", _) => Some(Ok(Literal::Boolean(false))),
            ("DATE" | "TIME" | "TIMESTAMP", Some(Token::Text(text))) => {
                let literal = Literal::temporal(&word, text);
                self.step();
                Some(literal)
            }
            _ => None,
        }
    }

    fn column(&mut self) -> Result<String> {
        let mut path = self.name()?;
        while self.sign(".") {
            path.push('.');
            path.push_str(&self.name()?);
        }
        Ok(path)
    }

    fn name(&mut self) -> Result<String> {
        let name = match self.peek().clone() {
            Token::Quoted(name) => name,
            Token::Word(word) if !KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) => word,
            _ => return Err(self.error("a column name is missing; names that are keywords need double quotes")),
        };
        self.step();
        Ok(name)
    }

    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |placed| &placed.token)
    }

    fn step(&mut self) {
        self.next = self.next.saturating_add(1);
    }

    /// Steps over the sign, if it comes next.
    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(next) if *next == sign);
        if found {
            self.step();
        }
        found
    }

    /// Steps over the keyword, if it comes next.
    fn keyword(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(next) if next.eq_ignore_ascii_case(keyword));
        if found {
            self.step();
        }
        found
    }

    fn expect_sign(&mut self, sign: &str) -> Result<()> {
        if self.sign(sign) { Ok(()) } else { Err(self.error(&format!("\"{sign}\" is missing"))) }
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<()> {
        if self.keyword(keyword) { Ok(()) } else { Err(self.error(&format!("{keyword} is missing"))) }
    }

    /// An error at the next token.
    #[cold]
    fn error(&self, message: &str) -> Error {
        error_at(self.sql, self.tokens.get(self.next).map_or(self.sql.len(), |placed| placed.position), message)
    }
}

impl Comparison {
    /// The comparison with its sides exchanged.
    fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }
}

fn joined(mut operands: Vec<Predicate>, join: fn(Vec<Predicate>) -> Predicate) -> Predicate {
    match operands.len() {
        1 => operands.pop().unwrap_or_else(|| join(Vec::new())),
        _ => join(operands),
    }
}

fn negated_if(negated: bool, predicate: Predicate) -> Predicate {
    if negated { Predicate::not(predicate) } else { predicate }
}
