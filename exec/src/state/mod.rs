//! What a running program is: registers, a value stack with its frames, and the instances with all that they hold.

pub(crate) mod collect;
pub(crate) mod crossing;
pub(crate) mod exception;
pub(crate) mod frames;
pub(crate) mod global;
pub(crate) mod heap;
pub(crate) mod held;
pub(crate) mod instance;
pub(crate) mod memory;
pub(crate) mod pages;
pub(crate) mod record;
pub(crate) mod registers;
pub(crate) mod shared;
pub(crate) mod stack;
pub(crate) mod table;
pub(crate) mod trap;
pub(crate) mod turns;
pub(crate) mod vm;
pub(crate) mod watch;
