//! Small kernels over slices, texts, lists and grids.

use programs::Noise;
use std::collections::VecDeque;
use std::hint::black_box;

fn insertion(list: &mut [u16]) {
    for end in 1..list.len() {
        let mut at = end;
        while at > 0 && list[at - 1] > list[at] {
            list.swap(at - 1, at);
            at -= 1;
        }
    }
}

fn merge(list: &mut Vec<u32>) {
    if list.len() < 2 {
        return;
    }
    let mut right = list.split_off(list.len() / 2);
    merge(list);
    merge(&mut right);
    let mut merged = Vec::with_capacity(list.len() + right.len());
    let (mut a, mut b) = (list.iter().peekable(), right.iter().peekable());
    while let (Some(&&x), Some(&&y)) = (a.peek(), b.peek()) {
        merged.push(if x <= y { a.next(); x } else { b.next(); y });
    }
    merged.extend(a);
    merged.extend(b);
    *list = merged;
}

fn common(a: &[u8], b: &[u8]) -> usize {
    let mut table = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            table[i + 1][j + 1] = if x == y { table[i][j] + 1 } else { table[i][j + 1].max(table[i + 1][j]) };
        }
    }
    table[a.len()][b.len()]
}

fn flood(side: usize, walls: &[bool]) -> usize {
    let mut far = vec![usize::MAX; side * side];
    let mut queue = VecDeque::from([(0usize, 0usize)]);
    far[0] = 0;
    while let Some((x, y)) = queue.pop_front() {
        for (dx, dy) in [(0i32, 1i32), (1, 0), (0, -1), (-1, 0)] {
            let (nx, ny) = (x as i32 + dx, y as i32 + dy);
            if nx < 0 || ny < 0 || nx as usize >= side || ny as usize >= side {
                continue;
            }
            let next = ny as usize * side + nx as usize;
            if !walls[next] && far[next] == usize::MAX {
                far[next] = far[y * side + x] + 1;
                queue.push_back((nx as usize, ny as usize));
            }
        }
    }
    far.iter().filter(|&&far| far != usize::MAX).sum()
}

fn transpose(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..matrix[0].len()).map(|column| matrix.iter().map(|row| row[column]).collect()).collect()
}

fn gauss(mut matrix: Vec<Vec<f64>>) -> f64 {
    let side = matrix.len();
    let mut determinant = 1.0;
    for column in 0..side {
        let pivot = (column..side).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs())).unwrap_or(column);
        matrix.swap(column, pivot);
        determinant *= matrix[column][column].signum();
        for row in column + 1..side {
            let factor = matrix[row][column] / matrix[column][column];
            for at in column..side {
                matrix[row][at] -= factor * matrix[column][at];
            }
        }
    }
    determinant * (0..side).map(|at| matrix[at][at].abs().ln()).sum::<f64>()
}

struct Node {
    key: u32,
    next: Option<Box<Node>>,
}

fn linked(count: u32) -> u64 {
    let mut list: Option<Box<Node>> = None;
    for key in 0..count {
        list = Some(Box::new(Node { key: key.wrapping_mul(2_654_435_761) >> 16, next: list }));
    }
    let mut mirrored = None;
    while let Some(mut node) = list {
        list = node.next.take();
        node.next = mirrored;
        mirrored = Some(node);
    }
    let (mut sum, mut at) = (0, &mirrored);
    while let Some(node) = at {
        sum = sum * 3 % 1_000_003 + u64::from(node.key);
        at = &node.next;
    }
    while let Some(node) = mirrored {
        mirrored = node.next;
    }
    sum
}

fn caesar(text: &str, by: u8) -> String {
    text.chars()
        .map(|letter| match letter {
            'a'..='z' => char::from((letter as u8 - b'a' + by) % 26 + b'a'),
            'A'..='Z' => char::from((letter as u8 - b'A' + by) % 26 + b'A'),
            other => other,
        })
        .collect()
}

fn lengths(bytes: &[u8]) -> Vec<(u8, u32)> {
    let mut runs: Vec<(u8, u32)> = Vec::new();
    for &byte in bytes {
        match runs.last_mut() {
            Some((last, count)) if *last == byte => *count += 1,
            _ => runs.push((byte, 1)),
        }
    }
    runs
}

trait Animal {
    fn speak(&mut self, by: u32) -> u32;
}

struct Dog(u32);
struct Cat(u32, u32);

impl Animal for Dog {
    fn speak(&mut self, by: u32) -> u32 {
        self.0 = self.0.wrapping_add(by);
        self.0 & 7
    }
}

impl Animal for Cat {
    fn speak(&mut self, by: u32) -> u32 {
        self.1 ^= by.rotate_left(self.0);
        self.1 % 5
    }
}

fn main() {
    let mut noise = Noise(51);
    let mut short: Vec<u16> = (0..1_500).map(|_| noise.next() as u16).collect();
    insertion(&mut short);
    let mut long: Vec<u32> = (0..20_000).map(|_| noise.next()).collect();
    merge(&mut long);
    println!("{} {} {} {}", short[700], short.is_sorted(), long[10_000], long.is_sorted());
    let mut more: Vec<(u32, u32)> = (0..10_000).map(|at| (noise.next() % 1000, at)).collect();
    more.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    more.dedup_by_key(|pair| pair.0);
    println!("{} {:?}", more.len(), more.binary_search_by(|pair| 500.cmp(&pair.0)));
    let text: Vec<u8> = (0..700).map(|_| b"acgt"[noise.next() as usize >> 30 & 3]).collect();
    println!("{}", common(&text[..400], &text[300..]));
    let walls: Vec<bool> = (0..100 * 100).map(|at| at > 0 && noise.next() % 4 == 0).collect();
    println!("{}", flood(100, &walls));
    let matrix: Vec<Vec<f64>> = (0..90).map(|_| (0..90).map(|_| f64::from(noise.next() >> 12) / 1e5).collect()).collect();
    println!("{:.6} {:.6}", gauss(transpose(&matrix)), gauss(matrix));
    println!("{}", linked(black_box(60_000)));
    let text = caesar(&"The quick brown fox, Jumps over the lazy dog. ".repeat(1_000), 13);
    println!("{} {}", text.matches("qbt").count(), text.split_whitespace().rev().map(str::len).sum::<usize>());
    let runs = lengths(&(0..80_000).map(|_| (noise.next() >> 30) as u8).collect::<Vec<_>>());
    println!("{} {:?}", runs.len(), runs.iter().max_by_key(|run| run.1));
    let mut animals: Vec<Box<dyn Animal>> = (0..50).map(|n| if n % 3 == 0 { Box::new(Dog(n)) as Box<dyn Animal> } else { Box::new(Cat(n % 31, n)) }).collect();
    println!("{}", (0..3_000).map(|round| animals.iter_mut().map(|animal| animal.speak(round)).sum::<u32>()).sum::<u32>());
    let windows: u32 = long.windows(3).filter(|part| part[1] - part[0] > part[2] - part[1]).map(|part| part[1] & 3).sum();
    let chunks: u64 = long.chunks(7).zip(long.iter().rev()).map(|(part, &x)| part.iter().map(|&y| u64::from(y ^ x)).max().unwrap_or(0)).sum();
    println!("{windows} {chunks}");
}
