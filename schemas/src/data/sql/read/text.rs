//! From text to the parser's tree. The text is first cut into tokens, and only tokens of a list go on: what could lead the parser
//! into its rare corners (and into deep ones) never reaches it. Knows nothing of forms.

use sqlparser::ast;
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::super::fault::{Shown, SqlFault};
use super::super::{DEEPEST, LONGEST_STATEMENT};

/// Tokens of a statement: an `IN` of as many texts as there may be nodes has two for each.
const MOST_TOKENS: usize = 4_096;
/// Of the parser, which takes some steps more than there are levels of ours. Each takes some 10 KiB of the stack.
const PARSER_DEPTH: usize = DEEPEST + 8;
/// Characters of a name.
const LONGEST_NAME: usize = 63;

/// Words that begin something that is not taken, so that the refusal names it. As names they are written in quotes.
const REFUSED: &[Keyword] = &[
    Keyword::ALTER,
    Keyword::ANALYZE,
    Keyword::ANTI,
    Keyword::ANY,
    Keyword::APPLY,
    Keyword::ARRAY,
    Keyword::ASOF,
    Keyword::ATTACH,
    Keyword::BEGIN,
    Keyword::CALL,
    Keyword::CEIL,
    Keyword::CLUSTER,
    Keyword::COLLATE,
    Keyword::COMMIT,
    Keyword::CONNECT,
    Keyword::CONVERT,
    Keyword::COPY,
    Keyword::CREATE,
    Keyword::CUBE,
    Keyword::CURRENT_DATE,
    Keyword::CURRENT_TIME,
    Keyword::CURRENT_TIMESTAMP,
    Keyword::DECLARE,
    Keyword::DEFAULT,
    Keyword::DISTRIBUTE,
    Keyword::DROP,
    Keyword::EXCEPT,
    Keyword::EXECUTE,
    Keyword::EXISTS,
    Keyword::EXPLAIN,
    Keyword::EXTRACT,
    Keyword::FETCH,
    Keyword::FILTER,
    Keyword::FLOOR,
    Keyword::FULL,
    Keyword::GLOB,
    Keyword::GRANT,
    Keyword::GROUPING,
    Keyword::ILIKE,
    Keyword::INTERSECT,
    Keyword::INTERVAL,
    Keyword::JSON_TABLE,
    Keyword::LATERAL,
    Keyword::LOCALTIME,
    Keyword::LOCALTIMESTAMP,
    Keyword::MATCH,
    Keyword::MATCH_RECOGNIZE,
    Keyword::MERGE,
    Keyword::MINUS,
    Keyword::NATURAL,
    Keyword::OPENJSON,
    Keyword::OVER,
    Keyword::OVERLAPS,
    Keyword::OVERLAY,
    Keyword::PARTITION,
    Keyword::PIVOT,
    Keyword::PRAGMA,
    Keyword::PREPARE,
    Keyword::PREWHERE,
    Keyword::QUALIFY,
    Keyword::RECURSIVE,
    Keyword::REGEXP,
    Keyword::REPLACE,
    Keyword::RETURNING,
    Keyword::REVOKE,
    Keyword::RIGHT,
    Keyword::RLIKE,
    Keyword::ROLLBACK,
    Keyword::ROLLUP,
    Keyword::SAFE_CAST,
    Keyword::SEMI,
    Keyword::SIMILAR,
    Keyword::SOME,
    Keyword::SORT,
    Keyword::STRUCT,
    Keyword::TABLE,
    Keyword::TABLESAMPLE,
    Keyword::TRUNCATE,
    Keyword::TRY_CAST,
    Keyword::UNION,
    Keyword::UNNEST,
    Keyword::UNPIVOT,
    Keyword::USING,
    Keyword::VACUUM,
    Keyword::WINDOW,
    Keyword::WITH,
    Keyword::WITHIN,
    Keyword::XMLTABLE,
    Keyword::XOR,
];

/// Names in ASCII, quoted by `"` alone; everything else as the parser's dialects have it by themselves.
#[derive(Debug)]
struct Ours;

impl Dialect for Ours {
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_ascii_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_ascii_alphanumeric() || ch == '_'
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }
}

/// The one statement of a text.
pub(super) fn statement(sql: &str) -> Result<ast::Statement, SqlFault> {
    parse(sql, |parser| parser.parse_statement())
}

/// A condition, as it stands after WHERE.
pub(super) fn condition(sql: &str) -> Result<ast::Expr, SqlFault> {
    parse(sql, |parser| parser.parse_expr())
}

