//! Small kernels over numbers and iterators.

use programs::Noise;
use std::hint::black_box;

fn collatz(limit: u64) -> (u64, u32) {
    let steps = |start: u64| {
        let (mut x, mut count) = (start, 0u32);
        while x != 1 {
            x = if x % 2 == 0 { x / 2 } else { 3 * x + 1 };
            count += 1;
        }
        count
    };
    (1..limit).map(|start| (start, steps(start))).max_by_key(|&(_, steps)| steps).unwrap_or_default()
}

fn power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = (u128::from(result) * u128::from(base) % u128::from(modulus)) as u64;
        }
        base = (u128::from(base) * u128::from(base) % u128::from(modulus)) as u64;
        exponent >>= 1;
    }
    result
}

fn is_prime(n: u64) -> bool {
    let (mut odd, mut twos) = (n - 1, 0);
    while odd % 2 == 0 {
        odd /= 2;
        twos += 1;
    }
    [2, 3, 5, 7, 11].iter().all(|&witness| {
        let mut x = power(witness, odd, n);
        x == 1 || x == n - 1 || (1..twos).any(|_| {
            x = power(x, 2, n);
            x == n - 1
        })
    })
}

fn ackermann(m: u32, n: u32) -> u32 {
    match (m, n) {
        (0, n) => n + 1,
        (m, 0) => ackermann(m - 1, 1),
        (m, n) => ackermann(m - 1, ackermann(m, n - 1)),
    }
}

fn xorshift(rounds: u32) -> u32 {
    let (mut x, mut sum) = (2_463_534_242_u32, 0u32);
    for _ in 0..rounds {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        sum = sum.wrapping_add(x.count_ones() * (x.leading_zeros() + 1)).rotate_left(3);
    }
    sum
}

fn newton(rounds: u32) -> f64 {
    (1..rounds).map(f64::from).map(|x| (0..6).fold(x, |root, _| (root + x / root) * 0.5)).sum()
}

fn logistic(rounds: u32) -> f32 {
    let mut x = 0.31f32;
    let mut most = 0.0f32;
    for round in 0..rounds {
        x = 3.7 * x * (1.0 - x);
        most = most.max(x) - if round % 64 == 0 { 0.001 } else { 0.0 };
    }
    x + most
}

fn perfect(limit: u32) -> u32 {
    (2..limit).filter(|&n| (1..=n / 2).filter(|part| n % part == 0).sum::<u32>() == n).sum()
}

fn digits(limit: u32) -> u32 {
    (0..limit).filter(|&n| {
        let (mut rest, mut mirrored) = (n, 0);
        while rest > 0 {
            mirrored = mirrored * 10 + rest % 10;
            rest /= 10;
        }
        mirrored == n
    }).sum()
}

fn checked(rounds: i32) -> Option<i32> {
    let mut sum = 0i32;
    for round in 0..rounds {
        sum = sum.checked_add(round.checked_mul(3)? % 1001)?.saturating_sub(if round % 2 == 0 { 900 } else { 100 });
        sum = sum.rem_euclid(100_003);
    }
    Some(sum)
}

#[derive(Clone, Copy)]
enum Step {
    Push(i64),
    Add,
    Multiply,
    Swap,
    Repeat(usize),
    End,
}

fn machine(rounds: i64) -> i64 {
    let program = [Step::Push(1), Step::Push(rounds), Step::Push(3), Step::Multiply, Step::Add, Step::Push(7), Step::Swap, Step::Add, Step::Repeat(1), Step::End];
    let (mut stack, mut at, mut left) = (Vec::with_capacity(16), 0, rounds);
    loop {
        match program[at] {
            Step::Push(x) => stack.push(x),
            Step::Add => {
                let (a, b) = (stack.pop().unwrap_or(0), stack.pop().unwrap_or(0));
                stack.push(a.wrapping_add(b));
            }
            Step::Multiply => {
                let (a, b) = (stack.pop().unwrap_or(0), stack.pop().unwrap_or(0));
                stack.push(a.wrapping_mul(b));
            }
            Step::Swap => {
                let top = stack.len() - 1;
                stack.swap(top, top - 1);
            }
            Step::Repeat(to) => {
                left -= 1;
                if left > 0 {
                    at = to;
                    continue;
                }
            }
            Step::End => return stack.iter().sum(),
        }
        at += 1;
    }
}

fn main() {
    println!("{:?}", collatz(black_box(25_000)));
    println!("{}", (1_000_001u64..1_001_000).step_by(2).filter(|&n| is_prime(n)).count());
    println!("{}", ackermann(black_box(2), 180));
    println!("{}", xorshift(black_box(300_000)));
    println!("{:.6}", newton(black_box(20_000)));
    println!("{}", logistic(black_box(500_000)));
    println!("{}", perfect(black_box(1_500)));
    println!("{}", digits(black_box(100_000)));
    println!("{:?}", checked(black_box(300_000)));
    println!("{}", machine(black_box(40_000)));
    let mut noise = Noise(50);
    println!("{}", (0..300_000).map(|_| noise.next() >> 20).filter(|x| x % 3 == 1).map(u64::from).sum::<u64>());
}
