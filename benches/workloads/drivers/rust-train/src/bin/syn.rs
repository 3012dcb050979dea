//! syn and proc-macro2: parses a text in Rust, argument 1 times.

use programs::number;
use syn::visit::{self, Visit};

const TEXT: &str = include_str!("graph.rs");
const MORE: &str = include_str!("glam.rs");

#[derive(Default)]
struct Counts {
    calls: usize,
    names: usize,
    letters: usize,
}

impl<'ast> Visit<'ast> for Counts {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.calls += 1;
        visit::visit_expr_method_call(self, call);
    }

    fn visit_ident(&mut self, name: &'ast syn::Ident) {
        self.names += 1;
        self.letters += name.to_string().len();
    }
}

fn main() {
    let mut counts = Counts::default();
    for _ in 0..number(1) {
        for text in [TEXT, MORE] {
            counts.visit_file(&syn::parse_file(text).expect("it is Rust"));
        }
    }
    println!("{} calls, {} names, {} letters", counts.calls, counts.names, counts.letters);
}
