;; Counts ones by clearing the lowest, of all numbers below the parameter.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $x i32) (local $count i32)
    (loop $outer
      (local.set $x (local.get $n))
      (loop $inner
        (local.set $x (i32.and (local.get $x) (i32.sub (local.get $x) (i32.const 1))))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br_if $inner (local.get $x)))
      (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_u (local.get $count))))
