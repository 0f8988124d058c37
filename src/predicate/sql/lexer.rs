//! SQL text cut into words, numbers, strings and signs.

use crate::error::{Error, Result};

/// A piece of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or keyword without quotes, as it is written.
    Word(String),
    /// A name in quotes.
    Quoted(String),
    /// Digits, perhaps with a point and an exponent.
    Number(String),
    /// 'text'
    Text(String),
    /// X'0aff'
    Bytes(Vec<u8>),
    /// A sign of one or two characters.
    Sign(&'static str),
    End,
}

/// A token and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub token: Token,
    /// Byte offset in the text.
    pub position: usize,
}

/// The longer ones first.
const SIGNS: [&str; 15] = ["<=", ">=", "<>", "!=", "==", "=", "<", ">", "(", ")", ",", ".", "+", "-", ";"];

/// An error that shows where in `sql` it is.
#[cold]
pub(super) fn error_at(sql: &str, position: usize, message: &str) -> Error {
    let before = sql.get(..position).unwrap_or(sql);
    let character = before.chars().count().saturating_add(1);
    let rest: String = sql.get(position..).unwrap_or_default().chars().take(20).collect();
    let near = if rest.is_empty() { "at the end".to_owned() } else { format!("before \"{rest}\"") };
    Error::invalid_argument(format!("SQL, character {character}, {near}: {message}"))
}

/// All tokens, the last one [`Token::End`].
pub(super) fn tokens(sql: &str) -> Result<Vec<Placed>> {
    let mut lexer = Lexer { sql, rest: sql };
    let mut tokens = Vec::new();
    loop {
        lexer.rest = lexer.rest.trim_start();
        let position = lexer.position();
        let token = lexer.token()?;
        let is_end = token == Token::End;
        tokens.push(Placed { token, position });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    sql: &'a str,
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    fn position(&self) -> usize {
        self.sql.len().saturating_sub(self.rest.len())
    }

    fn token(&mut self) -> Result<Token> {
        let Some(first) = self.rest.chars().next() else { return Ok(Token::End) };
        let second = self.rest.chars().nth(1);
        match first {
            '\'' => self.quoted('\'').map(Token::Text),
            '"' | '`' => self.quoted(first).map(Token::Quoted),
            'x' | 'X' if second == Some('\'') => self.bytes(),
            '0'..='9' => self.number(),
            '.' if second.is_some_and(|second| second.is_ascii_digit()) => self.number(),
            first if is_word(first) => Ok(Token::Word(self.take_while(is_word).to_owned())),
            _ => {
                let sign = SIGNS.into_iter().find(|sign| self.rest.starts_with(sign));
                let sign = sign.ok_or_else(|| self.error("a character that means nothing here"))?;
                self.rest = self.rest.get(sign.len()..).unwrap_or_default();
                Ok(Token::Sign(sign))
            }
        }
    }

    /// The text between quotes; a doubled quote stands for one.
    fn quoted(&mut self, quote: char) -> Result<String> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1).peekable();
        while let Some((at, character)) = characters.next() {
            if character != quote {
                text.push(character);
            } else if characters.next_if(|(_, next)| *next == quote).is_some() {
                text.push(quote);
            } else {
                self.rest = self.rest.get(at.saturating_add(1)..).unwrap_or_default();
                return Ok(text);
            }
        }
        Err(self.error("the quote is never closed"))
    }

    fn bytes(&mut self) -> Result<Token> {
        let start = self.rest;
        self.rest = self.rest.get(1..).unwrap_or_default();
        let digits = self.quoted('\'')?;
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
        let byte = |[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
        let bytes = pairs.iter().map(byte).collect::<Option<Vec<u8>>>().filter(|_| odd.is_empty());
        bytes.map(Token::Bytes).ok_or_else(|| {
            self.rest = start;
            self.error("X'...' has two hexadecimal digits for each byte")
        })
    }

    fn number(&mut self) -> Result<Token> {
        let start = self.rest;
        self.take_while(|character| character.is_ascii_digit());
        if let Some(fraction) = self.rest.strip_prefix('.') {
            self.rest = fraction;
            self.take_while(|character| character.is_ascii_digit());
        }
        if let Some(exponent) = self.rest.strip_prefix(['e', 'E']) {
            self.rest = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if self.take_while(|character| character.is_ascii_digit()).is_empty() {
                return Err(self.error("an exponent needs digits"));
            }
        }
        if self.rest.starts_with(is_word) {
            return Err(self.error("a number ends before this"));
        }
        let length = start.len().saturating_sub(self.rest.len());
        Ok(Token::Number(start.get(..length).unwrap_or_default().to_owned()))
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !wanted(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    #[cold]
    fn error(&self, message: &str) -> Error {
        error_at(self.sql, self.position(), message)
    }
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}
