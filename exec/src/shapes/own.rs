//! The shapes that whoever builds this asks for: `build.rs` makes the list.

#![allow(unused_imports, reason = "which of them are in the list is not known here")]

use super::list::{I, R, S, Shapes};
use crate::handlers::bulk::*;
use crate::handlers::control::{
    self, Br, BrTable, Call, CallIndirect, Copy, ReturnCall, ReturnCallIndirect, Unreachable, Zero,
};
use crate::handlers::expr::*;
use crate::handlers::lanes::*;
use crate::handlers::seq::{Repeat, Seq};
use crate::handlers::stmt::*;
use crate::vector::V128;

include!(concat!(env!("OUT_DIR"), "/own_shapes.rs"));
