;; The alignment of an atomic access is tested before its bounds, even if the effective address has more than 64 bits.

(module
  (memory i64 1 1 shared)
  (func (export "load") (param i64) (result i32) (i32.atomic.load offset=0xffffffffffffffe3 (local.get 0)))
  (func (export "add") (param i64) (result i64)
    (i64.atomic.rmw.add offset=0xffffffffffffffe0 (local.get 0) (i64.const 1)))
  (func (export "notify") (param i64) (result i32)
    (memory.atomic.notify offset=0xffffffffffffffe3 (local.get 0) (i32.const 1))))

(assert_trap (invoke "load" (i64.const 0)) "unaligned atomic")
(assert_trap (invoke "load" (i64.const 64)) "unaligned atomic")
(assert_trap (invoke "load" (i64.const 65)) "out of bounds memory access")
(assert_trap (invoke "add" (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "add" (i64.const 36)) "unaligned atomic")
(assert_trap (invoke "add" (i64.const 64)) "out of bounds memory access")
(assert_trap (invoke "notify" (i64.const 64)) "unaligned atomic")
(assert_trap (invoke "notify" (i64.const 65)) "out of bounds memory access")