fn parse<T>(sql: &str, by: impl Fn(&mut Parser<'_>) -> Result<T, ParserError>) -> Result<T, SqlFault> {
    let tokens = tokens(sql)?;
    let end = tokens.last().map_or(Location { line: 1, column: 1 }, |token| token.span.end);
    let mut parser = Parser::new(&Ours).with_recursion_limit(PARSER_DEPTH).with_tokens_with_locations(tokens);
    let tree = by(&mut parser).map_err(|fault| match fault {
        ParserError::RecursionLimitExceeded => SqlFault::TooLarge("a statement is nested 32 deep at most"),
        // Their texts repeat what was read.
        ParserError::ParserError(_) | ParserError::TokenizerError(_) => match parser.peek_token_ref() {
            // Behind the last.
            TokenWithSpan { span, .. } if span.start.line == 0 => syntax(end),
            next => syntax(next.span.start),
        },
    })?;
    let next = parser.peek_token_ref();
    if next.token == Token::EOF { Ok(tree) } else { Err(syntax(next.span.start)) }
}

fn syntax(at: Location) -> SqlFault {
    SqlFault::Syntax { line: at.line, column: at.column }
}

/// What means something, in order. Comments and a semicolon at the end do not.
fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, SqlFault> {
    if sql.len() > LONGEST_STATEMENT {
        return Err(SqlFault::TooLarge("a statement has 16,384 bytes at most"));
    }
    if sql.contains('\0') {
        return Err(SqlFault::Construct("a NUL character"));
    }
    let mut tokenizer = Tokenizer::new(&Ours, sql);
    let all = tokenizer.tokenize_with_location().map_err(|fault| syntax(fault.location))?;
    let end = all.last().map_or(Location { line: 1, column: 1 }, |token| token.span.end);
    let mut tokens: Vec<_> = all.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    while tokens.last().is_some_and(|last| matches!(last.token, Token::SemiColon | Token::EOF)) {
        tokens.pop();
    }
    if tokens.is_empty() {
        return Err(syntax(end));
    }
    if tokens.len() > MOST_TOKENS {
        return Err(SqlFault::TooLarge("a statement has 4,096 words and signs at most"));
    }
    let mut open = 0_usize;
    for token in &tokens {
        match &token.token {
            Token::LParen => open += 1,
            Token::RParen => open = open.saturating_sub(1),
            _ => {}
        }
        if open > DEEPEST {
            return Err(SqlFault::TooLarge("a statement is nested 32 deep at most"));
        }
        allowed(&token.token)?;
    }
    Ok(tokens)
}

fn allowed(token: &Token) -> Result<(), SqlFault> {
    let refused = match token {
        Token::Word(word) => match word.quote_style {
            Some('"') | None if word.value.is_empty() || word.value.chars().count() > LONGEST_NAME => {
                return Err(SqlFault::TooLarge("a name has 1 to 63 characters"));
            }
            Some('"') if word.value.chars().any(char::is_control) => "a name with a control character",
            Some('"') => return Ok(()),
            None if REFUSED.contains(&word.keyword) => {
                return Err(SqlFault::Word(Shown::new(&word.value.to_ascii_uppercase())));
            }
            None => return Ok(()),
            Some(_) => "a name in other quotes than \"",
        },
        Token::Number(digits, false) if digits.bytes().all(|byte| byte.is_ascii_digit()) => return Ok(()),
        Token::Number(..) => "a number that is not whole",
        Token::SingleQuotedString(_)
        | Token::Comma
        | Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::Gt
        | Token::LtEq
        | Token::GtEq
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod
        | Token::StringConcat
        | Token::LParen
        | Token::RParen
        | Token::Period => return Ok(()),
        Token::SemiColon => "more than one statement",
        Token::Placeholder(_) | Token::Question | Token::AtSign | Token::Colon => "a parameter",
        Token::DoubleColon => "a cast by ::",
        Token::NationalStringLiteral(_) => "a national text",
        Token::HexStringLiteral(_) => "a hexadecimal text",
        Token::DollarQuotedString(_) => "a text in dollar quotes",
        Token::EscapedStringLiteral(_) | Token::UnicodeStringLiteral(_) => "a text with escapes",
        Token::LBracket | Token::RBracket | Token::LBrace | Token::RBrace => "a bracket that is not round",
        Token::Tilde | Token::TildeAsterisk | Token::ExclamationMarkTilde | Token::ExclamationMarkTildeAsterisk => {
            "a regular expression"
        }
        Token::Ampersand | Token::Pipe | Token::Caret | Token::ShiftLeft | Token::ShiftRight => "arithmetic of bits",
        _ => "a sign of another SQL",
    };
    Err(SqlFault::Construct(refused))
}
