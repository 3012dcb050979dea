;; Short loops whose iterations end and begin with the same local, a counter or a sum: what an accumulator held at a branch
;; back must not be taken for what the loop begins with. Loops whose condition comes first: what is lowered once more at the
;; branch back must lead to where the condition led.
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

  ;; A loop of one cell, passed once and often, and what comes behind it uses the same local.
  (func (export "length") (param $at i32) (result i32) (local $from i32)
    (local.set $from (local.get $at))
    (loop $next
      (br_if $next (i32.load8_u (local.tee $at (i32.add (local.get $at) (i32.const 1))))))
    (i32.sub (local.get $at) (local.get $from)))

  ;; A loop without a branch back, and a block at its level.
  (func (export "no-way-back") (param $n i32) (result i32) (local $x i32)
    (loop (local.set $x (i32.add (local.get $n) (i32.const 1))))
    (block $out
      (br_if $out (i32.gt_u (local.get $x) (i32.const 5)))
      (local.set $x (i32.add (local.get $x) (i32.const 100))))
    (local.get $x))

  ;; A loop that begins with a condition and goes back with another; then one that goes back without, and begins with none.
  (func (export "siblings") (param $n i32) (result i32) (local $i i32) (local $x i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $x (i32.add (local.get $x) (i32.const 10)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 3)))))
    (block $done
      (loop $next
        (local.set $x (i32.add (local.get $x) (i32.const 1000)))
        (i32.store8 (i32.const 100) (local.get $x))
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (local.get $x))

  ;; The condition steps the counter, and nothing follows it.
  (func (export "empty") (param $n i32) (result i32)
    (block $done
      (loop $next
        (br_if $done (i32.lt_s (local.tee $n (i32.sub (local.get $n) (i32.const 2))) (i32.const 0)))
        (br $next)))
    (local.get $n))

  ;; Comparisons of floats, whose negations are others, behind a counter that the accumulator mirrors.
  (func (export "floats-first") (param $x f64) (param $y f64) (result i32) (local $i i32)
    (block $done
      (loop $next
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $done (f64.lt (local.get $x) (local.get $y)))
        (local.set $i (i32.mul (local.get $i) (i32.const 3)))
        (local.set $x (f64.sub (local.get $x) (f64.const 1)))
        (br $next)))
    (local.get $i))
  (func (export "not-a-number") (param $x f64) (param $y f64) (result i32) (local $i i32)
    (block $done
      (loop $next
        (br_if $done (f64.ge (local.get $x) (local.get $y)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $done (i32.eq (local.get $i) (i32.const 4)))
        (local.set $x (f64.add (local.get $x) (f64.const 1)))
        (br $next)))
    (local.get $i))

  ;; Lists: the condition loads, and may trap; loops in arms and in each other; branches to the outer one from the head.
  (func (export "last") (param $at i32) (result i32) (local $next i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.tee $next (i32.load (local.get $at)))))
        (local.set $at (local.get $next))
        (br $again)))
    (local.get $at))
  (func (export "pairs") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $count i32)
    (block $done
      (loop $rows
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (local.set $j (i32.const 0))
        (if (i32.ne (local.get $i) (i32.const 2))
          (then
            (loop $columns
              (br_if $rows (i32.ge_u (local.get $j) (local.get $i)))
              (local.set $j (i32.add (local.get $j) (i32.const 1)))
              (local.set $count (i32.add (local.get $count) (i32.const 1)))
              (br $columns))))
        (br $rows)))
    (local.get $count))
  ;; Loops of one cell that repeat it: fills by a constant and by a local, of bytes and words, up and down, and a search. They
  ;; trap in the middle, with everything stored before.
  (func (export "fill-by") (param $at i32) (param $end i32) (param $step i32) (param $value i32) (result i32)
    (loop $next
      (i32.store8 (local.get $at) (local.get $value))
      (br_if $next (i32.ne (local.tee $at (i32.add (local.get $at) (local.get $step))) (local.get $end))))
    (local.get $at))
  (func (export "fill-words") (param $at i32) (param $end i32) (param $value i32) (result i32)
    (loop $next
      (i32.store (local.get $at) (local.get $value))
      (br_if $next (i32.lt_s (local.tee $at (i32.add (local.get $at) (i32.const 4))) (local.get $end))))
    (local.get $at))
  (func (export "find") (param $at i32) (param $byte i32) (result i32) (local $seen i32)
    (loop $next
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next
        (i32.ne (local.tee $seen (i32.load8_u (local.get $at))) (local.get $byte))))
    (i32.add (i32.mul (local.get $at) (i32.const 1000)) (local.get $seen)))
  ;; Up to the end of a string; up and down to what is no smaller and no greater, as in a partition.
  (func (export "end") (param $at i32) (result i32)
    (loop $next
      (br_if $next (i32.load8_u (local.tee $at (i32.add (local.get $at) (i32.const 1))))))
    (local.get $at))
  (func (export "up") (param $at i32) (param $pivot i32) (result i32)
    (local $seen i32)
    (loop $next
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_s (local.tee $seen (i32.load (local.get $at))) (local.get $pivot))))
    (i32.add (i32.mul (local.get $at) (i32.const 1000)) (local.get $seen)))
  (func (export "down") (param $at i32) (param $pivot i32) (result i32)
    (local $seen i32)
    (loop $next
      (local.set $at (i32.sub (local.get $at) (i32.const 4)))
      (br_if $next (i32.gt_s (local.tee $seen (i32.load (local.get $at))) (local.get $pivot))))
    (i32.add (i32.mul (local.get $at) (i32.const 1000)) (local.get $seen)))
  (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
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
(assert_return (invoke "length" (i32.const 0)) (i32.const 16))
(assert_return (invoke "length" (i32.const 15)) (i32.const 1))
(assert_return (invoke "no-way-back" (i32.const 1)) (i32.const 102))
(assert_return (invoke "no-way-back" (i32.const 9)) (i32.const 10))
(assert_return (invoke "siblings" (i32.const 0)) (i32.const 1000))
(assert_return (invoke "siblings" (i32.const 2)) (i32.const 3020))
(assert_return (invoke "siblings" (i32.const 9)) (i32.const 10030))
(assert_return (invoke "empty" (i32.const 9)) (i32.const -1))
(assert_return (invoke "empty" (i32.const 0)) (i32.const -2))
(assert_return (invoke "floats-first" (f64.const 0) (f64.const 1)) (i32.const 1))
(assert_return (invoke "floats-first" (f64.const 2) (f64.const 1)) (i32.const 13))
(assert_return (invoke "not-a-number" (f64.const 0) (f64.const 2)) (i32.const 2))
(assert_return (invoke "not-a-number" (f64.const nan) (f64.const 2)) (i32.const 4))
(assert_return (invoke "store" (i32.const 64) (i32.const 128)))
(assert_return (invoke "store" (i32.const 128) (i32.const 96)))
(assert_return (invoke "last" (i32.const 64)) (i32.const 96))
(assert_return (invoke "last" (i32.const 96)) (i32.const 96))
(assert_return (invoke "store" (i32.const 96) (i32.const 65536)))
(assert_trap (invoke "last" (i32.const 64)) "out of bounds memory access")
(assert_return (invoke "pairs" (i32.const 0)) (i32.const 0))
(assert_return (invoke "pairs" (i32.const 4)) (i32.const 8))
(assert_return (invoke "fill-by" (i32.const 200) (i32.const 206) (i32.const 2) (i32.const 77)) (i32.const 206))
(assert_return (invoke "byte" (i32.const 200)) (i32.const 77))
(assert_return (invoke "byte" (i32.const 201)) (i32.const 0))
(assert_return (invoke "byte" (i32.const 204)) (i32.const 77))
(assert_return (invoke "byte" (i32.const 206)) (i32.const 0))
(assert_return (invoke "fill-by" (i32.const 210) (i32.const 207) (i32.const -1) (i32.const 78)) (i32.const 207))
(assert_return (invoke "byte" (i32.const 207)) (i32.const 0))
(assert_return (invoke "byte" (i32.const 208)) (i32.const 78))
(assert_return (invoke "fill-words" (i32.const 300) (i32.const 300) (i32.const 0x01020304)) (i32.const 304))
(assert_return (invoke "fill-words" (i32.const 300) (i32.const 309) (i32.const 0x01020304)) (i32.const 312))
(assert_return (invoke "byte" (i32.const 311)) (i32.const 1))
(assert_return (invoke "byte" (i32.const 312)) (i32.const 0))
(assert_return (invoke "find" (i32.const 199) (i32.const 78)) (i32.const 208078))
(assert_return (invoke "find" (i32.const 299) (i32.const 4)) (i32.const 300004))
(assert_trap (invoke "find" (i32.const 400) (i32.const 9)) "out of bounds memory access")
(assert_trap (invoke "fill-by" (i32.const 65500) (i32.const 0) (i32.const 5) (i32.const 99)) "out of bounds memory access")
(assert_return (invoke "byte" (i32.const 65535)) (i32.const 99))
(assert_return (invoke "byte" (i32.const 65534)) (i32.const 7))
(assert_return (invoke "end" (i32.const 207)) (i32.const 211))
(assert_return (invoke "end" (i32.const 211)) (i32.const 212))
(assert_trap (invoke "fill-by" (i32.const 65500) (i32.const 0) (i32.const 1) (i32.const 5)) "out of bounds memory access")
(assert_trap (invoke "end" (i32.const 65499)) "out of bounds memory access")
(assert_return (invoke "store" (i32.const 400) (i32.const -5)))
(assert_return (invoke "store" (i32.const 404) (i32.const 3)))
(assert_return (invoke "store" (i32.const 408) (i32.const 10)))
(assert_return (invoke "up" (i32.const 396) (i32.const -5)) (i32.const 399995))
(assert_return (invoke "up" (i32.const 396) (i32.const 4)) (i32.const 408010))
(assert_return (invoke "down" (i32.const 412) (i32.const 9)) (i32.const 404003))
(assert_return (invoke "down" (i32.const 412) (i32.const -1)) (i32.const 399995))
(assert_trap (invoke "up" (i32.const 396) (i32.const 0x7fffffff)) "out of bounds memory access")
(assert_trap (invoke "down" (i32.const 412) (i32.const -6)) "out of bounds memory access")
