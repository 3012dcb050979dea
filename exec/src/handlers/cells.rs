//! Cells with operands of their own: what [`crate::handlers::control`], [`crate::handlers::bulk`] and
//! [`crate::handlers::fuel`] are written with.

/// `Stmt` for a cell with operands of its own; the body gets the machine, the operands and the operands' place. Behind `or`
/// stands the handler to which it delegates.
macro_rules! define_cell {
    ($(#[$doc:meta])* $name:ident |$m:ident, $operands:pat_param, $at:ident| $body:block $(or $other:expr)?) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl Stmt for $name {
            type Best = Self;
            const LEN: usize = cell::$name::LEN;
            const SIG: Sig = sig::cell(cell::$name::CELL);
            const DELEGATES: bool = {
                const OTHERS: &[&str] = &[$(stringify!($other))?];
                !OTHERS.is_empty()
            };
            const SHAPE: &'static pirn_decode::shape::Shape = &pirn_decode::shape::Shape::Cell(cell::$name::CELL);

            #[inline(always)]
            #[allow(unused_variables, reason = "not every cell needs everything")]
            unsafe fn run($m: &mut Registers, $at: At) -> Flow {
                // SAFETY: `run` asks for I6, and for operands that `encode` of the same struct wrote (I3): so the
                // slots, the instance's words and the targets that they name exist, and hold what the cell expects
                // there.
                unsafe {
                    let $operands = cell::$name::decode($m.operands($at.operands));
                    $body
                }
            }

            $(#[inline(always)]
            fn other() -> crate::handlers::dispatch::Handler {
                $other
            })?
        }
    };
}
pub(crate) use define_cell;
