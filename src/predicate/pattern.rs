//! Patterns of LIKE, matched against bytes.

use std::fmt;

use super::verdict::Verdict;
use crate::error::{Error, Result};
use crate::simd::TextFinder;

/// A pattern. What it matches depends on whether `_` stands for a character or a byte.
#[derive(Debug)]
pub(super) struct Pattern {
    tokens: Vec<Token>,
    /// The bytes before the first wildcard.
    beginning: Vec<u8>,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Byte(u8),
    /// `_`
    AnyCharacter,
    /// `%`
    AnyText,
}

/// Patterns that can be matched without looking at the tokens.
#[derive(Debug)]
enum Shape {
    /// No wildcard.
    Exact,
    /// The beginning, then any text.
    Prefix,
    /// Any text, then this.
    Suffix(Vec<u8>),
    /// This between any text.
    Contains(Box<TextFinder>),
    Other,
}

/// What `_` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A character of UTF-8.
    Character,
    /// A byte.
    Byte,
}

impl Pattern {
    /// What begins with `prefix`.
    pub(super) fn prefix(prefix: &str) -> Self {
        Self::new(prefix.bytes().map(Token::Byte).chain([Token::AnyText]).collect())
    }

    /// The pattern of LIKE. After `escape` a wildcard or `escape` itself stands for itself.
    pub(super) fn like(text: &str, escape: Option<char>) -> Result<Self> {
        let mut tokens = Vec::with_capacity(text.len());
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                escaping if Some(escaping) == escape => match characters.next() {
                    Some(next) if matches!(next, '%' | '_') || Some(next) == escape => push(&mut tokens, next),
                    _ => return Err(stray_escape(text, escaping)),
                },
                '%' => tokens.push(Token::AnyText),
                '_' => tokens.push(Token::AnyCharacter),
                other => push(&mut tokens, other),
            }
        }
        tokens.dedup_by(|a, b| *a == Token::AnyText && *b == Token::AnyText);
        Ok(Self::new(tokens))
    }

    fn new(tokens: Vec<Token>) -> Self {
        let beginning: Vec<u8> = tokens.iter().map_while(|token| token.byte()).collect();
        let inner = |tokens: &[Token]| tokens.iter().map(|token| token.byte()).collect::<Option<Vec<u8>>>();
        let shape = match &*tokens {
            whole if whole.len() == beginning.len() => Shape::Exact,
            [first @ .., Token::AnyText] if first.len() == beginning.len() => Shape::Prefix,
            [Token::AnyText, middle @ .., Token::AnyText] if inner(middle).is_some() => {
                Shape::Contains(Box::new(TextFinder::new(&inner(middle).unwrap_or_default())))
            }
            [Token::AnyText, rest @ ..] => inner(rest).map_or(Shape::Other, Shape::Suffix),
            _ => Shape::Other,
        };
        Self { tokens, beginning, shape }
    }

    /// Whether the whole of `text` matches.
    pub(super) fn matches(&self, text: &[u8], unit: Unit) -> bool {
        match &self.shape {
            Shape::Exact => text == &*self.beginning,
            Shape::Prefix => text.starts_with(&self.beginning),
            Shape::Suffix(suffix) => text.ends_with(suffix),
            Shape::Contains(finder) => finder.find(text).is_some(),
            Shape::Other => text.starts_with(&self.beginning) && matches(&self.tokens, text, unit),
        }
    }

    /// What a value has to contain to match, where that is all that is asked for.
    pub(super) fn contained(&self) -> Option<&TextFinder> {
        match &self.shape {
            Shape::Contains(finder) => Some(finder),
            _ => None,
        }
    }

    /// What can be said of values that lie between bounds.
    pub(super) fn verdict(&self, min: Option<&[u8]>, max: Option<&[u8]>) -> Verdict {
        let begins = |bound: Option<&[u8]>| bound.is_some_and(|bound| bound.starts_with(&self.beginning));
        let all_begin = self.beginning.is_empty() || (begins(min) && begins(max));
        let is_below = max.is_some_and(|max| max < &*self.beginning);
        let is_above = min.is_some_and(|min| min > &*self.beginning) && !begins(min);
        let certain = match &self.shape {
            Shape::Prefix => all_begin,
            Shape::Exact => min == max && min == Some(&*self.beginning),
            _ => false,
        };
        let beyond = matches!(self.shape, Shape::Exact) && min.is_some_and(|min| min > &*self.beginning);
        Verdict::new(!is_below && !is_above && !beyond, certain)
    }
}

impl Token {
    fn byte(self) -> Option<u8> {
        match self {
            Self::Byte(byte) => Some(byte),
            Self::AnyCharacter | Self::AnyText => None,
        }
    }
}

fn push(tokens: &mut Vec<Token>, character: char) {
    tokens.extend(character.encode_utf8(&mut [0; 4]).bytes().map(Token::Byte));
}

#[cold]
fn stray_escape(text: &str, escape: char) -> Error {
    Error::invalid_argument(format!(
        "pattern '{text}': after '{escape}' there has to be '%', '_' or '{escape}', which then stands for itself"
    ))
}

