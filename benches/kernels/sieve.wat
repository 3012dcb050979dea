;; Sieve of Eratosthenes up to $n, at most 4 million, a byte a number: byte stores at a stride, byte loads in order.
;; Gives the number of primes.
(module
  (memory 64)

  (func (export "run") (param $n i32) (result i64)
    (local $i i32) (local $j i32) (local $count i32)
    (memory.fill (i32.const 0) (i32.const 0) (local.get $n))
    (local.set $i (i32.const 2))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (block $composite
          (br_if $composite (i32.load8_u (local.get $i)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (br_if $composite (i32.gt_u (local.get $i) (i32.const 2048)))
          (local.set $j (i32.mul (local.get $i) (local.get $i)))
          (br_if $composite (i32.ge_u (local.get $j) (local.get $n)))
          (loop $strike
            (i32.store8 (local.get $j) (i32.const 1))
            (br_if $strike
              (i32.lt_u (local.tee $j (i32.add (local.get $j) (local.get $i))) (local.get $n)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i64.extend_i32_u (local.get $count))))
