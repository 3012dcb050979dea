;; Greatest common divisors of all numbers below the parameter and 46,368.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $a i32) (local $b i32) (local $rest i32) (local $sum i64)
    (loop $outer
      (local.set $a (local.get $n))
      (local.set $b (i32.const 46368))
      (block $done
        (loop $inner
          (br_if $done (i32.eqz (local.get $b)))
          (local.set $rest (i32.rem_u (local.get $a) (local.get $b)))
          (local.set $a (local.get $b))
          (local.set $b (local.get $rest))
          (br $inner)))
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $a))))
      (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
