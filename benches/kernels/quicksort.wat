;; Quicksort (Hoare's partition, recursive) of $n pseudo-random i32, at most a million: loads, compares and branches that
;; nobody can predict. Gives the sum of position times value, or -1 if the result is not in order.
(module
  (memory 64)

  (func $fill (param $n i32)
    (local $i i32) (local $seed i32)
    (local.set $seed (i32.const 42))
    (loop $next
      (local.set $seed
        (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.shr_u (local.get $seed) (i32.const 1)))
      (br_if $next
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))

  ;; $low and $high are addresses, of the first and of the last element.
  (func $sort (param $low i32) (param $high i32)
    (local $i i32) (local $j i32) (local $pivot i32) (local $left i32) (local $right i32)
    (if (i32.ge_s (local.get $low) (local.get $high)) (then (return)))
    (local.set $pivot
      (i32.load
        (i32.and
          (i32.add (local.get $low)
            (i32.shr_u (i32.sub (local.get $high) (local.get $low)) (i32.const 1)))
          (i32.const -4))))
    (local.set $i (i32.sub (local.get $low) (i32.const 4)))
    (local.set $j (i32.add (local.get $high) (i32.const 4)))
    (block $split
      (loop $swap
        (loop $up
          (local.set $i (i32.add (local.get $i) (i32.const 4)))
          (br_if $up
            (i32.lt_s (local.tee $left (i32.load (local.get $i))) (local.get $pivot))))
        (loop $down
          (local.set $j (i32.sub (local.get $j) (i32.const 4)))
          (br_if $down
            (i32.gt_s (local.tee $right (i32.load (local.get $j))) (local.get $pivot))))
        (br_if $split (i32.ge_s (local.get $i) (local.get $j)))
        (i32.store (local.get $i) (local.get $right))
        (i32.store (local.get $j) (local.get $left))
        (br $swap)))
    (call $sort (local.get $low) (local.get $j))
    (call $sort (i32.add (local.get $j) (i32.const 4)) (local.get $high)))

  (func (export "run") (param $n i32) (result i64)
    (local $i i32) (local $value i32) (local $last i32) (local $sum i64)
    (call $fill (local.get $n))
    (call $sort (i32.const 0) (i32.shl (i32.sub (local.get $n) (i32.const 1)) (i32.const 2)))
    (loop $next
      (local.set $value (i32.load (i32.shl (local.get $i) (i32.const 2))))
      (if (i32.lt_s (local.get $value) (local.get $last)) (then (return (i64.const -1))))
      (local.set $last (local.get $value))
      (local.set $sum
        (i64.add (local.get $sum)
          (i64.mul (i64.extend_i32_u (local.get $i)) (i64.extend_i32_u (local.get $value)))))
      (br_if $next
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum)))
