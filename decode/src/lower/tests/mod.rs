//! Tests of lowering's rules, object by object, on a machine that has the handlers a test gives it.

mod accumulators;
mod arena;
mod blocks;
mod carried;
mod definite;
mod emit;
mod exceptions;
mod fit;
mod if_conversion;
mod loops;
mod machine;
mod metering;
mod operands;
mod places;
mod references;
mod shuffles;
mod statement;
mod temporaries;
mod transfer;
mod vectors;
mod wide;
