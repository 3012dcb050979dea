//! Code written by hand, right and wrong, for each kind of event and each way of losing a value.

mod assembler;
mod events;
mod exceptions;
mod flow;
mod shuffles;
mod values;
mod vectors;
mod wide;
