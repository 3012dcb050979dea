//! batsat: argument 1 pigeons in a hole less, a sudoku, and random formulas of argument 2 variables.

use batsat::{BasicSolver, Lit, SolverInterface, lbool};
use programs::{Noise, number};

struct Formula(BasicSolver, Vec<Lit>);

impl Formula {
    fn new(variables: usize) -> Self {
        let mut solver = BasicSolver::default();
        let positive = (0..variables).map(|_| Lit::new(solver.new_var_default(), true)).collect();
        Self(solver, positive)
    }

    fn clause(&mut self, literals: &[(usize, bool)]) {
        let mut literals = literals.iter().map(|&(index, sign)| if sign { self.1[index] } else { !self.1[index] }).collect();
        self.0.add_clause_reuse(&mut literals);
    }

    fn solve(&mut self) -> bool {
        self.0.solve_limited(&[]) == lbool::TRUE
    }
}

fn pigeons(count: usize) -> bool {
    let holes = count - 1;
    let mut formula = Formula::new(count * holes);
    for pigeon in 0..count {
        formula.clause(&(0..holes).map(|hole| (pigeon * holes + hole, true)).collect::<Vec<_>>());
        for other in 0..pigeon {
            (0..holes).for_each(|hole| formula.clause(&[(pigeon * holes + hole, false), (other * holes + hole, false)]));
        }
    }
    formula.solve()
}

fn sudoku(given: &str) -> String {
    let mut formula = Formula::new(729);
    let cell = |row: usize, column: usize, digit: usize| row * 81 + column * 9 + digit;
    for a in 0..9 {
        for b in 0..9 {
            let groups: [Vec<usize>; 4] = [
                (0..9).map(|c| cell(a, b, c)).collect(),
                (0..9).map(|c| cell(a, c, b)).collect(),
                (0..9).map(|c| cell(c, a, b)).collect(),
                (0..9).map(|c| cell(a / 3 * 3 + c / 3, a % 3 * 3 + c % 3, b)).collect(),
            ];
            for group in groups {
                formula.clause(&group.iter().map(|&index| (index, true)).collect::<Vec<_>>());
                for (at, &one) in group.iter().enumerate() {
                    group[..at].iter().for_each(|&other| formula.clause(&[(one, false), (other, false)]));
                }
            }
        }
    }
    for (at, digit) in given.bytes().enumerate().filter(|(_, digit)| digit.is_ascii_digit()) {
        formula.clause(&[(at * 9 + usize::from(digit - b'1'), true)]);
    }
    assert!(formula.solve(), "it has a solution");
    let digit = |at: usize| (0..9).find(|digit| formula.0.value_lit(formula.1[at * 9 + digit]) == lbool::TRUE);
    (0..81).map(|at| digit(at).map_or('?', |digit| (b'1' + digit as u8) as char)).collect()
}

fn main() {
    println!("{}", pigeons(number(1)));
    println!("{}", sudoku("8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4.."));
    let mut noise = Noise(32);
    let variables = number(2);
    let satisfied = (0..8).map(|_| {
        let mut formula = Formula::new(variables);
        for _ in 0..variables * 21 / 5 {
            let mut some = || (noise.next() as usize % variables, noise.next() >> 31 == 0);
            let clause = [some(), some(), some()];
            formula.clause(&clause);
        }
        formula.solve()
    });
    println!("{:?}", satisfied.collect::<Vec<_>>());
}