/// Goes along text and tokens together, and back to one character after the last `%` where they part. As no `%` has to
/// be tried again once a later one is reached, the time is at most text times tokens.
fn matches(tokens: &[Token], text: &[u8], unit: Unit) -> bool {
    let (mut tokens, mut text) = (tokens, text);
    // Where to go on after a mismatch: the tokens after the last `%`, and the text that it does not cover yet.
    let mut retry: Option<(&[Token], &[u8])> = None;
    loop {
        let step = match (tokens, text) {
            ([], []) => return true,
            ([Token::AnyText, rest @ ..], _) => {
                retry = Some((rest, text));
                Some((rest, text))
            }
            ([Token::Byte(wanted), rest @ ..], [byte, behind @ ..]) if wanted == byte => Some((rest, behind)),
            ([Token::AnyCharacter, rest @ ..], [_, ..]) => Some((rest, after_one(text, unit))),
            _ => None,
        };
        (tokens, text) = match (step, retry) {
            (Some(next), _) => next,
            (None, Some((after, covered))) if !covered.is_empty() => {
                let left = after_one(covered, unit);
                retry = Some((after, left));
                (after, left)
            }
            (None, _) => return false,
        };
    }
}

/// The text without its first character or byte.
fn after_one(text: &[u8], unit: Unit) -> &[u8] {
    let length = match (unit, text.first()) {
        (Unit::Character, Some(0xc0..=0xdf)) => 2,
        (Unit::Character, Some(0xe0..=0xef)) => 3,
        (Unit::Character, Some(0xf0..)) => 4,
        _ => 1,
    };
    text.get(length..).unwrap_or_default()
}

/// As a literal of SQL.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::new();
        for token in &self.tokens {
            match token {
                Token::Byte(byte @ (b'%' | b'_' | b'\\')) => bytes.extend([b'\\', *byte]),
                Token::Byte(b'\'') => bytes.extend(b"''"),
                Token::Byte(byte) => bytes.push(*byte),
                Token::AnyCharacter => bytes.push(b'_'),
                Token::AnyText => bytes.push(b'%'),
            }
        }
        write!(f, "'{}'", String::from_utf8_lossy(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::testing::Random;

    fn like(pattern: &str, text: &str) -> bool {
        Pattern::like(pattern, Some('\\')).unwrap().matches(text.as_bytes(), Unit::Character)
    }

    #[test]
    fn wildcards_stand_for_text_and_characters() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("%%", "größe", true),
            ("_", "ö", true),
            ("_", "", false),
            ("__", "ö", false),
            ("gr__e", "größe", true),
            ("%_e", "größe", true),
            ("a%b%c", "a--b-b--c", true),
            ("a%b%c", "a--b-b--cd", false),
            ("%b_%", "abc", true),
            ("%b_%", "ab", false),
            ("%abab", "ababab", true),
            ("%a_a_b", "aaaaaaaab", true),
            ("a\\%", "a%", true),
            ("a\\%", "ab", false),
            ("\\_\\\\%", "_\\x", true),
            ("%🦀%", "a🦀b", true),
            ("_🦀_", "a🦀b", true),
        ] {
            assert_eq!(like(pattern, text), expected, "'{text}' LIKE '{pattern}'");
        }
        let bytes = Pattern::like("a__", None).unwrap();
        assert!(bytes.matches("aö".as_bytes(), Unit::Byte) && !bytes.matches("aö".as_bytes(), Unit::Character));
        assert!(Pattern::like("a!%", Some('!')).unwrap().matches(b"a%", Unit::Byte));
    }

    #[test]
    fn stray_escapes_are_refused() {
        for pattern in ["a\\", "\\a", "%\\"] {
            assert!(Pattern::like(pattern, Some('\\')).is_err(), "{pattern}");
        }
        assert!(Pattern::like("\\a\\", None).unwrap().matches(b"\\a\\", Unit::Character));
    }

    #[test]
    fn patterns_are_shown_as_they_are_written() {
        for pattern in ["", "a%b_", "\\%\\_\\\\", "%x%"] {
            assert_eq!(Pattern::like(pattern, Some('\\')).unwrap().to_string(), format!("'{pattern}'"));
        }
    }

    /// By the definition, one token at a time.
    fn slow(tokens: &[Token], text: &[char]) -> bool {
        match (tokens.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((Token::AnyText, rest)), None) => slow(rest, text),
            (Some((Token::AnyText, rest)), Some((_, behind))) => slow(rest, text) || slow(tokens, behind),
            (Some((Token::AnyCharacter, rest)), Some((_, behind))) => slow(rest, behind),
            (Some((Token::Byte(byte), rest)), Some((found, behind))) => {
                char::from(*byte) == *found && slow(rest, behind)
            }
            (Some(_), None) => false,
        }
    }

    #[test]
    fn random_patterns_match_as_defined_and_bounds_agree() {
        let mut random = Random::new(7);
        for _ in 0..20_000 {
            let letters = |random: &mut Random, all: &[char], most| -> String {
                (0..random.below(most)).map(|_| random.pick(all)).collect()
            };
            let pattern = Pattern::like(&letters(&mut random, &['a', 'b', '%', '_'], 7), None).unwrap();
            let mut texts: Vec<String> = (0..3).map(|_| letters(&mut random, &['a', 'b'], 8)).collect();
            texts.sort();
            let [low, text, high] = &texts[..] else { panic!("three texts") };
            let characters: Vec<char> = text.chars().collect();
            let matched = pattern.matches(text.as_bytes(), Unit::Character);
            assert_eq!(matched, slow(&pattern.tokens, &characters), "'{text}' LIKE {pattern}");
            let bound = |random: &mut Random, text: &'_ str| random.percent(80).then(|| text.as_bytes().to_vec());
            let (min, max) = (bound(&mut random, low), bound(&mut random, high));
            let verdict = pattern.verdict(min.as_deref(), max.as_deref());
            let contradicted = if matched { Verdict::None } else { Verdict::All };
            assert_ne!(verdict, contradicted, "'{text}' LIKE {pattern} between {min:?} and {max:?}");
        }
    }
}
