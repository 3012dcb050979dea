;; Signatures of shapes collided: `popcnt (popcnt local)` had that of `ctz local`, so its handler ran.
(module
  (func (export "popcnt-popcnt") (param i32) (result i32) (i32.popcnt (i32.popcnt (local.get 0))))
  (func (export "ctz-popcnt") (param i32) (result i32) (i32.ctz (i32.popcnt (local.get 0)))))
(assert_return (invoke "popcnt-popcnt" (i32.const 0)) (i32.const 0))
(assert_return (invoke "popcnt-popcnt" (i32.const 7)) (i32.const 2))
(assert_return (invoke "ctz-popcnt" (i32.const 0)) (i32.const 32))
(assert_return (invoke "ctz-popcnt" (i32.const 15)) (i32.const 2))
