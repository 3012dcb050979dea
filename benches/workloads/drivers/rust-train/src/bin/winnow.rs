//! winnow: parses and computes arithmetic of argument 1 lines, argument 2 times.

use programs::{Noise, number};
use std::fmt::Write;
use winnow::ascii::{digit1, space0};
use winnow::combinator::{alt, delimited, preceded, repeat};
use winnow::prelude::*;
use winnow::token::one_of;

fn spaced<'a>(sign: impl Fn(char) -> bool + Copy) -> impl ModalParser<&'a str, char, winnow::error::ContextError> {
    delimited(space0, one_of(move |letter| sign(letter)), space0)
}

fn factor(input: &mut &str) -> ModalResult<i64> {
    alt((
        delimited(space0, digit1.try_map(str::parse), space0),
        delimited(('(', space0), sum, (space0, ')')),
        preceded('-', factor).map(i64::wrapping_neg),
    ))
    .parse_next(input)
}

fn product(input: &mut &str) -> ModalResult<i64> {
    let first = factor(input)?;
    repeat(0.., (spaced(|sign| sign == '*' || sign == '%'), factor))
        .fold(move || first, |left: i64, (sign, right): (char, i64)| {
            if sign == '*' { left.wrapping_mul(right) } else { left.wrapping_rem(right | 1) }
        })
        .parse_next(input)
}

fn sum(input: &mut &str) -> ModalResult<i64> {
    let first = product(input)?;
    repeat(0.., (spaced(|sign| sign == '+' || sign == '-'), product))
        .fold(move || first, |left: i64, (sign, right): (char, i64)| {
            if sign == '+' { left.wrapping_add(right) } else { left.wrapping_sub(right) }
        })
        .parse_next(input)
}

fn main() {
    let mut noise = Noise(10);
    let mut text = String::new();
    for _ in 0..number(1) {
        let (a, b, c) = (noise.next() % 1000, noise.next() % 100, noise.next());
        let _ = writeln!(text, "(({a} + {b}) * {c} - -{b}) % 1009 + {a}*(({c}-{a})%{b} + 7) - (1 + (2 + (3 + {b})))");
    }
    let mut total = 0i64;
    for _ in 0..number(2) {
        for line in text.lines() {
            total = total.wrapping_mul(31).wrapping_add(sum.parse(line).expect("it is valid"));
        }
    }
    println!("{} bytes, {total}", text.len());
}
