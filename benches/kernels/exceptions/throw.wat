;; Throws an exception and catches it, again and again: $n is 256 times the rounds, plus how many frames further in it is thrown.
;; Entering the `try_table` and calling so many functions counts, too. Gives the sum of what was caught.
(module
  (tag $number (param i32))

  (func $throw (param $depth i32) (param $value i32)
    (if (i32.le_s (local.get $depth) (i32.const 1)) (then (throw $number (local.get $value))))
    (call $throw (i32.sub (local.get $depth) (i32.const 1)) (local.get $value)))

  (func (export "run") (param $n i32) (result i64)
    (local $rounds i32) (local $sum i64)
    (local.set $rounds (i32.shr_u (local.get $n) (i32.const 8)))
    (local.set $n (i32.and (local.get $n) (i32.const 255)))
    (loop $next
      (local.set $sum
        (i64.add (local.get $sum)
          (i64.extend_i32_s
            (block $caught (result i32)
              (try_table (catch $number $caught) (call $throw (local.get $n) (local.get $rounds)))
              (i32.const -1)))))
      (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $sum)))
