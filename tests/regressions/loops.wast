;; Short loops whose iterations end and begin with the same local, a counter or a sum: what an accumulator held at a branch
;; back must not be taken for what the loop begins with.
(module
  (memory 1)
  (data (i32.const 0) "\03\01\04\01\05\09\02\06\05\03\05\08\09\07\09\03")

  ;; A counter that the condition reads: entered with it in its slot only, a parameter.
  (func (export "fill") (param $at i32) (param $end i32) (result i32)
    (loop $next
      (i32.store8 (local.get $at) (i32.const 7))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
    (local.get $at))

  ;; A sum in a float, and a counter that is not the first to be read.
  (func (export "sum") (param $n i32) (result f64) (local $sum f64) (local $i i32)
    (loop $next
      (local.set $sum (f64.add (f64.convert_i32_u (i32.load8_u (i32.and (local.get $i) (i32.const 15)))) (local.get $sum)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))

  ;; Both ways back, one of which does not leave the counter in the accumulator: another is set behind it.
  (func (export "two-ways-back") (param $n i32) (result i32) (local $i i32) (local $odd i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (if (i32.and (local.get $i) (i32.const 1))
        (then
          (local.set $odd (i32.add (local.get $odd) (i32.const 100)))
          (br_if $next (i32.lt_u (local.get $i) (local.get $n)))))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
    (i32.add (local.get $sum) (local.get $odd)))

  ;; The condition is too large for one cell, so what it needs comes to the accumulator after the counter.
  (func (export "condition-cut") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (i32.mul (local.get $i) (i32.const 3)) (local.get $sum)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next
        (i32.lt_u
          (i32.rem_u (i32.popcnt (i32.rotl (i32.mul (local.get $n) (local.get $i)) (i32.clz (local.get $n)))) (i32.const 64))
          (i32.mul (i32.sub (local.get $n) (local.get $i)) (i32.const 33)))))
    (i32.add (i32.mul (local.get $sum) (i32.const 1000)) (local.get $i)))

  ;; The same, with a value that waits in the accumulator around the branch back.
  (func (export "value-waits") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $next (result i32)
      (local.set $sum (i32.add (local.get $i) (local.get $sum)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (i32.mul (local.get $sum) (i32.const 5))
      (br_if $next (i32.lt_u (i32.ctz (i32.shl (i32.const 1) (local.get $i))) (local.get $n)))))

  ;; A way back that is no condition.
  (func (export "while") (param $n i64) (result i64) (local $product i64)
    (local.set $product (i64.const 1))
    (block $done
      (loop $next
        (local.set $product (i64.mul (local.get $product) (local.get $n)))
        (br_if $done (i64.le_s (local.get $n) (i64.const 1)))
        (local.set $n (i64.sub (local.get $n) (i64.const 1)))
        (br $next)))
    (local.get $product))
  (func (export "while-first") (param $n i64) (result i64) (local $steps i64)
    (block $done
      (loop $next
        (br_if $done (i64.eq (local.get $n) (i64.const 1)))
        (local.set $steps (i64.add (local.get $steps) (i64.const 1)))
        (local.set $n
          (select
            (i64.shr_u (local.get $n) (i64.const 1))
            (i64.add (i64.mul (local.get $n) (i64.const 3)) (i64.const 1))
            (i64.eqz (i64.and (local.get $n) (i64.const 1)))))
        (br $next)))
    (local.get $steps))

  ;; i32 and i64 share an accumulator; a loop in a loop; a constant that waits below; a call.
  (func $half (param i32) (result i32) (i32.shr_u (local.get 0) (i32.const 1)))
  (func (export "nested") (param $n i32) (result i64) (local $i i32) (local $j i32) (local $wide i64)
    (i64.const 9)
    (loop $outer
      (local.set $j (call $half (local.get $i)))
      (loop $inner
        (local.set $wide (i64.add (local.get $wide) (i64.extend_i32_u (local.get $j))))
        (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 3))) (local.get $n))))
      (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i64.add (local.get $wide)))

  ;; Back by a table.
  (func (export "table") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (block $done
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (local.get $i)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_table $next $done (i32.ge_u (local.get $i) (local.get $n)))))
    (local.get $sum))
)

(assert_return (invoke "sum" (i32.const 1)) (f64.const 3))
(assert_return (invoke "sum" (i32.const 40)) (f64.const 191))
(assert_return (invoke "fill" (i32.const 0) (i32.const 3)) (i32.const 3))
(assert_return (invoke "fill" (i32.const 9) (i32.const 3)) (i32.const 10))
(assert_return (invoke "sum" (i32.const 16)) (f64.const 97))
(assert_trap (invoke "fill" (i32.const 65500) (i32.const 70000)) "out of bounds memory access")
(assert_return (invoke "two-ways-back" (i32.const 0)) (i32.const 100))
(assert_return (invoke "two-ways-back" (i32.const 7)) (i32.const 421))
(assert_return (invoke "condition-cut" (i32.const 1)) (i32.const 1))
(assert_return (invoke "condition-cut" (i32.const 9)) (i32.const 108009))
(assert_return (invoke "value-waits" (i32.const 6)) (i32.const 75))
(assert_return (invoke "while" (i64.const 10)) (i64.const 3628800))
(assert_return (invoke "while-first" (i64.const 27)) (i64.const 111))
(assert_return (invoke "nested" (i32.const 1)) (i64.const 9))
(assert_return (invoke "nested" (i32.const 6)) (i64.const 39))
(assert_return (invoke "table" (i32.const 5)) (i32.const 10))
